package service

import (
	"context"
	"errors"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/ratelimit"
)

// fakeRegistration is a store in which Register returns err.
type fakeRegistration struct {
	chat.Accounts
	err error
}

func (r *fakeRegistration) Register(context.Context, chat.NewAccount, chat.NewSession) (chat.Caller, error) {
	return chat.Caller{}, r.err
}

func TestOnlyCreatedAccountsCountForAnAddress(t *testing.T) {
	store := &fakeRegistration{}
	a := &Accounts{AccountDependencies: AccountDependencies{
		Store: store, Settings: NewSettings(nil, nil, nil), Now: time.Now,
		AttemptRate: ratelimit.New[string](rate.Inf, 1, nil),
		SignupRate:  ratelimit.New[string](rate.Every(time.Hour), 2, nil),
	}}
	guest := func(ip string) error {
		_, err := a.Guest(t.Context(), "", Device{IP: ip})
		return err
	}
	store.err = errors.New("unreachable")
	for range 3 {
		if err := guest("203.0.113.7"); !errors.Is(err, store.err) {
			t.Fatalf("err = %v, want %v", err, store.err)
		}
	}
	store.err = nil
	for range 2 {
		if err := guest("203.0.113.7"); err != nil {
			t.Fatal(err)
		}
	}
	if err := guest("203.0.113.7"); chat.CodeOf(err) != chat.RateLimited {
		t.Errorf("the third account: err = %v, want %s", err, chat.RateLimited)
	}
	_, err := a.Register(t.Context(), Registration{Username: "alice", Password: "correct horse"}, Device{IP: "203.0.113.7"})
	if chat.CodeOf(err) != chat.RateLimited {
		t.Errorf("an account after the guests: err = %v, want %s", err, chat.RateLimited)
	}
	if err := guest("203.0.113.8"); err != nil {
		t.Errorf("another address: %v", err)
	}
}
