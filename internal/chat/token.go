package chat

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
)

// The number of random bytes in a token. 128 bits are enough that the SHA-256 can be stored
// without a salt; they keep invite links short.
const (
	tokenBytes  = 32
	inviteBytes = 16
)

// NewToken returns the token of a session or webhook, and the hash under which it is stored.
func NewToken() (token string, hash []byte) { return newSecret(tokenBytes) }

// NewInviteToken returns the token of an invite, and the hash under which it is stored.
func NewInviteToken() (token string, hash []byte) { return newSecret(inviteBytes) }

func newSecret(size int) (token string, hash []byte) {
	secret := make([]byte, size)
	_, _ = rand.Read(secret) // never fails
	token = base64.RawURLEncoding.EncodeToString(secret)
	return token, TokenHash(token)
}

// TokenHash returns the hash under which a token is stored.
func TokenHash(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}
