package chat

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
)

// How much chance is in a token. Nobody guesses 128 bits either, so a plain SHA-256
// is safe to store; a link that people pass on is short.
const (
	tokenBytes  = 32
	inviteBytes = 16
)

// NewToken makes the secret of a session or webhook and the hash under which it is
// stored.
func NewToken() (token string, hash []byte) { return newSecret(tokenBytes) }

// NewInviteToken returns the secret of an invite link, and the hash under which it is stored.
func NewInviteToken() (token string, hash []byte) { return newSecret(inviteBytes) }

func newSecret(size int) (token string, hash []byte) {
	secret := make([]byte, size)
	_, _ = rand.Read(secret) // never fails
	token = base64.RawURLEncoding.EncodeToString(secret)
	return token, TokenHash(token)
}

// TokenHash is how a token is found again.
func TokenHash(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}
