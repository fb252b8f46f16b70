package service

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

// fakeAccounts contains alice and a guest without a password. A real store does not return
// disabled and deleted users either; its suite shows that.
type fakeAccounts struct {
	chat.Accounts
	alice chat.PasswordHash
}

func (d fakeAccounts) Credentials(_ context.Context, login string) (chat.User, chat.PasswordHash, error) {
	switch login {
	case "alice":
		return chat.User{ID: 1, Username: "alice"}, d.alice, nil
	case "guest-1":
		return chat.User{ID: 2, Username: "guest-1", Guest: true}, "", nil
	}
	return chat.User{}, "", chat.ErrNotFound()
}

func (fakeAccounts) StartSession(_ context.Context, id chat.UserID, _ chat.NewSession) (chat.Caller, error) {
	return chat.Caller{User: chat.User{ID: id}}, nil
}

// countingPasswords counts the hashes.
type countingPasswords struct {
	chat.Passwords
	hashes int
}

func (p *countingPasswords) Verify(_ context.Context, password string, hash chat.PasswordHash) (bool, error) {
	p.hashes++
	return string(hash) == "hash of "+password, nil
}

func (p *countingPasswords) VerifyDummy(context.Context, string) error {
	p.hashes++
	return nil
}

type noLimitOf[K comparable] struct{}

func (noLimitOf[K]) Allow(K) (time.Duration, bool) { return 0, true }
func (noLimitOf[K]) Ready(K) (time.Duration, bool) { return 0, true }

type noLimit = noLimitOf[string]

var noLoginLimits = LoginLimits{noLimitOf[LoginAttempt]{}, noLimit{}, noLimitOf[LoginAttempt]{}, noLimit{}}

// The error of a failed login and its cost are the same for every name.
func TestALoginDoesNotRevealNames(t *testing.T) {
	hasher := &countingPasswords{}
	accounts := &Accounts{AccountDependencies: AccountDependencies{Store: fakeAccounts{alice: "hash of correct horse"}, SignIns: hasher, AttemptRate: noLimit{}, LoginLimits: noLoginLimits, Now: time.Now}}
	for _, c := range []struct {
		name, login, password string
		ok                    bool
	}{
		{"the right password", "Alice", "correct horse", true},
		{"a wrong password", "alice", "wrong horse", false},
		{"no password", "alice", "", false},
		{"an unknown name", "nobody", "correct horse", false},
		{"an unknown email", "nobody@example.org", "correct horse", false},
		{"an invalid name", "\u202eecila", "correct horse", false},
		{"a guest", "guest-1", "correct horse", false},
		{"a guest with no password", "guest-1", "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			hasher.hashes = 0
			_, err := accounts.Login(t.Context(), c.login, c.password, Device{})
			if hasher.hashes != 1 {
				t.Errorf("hashes = %d, want 1", hasher.hashes)
			}
			if c.ok {
				if err != nil {
					t.Errorf("err = %v, want none", err)
				}
				return
			}
			fault, ok := errors.AsType[*chat.Error](err)
			if want := errWrongLogin(); !ok || !reflect.DeepEqual(error(fault), want) {
				t.Errorf("err = %#v, want %#v", err, want)
			}
		})
	}
}
