package chat

import (
	"context"
	_ "embed"
	"log/slog"
	"strings"
	"sync"
	"unicode/utf8"

	"golang.org/x/text/secure/precis"
	"golang.org/x/text/unicode/norm"
)

// The length of a password, in characters (Unicode code points).
const (
	MinPassword = 8
	MaxPassword = 128
)

//go:embed common_passwords.txt
var commonPasswordList string

// commonPasswords contains the most common passwords, in lower case.
var commonPasswords = sync.OnceValue(func() map[string]struct{} {
	common := make(map[string]struct{}, 3000)
	for line := range strings.Lines(commonPasswordList) {
		if !strings.HasPrefix(line, "#") {
			common[strings.TrimSpace(line)] = struct{}{}
		}
	}
	return common
})

// NormalizePassword returns the form of a password that is hashed, so that it does not depend on the
// keyboard: that of RFC 8265, OpaqueString. Characters that it does not allow, such as controls and
// emoji that are newer than its tables, are left as they are: they were allowed before.
func NormalizePassword(password string) string {
	if normal, err := precis.OpaqueString.String(password); err == nil {
		return normal
	}
	return norm.NFC.String(password)
}

// CheckPassword returns an error if a new password is too short, too long, one of the most
// common passwords, or the username. It ignores case. username is "" for the password of a
// room. Do not call it at login: passwords from before this rule are still valid.
func CheckPassword(password, username string) error {
	password = NormalizePassword(password)
	switch n := utf8.RuneCountInString(password); {
	case n < MinPassword:
		return Errorf(BadRequest, "The password must have at least %d characters.", MinPassword).WithField("password")
	case n > MaxPassword:
		return Errorf(TooLong, "The password can have at most %d characters.", MaxPassword).WithField("password")
	}
	lower := strings.ToLower(password)
	if _, common := commonPasswords()[lower]; common {
		return Errorf(BadRequest, "This password is too common. Choose another one.").WithField("password")
	}
	if lower == username {
		return Errorf(BadRequest, "The password must not be the username.").WithField("password")
	}
	return nil
}

// PasswordHash is an Argon2id hash as a PHC string, such as
// $argon2id$v=19$m=19456,t=2,p=1$salt$hash. "" means that there is no password. It never
// leaves the server.
type PasswordHash string

// LogValue keeps hashes out of logs.
func (PasswordHash) LogValue() slog.Value { return slog.StringValue("…") }

// Passwords hashes and verifies passwords. It limits how many hashes are computed at a
// time; a call that waits for too long returns UNAVAILABLE.
type Passwords interface {
	Hash(ctx context.Context, password string) (PasswordHash, error)
	Verify(ctx context.Context, password string, hash PasswordHash) (bool, error)
	// VerifyDummy takes as long as Verify. It is called if there is nothing to verify
	// against, so that the response time does not reveal that.
	VerifyDummy(ctx context.Context, password string) error
}
