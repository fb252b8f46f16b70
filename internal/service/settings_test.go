package service

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/settings"
)

// fakeSettings is a store of settings.
type fakeSettings struct {
	stored chat.StoredSettings
	err    error
	reads  chan struct{} // receives each read, unless it is nil
}

func (f *fakeSettings) Settings(context.Context) (chat.StoredSettings, error) {
	if f.reads != nil {
		f.reads <- struct{}{}
	}
	return f.stored, f.err
}

func (f *fakeSettings) SetSettings(_ context.Context, _ chat.UserID, change chat.StoredSettings) error {
	f.stored = change
	return f.err
}

func TestSettingsInForce(t *testing.T) {
	store := &fakeSettings{}
	var applied []string
	s := NewSettings(settings.Values{"RATE_LIMIT_ROOMS": "7", "GUESTS": "false"}, store, func(l chat.Limits, changed []string) {
		applied = changed
		if l.MaxMessageLength == 0 {
			t.Error("apply was called without limits")
		}
	})
	want := func(rooms int, guests bool, changed ...string) {
		t.Helper()
		if got := s.Limits().RoomsPerHour; got != rooms {
			t.Errorf("rooms per hour = %d, want %d", got, rooms)
		}
		if got := s.Values().Boolean(settings.Guests); got != guests {
			t.Errorf("guests = %t, want %t", got, guests)
		}
		if !slices.Equal(applied, changed) {
			t.Errorf("applied changes of %q, want %q", applied, changed)
		}
		applied = nil
	}
	read := func() {
		t.Helper()
		if err := s.Read(t.Context()); !errors.Is(err, store.err) {
			t.Fatalf("err = %v, want %v", err, store.err)
		}
	}
	want(7, false)
	store.stored = chat.StoredSettings{Limits: map[string]int{"roomsPerHour": 8}, Texts: map[string]string{"GUESTS": "true", "SIGNUP": "ajar", "MOON": "full"}}
	read()
	want(8, true, "GUESTS", "RATE_LIMIT_ROOMS") // and what is not valid is ignored
	read()
	want(8, true) // no change
	store.err = errors.New("unreachable")
	read()
	want(8, true)
	store.err, store.stored = nil, chat.StoredSettings{}
	read()
	want(7, false, "GUESTS", "RATE_LIMIT_ROOMS")
}

func TestRefreshReadsSettingsAtOnce(t *testing.T) {
	store := &fakeSettings{reads: make(chan struct{})}
	s := NewSettings(nil, store, nil)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); s.Run(ctx, slog.New(slog.DiscardHandler)) }()
	<-store.reads // the first read
	began := time.Now()
	for range 3 {
		s.Refresh()
		<-store.reads
	}
	if took := time.Since(began); took > 2*settingsInterval {
		t.Errorf("three reads took %v, as long as without Refresh", took)
	}
	cancel()
	<-ended
}

// Every limit of the API is a setting, and the reverse.
func TestLimitsAndSettingsAreTheSame(t *testing.T) {
	var l chat.Limits
	byName := map[string]int{}
	for i, s := range settings.Limits() {
		byName[s.Limit] = i + 1
	}
	convert(byName, &l)
	back := map[string]int{}
	convert(l, &back)
	if len(back) != len(byName) {
		t.Errorf("%d limits, %d settings", len(back), len(byName))
	}
	for name, value := range byName {
		if back[name] != value {
			t.Errorf("%s of chat.Limits = %d, want %d", name, back[name], value)
		}
	}
	patch := map[string]int{}
	var p chat.LimitsPatch
	convert(byName, &p)
	convert(p, &patch)
	if len(patch) != len(byName) {
		t.Errorf("%d limits can be changed, want %d", len(patch), len(byName))
	}
}
