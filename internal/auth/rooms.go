package auth

import (
	"context"

	"github.com/chillin-chat/chillin/internal/chat"
)

var _ chat.Passwords = RoomPasswords{}

// RoomPasswords lets chat hash and check the passwords of rooms in the same few
// turns as those of users.
type RoomPasswords struct{ Hasher *Hasher }

// Hash returns password as a PHC string. UNAVAILABLE while too many wait.
func (p RoomPasswords) Hash(ctx context.Context, password string) (string, error) {
	phc, err := p.Hasher.Hash(ctx, password)
	return phc, busy(err)
}

// Verify tells whether password is the one of phc. UNAVAILABLE while too many wait.
func (p RoomPasswords) Verify(ctx context.Context, password, phc string) (bool, error) {
	ok, err := p.Hasher.Verify(ctx, password, phc)
	return ok, busy(err)
}
