package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"github.com/chillin-chat/chillin/internal/chat"
)

// ErrBusy is returned if too many passwords are being hashed. Retry in a few seconds.
var ErrBusy = errors.New("too many logins at once")

// Cost is the cost of one hash.
type Cost struct {
	Memory  uint32 // KiB
	Passes  uint32
	Threads uint8
}

// OWASP is the first choice of OWASP's Password Storage Cheat Sheet for Argon2id: 19 MiB, 2 passes, 1
// thread, about 25 ms. All passwords of users are hashed with it.
var OWASP = Cost{Memory: 19 * 1024, Passes: 2, Threads: 1}

const (
	saltBytes = 16
	keyBytes  = 32
	// maxPassword is the largest password to hash, in bytes: four for each of the 128 characters that a
	// password may have.
	maxPassword = 512
	// hashWait is how long a login waits in the queue. After that the client has given up, and the hash
	// would be computed in vain.
	hashWait = 2 * time.Second
)

var _ chat.Passwords = (*Hasher)(nil)

// Hasher hashes and verifies passwords with Argon2id. It computes a few hashes at a time, so that many
// sign-ins cannot exhaust CPU and memory; the others wait up to 2 s and then receive ErrBusy. Sign-ins,
// new passwords and room passwords have separate shares of the queue, served in turn. NewHasher returns
// the share of sign-ins.
type Hasher struct {
	cost  Cost
	wait  time.Duration
	queue *hashQueue
	share share
	// key is argon2.IDKey. Tests count its calls.
	key func(password, salt []byte, passes, memory uint32, threads uint8, length uint32) []byte
}

// NewHasher returns a Hasher that computes at most parallel hashes of this cost at a time. 0 means half
// of the processors, but at least one.
func NewHasher(parallel int, cost Cost) *Hasher {
	if parallel <= 0 {
		parallel = max(1, runtime.GOMAXPROCS(0)/2)
	}
	return &Hasher{cost: cost, wait: hashWait, queue: &hashQueue{free: parallel}, share: signIns, key: argon2.IDKey}
}

// ForNewPasswords returns h with the share of registrations and password changes.
func (h *Hasher) ForNewPasswords() *Hasher { return h.withShare(newPasswords) }

// ForRooms returns h with the share of room passwords.
func (h *Hasher) ForRooms() *Hasher { return h.withShare(roomPasswords) }

func (h *Hasher) withShare(s share) *Hasher {
	other := *h
	other.share = s
	return &other
}

// Hash returns password as a PHC string, such as $argon2id$v=19$m=19456,t=2,p=1$salt$hash, with a new
// salt. It returns ErrBusy, or the error of ctx if ctx ends while it waits; a running computation is
// not canceled.
func (h *Hasher) Hash(ctx context.Context, password string) (chat.PasswordHash, error) {
	password = chat.NormalizePassword(password)
	if len(password) > maxPassword {
		return "", fmt.Errorf("hash password: %d bytes, want at most %d", len(password), maxPassword)
	}
	salt := make([]byte, saltBytes)
	_, _ = rand.Read(salt) // never fails: it would end the program
	key, err := h.derive(ctx, password, salt, h.cost, keyBytes)
	if err != nil {
		return "", err
	}
	return chat.PasswordHash(phc{cost: h.cost, salt: salt, key: key}.String()), nil
}

// Verify reports whether stored is a hash of password. It returns the errors of Hash, and an error if
// stored is not an Argon2id PHC string within bounds.
func (h *Hasher) Verify(ctx context.Context, password string, stored chat.PasswordHash) (bool, error) {
	want, err := parsePHC(string(stored))
	if err != nil {
		return false, fmt.Errorf("verify password: %w", err)
	}
	for _, form := range forms(password) {
		got, err := h.derive(ctx, form, want.salt, want.cost, uint32(len(want.key)))
		if err != nil {
			return false, err
		}
		if subtle.ConstantTimeCompare(got, want.key) == 1 {
			return true, nil
		}
	}
	return false, nil
}

// VerifyDummy takes as long as Verify with a wrong password. It is used for unknown usernames, so that
// the response time does not reveal which names exist. It returns the errors of Hash.
func (h *Hasher) VerifyDummy(ctx context.Context, password string) error {
	for _, form := range forms(password) {
		if _, err := h.derive(ctx, form, make([]byte, saltBytes), h.cost, keyBytes); err != nil {
			return err
		}
	}
	return nil
}

// forms returns what a stored hash of password may have been made from: the normal form, and, for
// hashes from before passwords were normalized, the entered and the decomposed form, which macOS and
// some input methods produce. It is one form for a password in ASCII.
func forms(password string) []string {
	var all []string
	for _, form := range []string{chat.NormalizePassword(password), password, norm.NFD.String(password)} {
		if len(form) <= maxPassword && !slices.Contains(all, form) {
			all = append(all, form)
		}
	}
	return all
}

// Waiting returns the number of callers in the queue, over all shares.
func (h *Hasher) Waiting() int { return h.queue.length() }

// derive waits in the queue and computes the key.
func (h *Hasher) derive(ctx context.Context, password string, salt []byte, c Cost, length uint32) ([]byte, error) {
	if err := h.queue.acquire(ctx, h.share, h.wait); err != nil {
		return nil, chat.ErrUnavailable(err)
	}
	defer h.queue.release()
	return h.key([]byte(password), salt, c.Passes, c.Memory, c.Threads, length), nil
}
