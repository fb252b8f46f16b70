package store

import (
	"testing"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

// wantBacklog fails unless the backlog is want, with ages to the minute.
func wantBacklog(t *testing.T, s *Store, want Backlog) {
	t.Helper()
	got, err := s.Backlog(t.Context())
	got.SearchLag, got.WebhookAge = got.SearchLag.Round(time.Minute), got.WebhookAge.Round(time.Minute)
	if err != nil || got != want {
		t.Fatalf("backlog = %+v, %v, want %+v", got, err, want)
	}
}

func TestBacklog(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		began, passed := time.Now(), time.Duration(0)
		s.now = func() time.Time { return began.Add(passed) }
		wantBacklog(t, s, Backlog{})

		alice := register(t, s, "alice")
		room := createRoom(t, s, alice, "lobby")
		passed = 10 * time.Minute
		m := appendText(t, s, room, alice, "hello")
		passed = time.Hour
		wantBacklog(t, s, Backlog{SearchLag: 50 * time.Minute})
		index(t, s)
		wantBacklog(t, s, Backlog{})

		if _, err := tryUpload(t, s, alice.User.ID, 100, plenty); err != nil {
			t.Fatal(err)
		}
		wantBacklog(t, s, Backlog{StoredBytes: 110})

		createOutgoing(t, s, room, alice)
		passed = 50 * time.Hour // a webhook that has nothing to deliver is not late
		wantBacklog(t, s, Backlog{StoredBytes: 110})
		if _, _, err := s.React(t.Context(), m.Ref(), alice.User.ID, "👍", true, nil); err != nil {
			t.Fatal(err)
		}
		wantBacklog(t, s, Backlog{StoredBytes: 110, WebhooksDue: 1}) // the time of a reaction is unknown
		appendText(t, s, room, alice, "news")
		passed += 20 * time.Minute
		wantBacklog(t, s, Backlog{StoredBytes: 110, SearchLag: 20 * time.Minute, WebhooksDue: 1, WebhookAge: 20 * time.Minute})
		index(t, s)

		lease := claimOne(t, s)
		wantBacklog(t, s, Backlog{StoredBytes: 110}) // leased by a node
		if err := s.Release(t.Context(), lease, &chat.DeliveryFailure{Text: "it failed", RetryAfter: 10 * time.Minute}); err != nil {
			t.Fatal(err)
		}
		passed += 5 * time.Minute
		wantBacklog(t, s, Backlog{StoredBytes: 110}) // waiting for its next try
		passed += 12 * time.Minute
		wantBacklog(t, s, Backlog{StoredBytes: 110, WebhooksDue: 1, WebhookAge: 7 * time.Minute})

		lease = claimOne(t, s)
		if _, err := s.Ack(t.Context(), lease, lease.Delivered+1, testLease); err != nil {
			t.Fatal(err)
		}
		if err := s.Release(t.Context(), lease, nil); err != nil {
			t.Fatal(err)
		}
		passed += 3 * time.Minute
		wantBacklog(t, s, Backlog{StoredBytes: 110, WebhooksDue: 1, WebhookAge: 3 * time.Minute}) // since its last lease

		if err := s.DeleteRoom(t.Context(), room.ID, alice.User.ID, nil); err != nil {
			t.Fatal(err)
		}
		wantBacklog(t, s, Backlog{StoredBytes: 110})

		passed = -time.Hour // another node's clock is ahead
		appendText(t, s, createRoom(t, s, alice, "den"), alice, "early")
		passed = -2 * time.Hour
		wantBacklog(t, s, Backlog{StoredBytes: 110})
	})
}

func TestActiveUsers(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		began, passed := time.Now(), time.Duration(0)
		s.now = func() time.Time { return began.Add(passed) }
		wants := func(want int) {
			t.Helper()
			if got, err := s.ActiveUsers(t.Context(), 24*time.Hour); err != nil || got != want {
				t.Fatalf("active users = %d, %v, want %d", got, err, want)
			}
		}
		wants(0)
		register(t, s, "alice")
		wants(1)
		passed = 23 * time.Hour
		bob := register(t, s, "bob")
		if _, err := s.StartSession(t.Context(), bob.User.ID, newSession(s)); err != nil {
			t.Fatal(err)
		}
		wants(2)
		passed = 25 * time.Hour
		wants(1)
	})
}
