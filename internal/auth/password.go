package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"runtime"
	"time"

	"golang.org/x/crypto/argon2"

	"github.com/chillin-chat/chillin/internal/chat"
)

// ErrBusy tells that too many passwords are being hashed at this moment: try again
// in a few seconds.
var ErrBusy = errors.New("too many logins at once")

// Cost is what one hash takes.
type Cost struct {
	Memory  uint32 // KiB
	Passes  uint32
	Threads uint8
}

// OWASP is the first choice of OWASP's Password Storage Cheat Sheet for Argon2id, and
// the only one for passwords of people: 19 MiB, 2 passes, 1 thread; some 25 ms here.
var OWASP = Cost{Memory: 19 * 1024, Passes: 2, Threads: 1}

const (
	saltBytes = 16
	keyBytes  = 32
	// maxPassword bounds what is hashed, in bytes: four for each of the 128
	// characters that a password may have.
	maxPassword = 512
	// hashWait is how long a login waits for its turn. Longer, and the client has
	// given up already, while its hash would still be computed.
	hashWait = 2 * time.Second
)

var _ chat.Passwords = (*Hasher)(nil)

// Hasher hashes and verifies passwords with Argon2id. It computes a few at a time, so
// that a storm of sign-ins neither takes the processors from the chat nor the memory
// from the machine: the others wait up to 2 s, then get ErrBusy. Each share has its part
// of the turns, whatever the others ask for; NewHasher returns the share of sign-ins.
type Hasher struct {
	cost  Cost
	wait  time.Duration
	turns *turns
	share share
	// key is argon2.IDKey; tests count its calls.
	key func(password, salt []byte, passes, memory uint32, threads uint8, length uint32) []byte
}

// NewHasher makes a Hasher that computes at most parallel hashes of this cost at a
// time; 0 stands for half the processors, at least one.
func NewHasher(parallel int, cost Cost) *Hasher {
	if parallel <= 0 {
		parallel = max(1, runtime.GOMAXPROCS(0)/2)
	}
	return &Hasher{cost: cost, wait: hashWait, turns: &turns{free: parallel}, share: signIns, key: argon2.IDKey}
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

// Hash returns password as a PHC string, such as
// $argon2id$v=19$m=19456,t=2,p=1$salt$hash, with a new salt. The errors are ErrBusy
// and that of ctx, which ends the waiting but not the computing.
func (h *Hasher) Hash(ctx context.Context, password string) (chat.PasswordHash, error) {
	if len(password) > maxPassword {
		return "", fmt.Errorf("hash password: %d bytes, want at most %d", len(password), maxPassword)
	}
	salt := make([]byte, saltBytes)
	_, _ = rand.Read(salt) // never fails, and ends the program if it did
	key, err := h.derive(ctx, password, salt, h.cost, keyBytes)
	if err != nil {
		return "", err
	}
	return chat.PasswordHash(phc{cost: h.cost, salt: salt, key: key}.String()), nil
}

// Verify tells whether password is the one of which Hash made stored. Besides those
// of Hash it returns an error when stored is no Argon2id PHC string within bounds:
// a fault of ours, not of who logs in.
func (h *Hasher) Verify(ctx context.Context, password string, stored chat.PasswordHash) (bool, error) {
	want, err := parsePHC(string(stored))
	if err != nil {
		return false, fmt.Errorf("verify password: %w", err)
	}
	if len(password) > maxPassword {
		return false, nil
	}
	got, err := h.derive(ctx, password, want.salt, want.cost, uint32(len(want.key)))
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(got, want.key) == 1, nil
}

// VerifyDummy costs what Verify costs, for a name that nobody has: else the time of
// the answer would tell which names exist. The errors are those of Hash.
func (h *Hasher) VerifyDummy(ctx context.Context, password string) error {
	if len(password) > maxPassword {
		return nil
	}
	_, err := h.derive(ctx, password, make([]byte, saltBytes), h.cost, keyBytes)
	return err
}

// Waiting returns how many callers of any share wait for their turn.
func (h *Hasher) Waiting() int { return h.turns.length() }

// derive waits for a turn and computes.
func (h *Hasher) derive(ctx context.Context, password string, salt []byte, c Cost, length uint32) ([]byte, error) {
	if err := h.turns.take(ctx, h.share, h.wait); err != nil {
		return nil, chat.ErrUnavailable(err)
	}
	defer h.turns.pass()
	return h.key([]byte(password), salt, c.Passes, c.Memory, c.Threads, length), nil
}
