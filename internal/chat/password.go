package chat

import (
	"context"
	_ "embed"
	"strings"
	"sync"
	"unicode/utf8"
)

// The length of a password, in characters (Unicode code points).
const (
	MinPassword = 8
	MaxPassword = 128
)

//go:embed common_passwords.txt
var commonPasswordList string

// commonPasswords are the passwords that guessers try first, in lower case.
var commonPasswords = sync.OnceValue(func() map[string]struct{} {
	common := make(map[string]struct{}, 3000)
	for line := range strings.Lines(commonPasswordList) {
		if !strings.HasPrefix(line, "#") {
			common[strings.TrimSpace(line)] = struct{}{}
		}
	}
	return common
})

// CheckPassword refuses a new password that is too short, too long or easily guessed:
// one of the most common ones, or the username; upper and lower case count as equal.
// username is "" for the password of a room. Do not call it at sign-in: whoever chose
// such a password before this rule may still sign in.
func CheckPassword(password, username string) error {
	switch n := utf8.RuneCountInString(password); {
	case n < MinPassword:
		return Errorf(BadRequest, "A password has at least %d characters.", MinPassword).WithField("password")
	case n > MaxPassword:
		return Errorf(TooLong, "A password has at most %d characters.", MaxPassword).WithField("password")
	}
	lower := strings.ToLower(password)
	if _, common := commonPasswords()[lower]; common {
		return Errorf(BadRequest, "Too many people use this password. Choose another one.").WithField("password")
	}
	if lower == username {
		return Errorf(BadRequest, "The password must not be the username.").WithField("password")
	}
	return nil
}

// Passwords hashes and checks passwords at a cost that a guesser feels.
type Passwords interface {
	Hash(ctx context.Context, password string) (string, error)
	Verify(ctx context.Context, password, phc string) (bool, error)
	// VerifyDummy costs what Verify costs, for a room that has no password or does not
	// exist: the time of an answer must not tell which.
	VerifyDummy(ctx context.Context, password string) error
}
