package store

import (
	"context"
	"database/sql"
	"errors"
	"testing"

	"github.com/chillin-chat/chillin/internal/chat"
)

// When the context of a transaction ends, database/sql rolls back in the background, and the
// next statement only gets sql.ErrTxDone.
func TestCanceledTransactionIsUnavailable(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		ctx, cancel := context.WithCancel(t.Context())
		err := s.tx(ctx, func(tx *sql.Tx) error {
			cancel()
			for {
				if _, err := tx.ExecContext(t.Context(), `SELECT 1`); errors.Is(err, sql.ErrTxDone) {
					return err
				}
			}
		})
		if err = s.fail("work", err); chat.CodeOf(err) != chat.Unavailable {
			t.Errorf("%v, want UNAVAILABLE", err)
		}
	})
}

// Texts are validated before they get to the store. This tests the behaviour if they are not.
func TestInvalidValueIsBadRequest(t *testing.T) {
	s := openTestPostgres(t)
	alice := register(t, s, "alice")
	room := createRoom(t, s, alice, "lobby")
	good := draft(room, alice, "good")
	bad := draft(room, alice, "a\x00b")
	for name, work := range map[string]func() error{
		"a NUL in a message": func() error { _, _, err := s.Append(t.Context(), bad, chat.CanSend); return err },
		"invalid UTF-8 in a name": func() error {
			_, err := s.ChangeProfile(t.Context(), alice.User.ID, chat.ProfilePatch{DisplayName: new("a\xff")})
			return err
		},
		"text instead of a number": func() error {
			return s.fail("read", s.read.QueryRowContext(t.Context(), `SELECT CAST($1 AS text)::bigint`, "x").Scan(new(int64)))
		},
		"a number out of range": func() error {
			return s.fail("read", s.read.QueryRowContext(t.Context(), `SELECT CAST($1 AS bigint)::int`, int64(1)<<40).Scan(new(int64)))
		},
		"an escaped NUL in JSON": func() error {
			return s.fail("read", s.read.QueryRowContext(t.Context(), `SELECT CAST($1 AS jsonb) ->> 0`, `["\u0000"]`).Scan(new(string)))
		},
	} {
		if err := work(); chat.CodeOf(err) != chat.BadRequest {
			t.Errorf("%s: %v, want %s", name, err, chat.BadRequest)
		}
	}
	if err := s.fail("read", s.read.QueryRowContext(t.Context(), `SELECT nothing`).Scan(new(int64))); chat.CodeOf(err) != chat.Internal {
		t.Errorf("an invalid statement: %v, want %s", err, chat.Internal)
	}
	if _, _, err := s.Append(t.Context(), good, chat.CanSend); err != nil {
		t.Errorf("a good message afterwards: %v", err)
	}
}

// The health of a node is what its writes experience.
func TestUnavailableWritesAreReported(t *testing.T) {
	s := openTestPostgres(t)
	alice := register(t, s, "alice")
	room := createRoom(t, s, alice, "lobby")
	s.dialect.(*postgresDialect).pool.Close()
	for name, write := range map[string]func() error{
		"register": func() error {
			_, err := s.Register(t.Context(), chat.NewAccount{Username: "bob", DisplayName: "Bob", Guest: true}, newSession(s))
			return err
		},
		"join": func() error {
			_, _, err := s.Join(t.Context(), room.ID, alice.User.ID, nil)
			return err
		},
		"leave": func() error {
			_, err := s.Leave(t.Context(), room.ID, alice.User.ID)
			return err
		},
	} {
		reported := false
		s.onWrite = func(error) { reported = true }
		wantCode(t, write(), chat.Unavailable)
		if !reported {
			t.Errorf("%s: the failure was not reported", name)
		}
	}
}
