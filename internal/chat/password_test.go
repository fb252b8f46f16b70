package chat

import (
	"strings"
	"testing"
)

func TestCheckPassword(t *testing.T) {
	for _, c := range []struct {
		name, password, username string
		want                     Code // "" for accepted
	}{
		{"an ordinary password", "correct horse", "alice", ""},
		{"too short", "1234567", "alice", BadRequest},
		{"too long", strings.Repeat("x", 129), "alice", TooLong},
		{"the most common password", "password", "alice", BadRequest},
		{"in another case", "PassWord", "alice", BadRequest},
		{"the last password of the list", "greyhoun", "alice", BadRequest},
		{"a common password with more characters", "password of alice", "alice", ""},
		{"the username", "alice-the-great", "alice-the-great", BadRequest},
		{"the username in another case", "Alice-The-Great", "alice-the-great", BadRequest},
		{"the username with more characters", "alice-the-great!", "alice-the-great", ""},
		{"too short in its normal form", strings.Repeat("e\u0301", 7), "alice", BadRequest},
		{"128 characters in its normal form", strings.Repeat("e\u0301", 128), "alice", ""},
		{"the password of a room", "open sesame", "", ""},
		{"a common password of a room", "12345678", "", BadRequest},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := CheckPassword(c.password, c.username)
			if c.want == "" {
				if err != nil {
					t.Errorf("err = %v, want none", err)
				}
				return
			}
			if err == nil || CodeOf(err) != c.want {
				t.Errorf("err = %v, want %s", err, c.want)
			}
		})
	}
}

func TestTheListOfCommonPasswordsIsComplete(t *testing.T) {
	if n := len(commonPasswords()); n != 3000 {
		t.Errorf("common passwords = %d, want 3000", n)
	}
	for password := range commonPasswords() {
		if len(password) < MinPassword || strings.ToLower(password) != password {
			t.Errorf("%q cannot match a password in lower case of valid length", password)
		}
	}
}
