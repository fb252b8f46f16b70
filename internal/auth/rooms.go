package auth

import (
	"context"

	"github.com/chillin-chat/chillin/internal/chat"
)

var _ chat.Passwords = RoomPasswords{}

// RoomPasswords hashes and checks the passwords of rooms, in a share of the turns of
// their own: a flood of them keeps nobody from signing in.
type RoomPasswords struct{ hasher *Hasher }

// NewRoomPasswords shares the turns of h.
func NewRoomPasswords(h *Hasher) RoomPasswords { return RoomPasswords{h.of(roomPasswords)} }

// Hash returns password as a PHC string. UNAVAILABLE while too many wait.
func (p RoomPasswords) Hash(ctx context.Context, password string) (string, error) {
	phc, err := p.hasher.Hash(ctx, password)
	return phc, busy(err)
}

// Verify tells whether password is the one of phc. UNAVAILABLE while too many wait.
func (p RoomPasswords) Verify(ctx context.Context, password, phc string) (bool, error) {
	ok, err := p.hasher.Verify(ctx, password, phc)
	return ok, busy(err)
}

// VerifyDummy costs what Verify costs. UNAVAILABLE while too many wait.
func (p RoomPasswords) VerifyDummy(ctx context.Context, password string) error {
	return busy(p.hasher.VerifyDummy(ctx, password))
}
