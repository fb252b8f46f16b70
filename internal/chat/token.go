package chat

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
)

// tokenBytes are 256 bits: nobody guesses one, so a plain SHA-256 of it is safe
// to store.
const tokenBytes = 32

// NewToken makes the secret of a session or webhook and the hash under which it is
// stored.
func NewToken() (token string, hash []byte) {
	secret := make([]byte, tokenBytes)
	_, _ = rand.Read(secret) // never fails
	token = base64.RawURLEncoding.EncodeToString(secret)
	return token, TokenHash(token)
}

// TokenHash is how a token is found again.
func TokenHash(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}
