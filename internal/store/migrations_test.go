package store

import (
	"testing"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/markup"
	"github.com/chillin-chat/chillin/internal/store/schema"
	testenv "github.com/chillin-chat/chillin/internal/test/env"
)

func TestMigrateDatabaseWithDataDownAndUp(t *testing.T) {
	dsn, dir := testenv.Postgres(t), t.TempDir()
	for _, e := range []struct {
		name     string
		migrator func() (*schema.Migrator, error)
		open     func() (*Store, error)
	}{
		{"sqlite", func() (*schema.Migrator, error) { return schema.OpenSQLite(t.Context(), dir) }, func() (*Store, error) { return OpenSQLite(t.Context(), dir, Options{}) }},
		{"postgres", func() (*schema.Migrator, error) { return schema.OpenPostgres(t.Context(), dsn) }, func() (*Store, error) { return OpenPostgres(t.Context(), dsn, Options{}) }},
	} {
		t.Run(e.name, func(t *testing.T) {
			ctx := t.Context()
			migrator, err := e.migrator()
			migrateUp(t, migrator, err)
			s, err := e.open()
			if err != nil {
				t.Fatal(err)
			}
			alice, bob := register(t, s, "alice"), register(t, s, "bob")
			room := createRoom(t, s, alice, "lobby")
			join(t, s, room, bob)
			if _, _, _, err := s.OpenDirect(ctx, alice.User.ID, bob.User.ID); err != nil {
				t.Fatal(err)
			}
			createIncoming(t, s, room, alice, "hook-one")
			if _, err := s.CreateBot(ctx, alice.User.ID, chat.NewAccount{Username: "robot", DisplayName: "Robot"}, newSession(s)); err != nil {
				t.Fatal(err)
			}
			d := withFiles(draft(room, alice, "hello"), uploaded(t, s, alice, "x.png"))
			d.HTML = markup.HTMLWithMentions("hello @bob", map[string]int64{"bob": int64(bob.User.ID)})
			m, _, err := s.Append(ctx, d, chat.CanSend)
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err := s.Ban(ctx, room.ID, alice.User.ID, bob.User.ID, "", func(chat.Membership, *chat.Membership) error { return nil }); err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}

			if migrator, err = e.migrator(); err != nil {
				t.Fatal(err)
			}
			if err := migrator.Down(ctx, 1); err != nil {
				t.Fatal(err)
			}
			if version, _, err := migrator.Version(ctx); version != 1 || err != nil {
				t.Fatalf("version = %d, %v, want 1", version, err)
			}
			migrateUp(t, migrator, nil)
			s, err = e.open()
			s = opened(t, s, err)
			got, err := s.Message(ctx, m.ID, alice.User.ID)
			if err != nil || got.Text != "hello" || got.Seq != m.Seq {
				t.Fatalf("message = %+v, %v", got, err)
			}
			wantFound(t, s, chat.Search{Text: "hello"}, alice, "hello")
			appendText(t, s, room, alice, "again")
			index(t, s)
			wantIndexIntact(t, s)
		})
	}
}
