package store

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/chillin-chat/chillin/internal/chat"
)

func change(role chat.Role) chat.AccountChange { return chat.AccountChange{Role: &role} }
func disabled(yes bool) chat.AccountChange     { return chat.AccountChange{Disabled: &yes} }

func TestAdminAccounts(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		alice, bob := register(t, s, "alice"), register(t, s, "bob_1")
		if _, err := s.Register(ctx, chat.NewAccount{Username: "carol", DisplayName: "C", PasswordHash: "x", Email: "bob@example.org"}, newSession(s)); err != nil {
			t.Fatal(err)
		}
		if _, err := s.StartSession(ctx, bob.User.ID, newSession(s)); err != nil {
			t.Fatal(err)
		}
		names := func(q chat.AccountQuery) (names []string, next string) {
			t.Helper()
			accounts, next, err := s.Accounts(ctx, q)
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range accounts {
				names = append(names, a.Username)
			}
			return names, next
		}

		t.Run("lists accounts by username in pages", func(t *testing.T) {
			first, next := names(chat.AccountQuery{Limit: 2})
			rest, end := names(chat.AccountQuery{Limit: 2, Cursor: next})
			if got := append(first, rest...); !slices.Equal(got, []string{"alice", "bob_1", "carol"}) || next == "" || end != "" {
				t.Fatalf("accounts = %v, cursors %q, %q", got, next, end)
			}
			_, _, err := s.Accounts(ctx, chat.AccountQuery{Limit: 2, Cursor: "?"})
			wantCode(t, err, chat.BadRequest)
		})
		t.Run("finds accounts by username and email, wildcards match literally", func(t *testing.T) {
			for text, want := range map[string]string{"bob": "[bob_1 carol]", "_": "[bob_1]", "%": "[]", "alice": "[alice]"} {
				if got, _ := names(chat.AccountQuery{Text: text, Limit: 9}); fmt.Sprint(got) != want {
					t.Errorf("%q finds %v, want %s", text, got, want)
				}
			}
		})
		t.Run("shows sessions and the time last seen", func(t *testing.T) {
			a, err := s.AccountByName(ctx, "bob_1")
			if err != nil || a.ID != bob.User.ID || a.Sessions != 2 || a.LastSeenAt == 0 || a.Disabled || a.Role != chat.PlainUser {
				t.Fatalf("account = %+v, %v", a, err)
			}
			_, err = s.AccountByName(ctx, "nobody")
			wantCode(t, err, chat.NotFound)
		})
		t.Run("a disabled user has no session and cannot start one until enabled", func(t *testing.T) {
			a, err := s.ChangeAccount(ctx, alice.User.ID, bob.User.ID, disabled(true))
			if err != nil || !a.Disabled || a.Sessions != 0 {
				t.Fatalf("account = %+v, %v", a, err)
			}
			if ended, err := s.EndedSessions(ctx, []chat.SessionID{alice.Session, bob.Session}); err != nil || !slices.Equal(ended, []chat.SessionID{bob.Session}) {
				t.Fatalf("ended = %v, %v", ended, err)
			}
			_, err = s.StartSession(ctx, bob.User.ID, newSession(s))
			wantCode(t, err, chat.NotFound)
			_, _, err = s.Credentials(ctx, "bob_1")
			wantCode(t, err, chat.NotFound)
			if a, err = s.ChangeAccount(ctx, alice.User.ID, bob.User.ID, disabled(false)); err != nil || a.Disabled || a.Sessions != 0 {
				t.Fatalf("account = %+v, %v: old sessions stay ended", a, err)
			}
			if _, err = s.StartSession(ctx, bob.User.ID, newSession(s)); err != nil {
				t.Fatal(err)
			}
		})
		t.Run("a password reset ends every session and refuses sign-ins with the old password", func(t *testing.T) {
			if err := s.ResetPassword(ctx, 0, bob.User.ID, "$new"); err != nil {
				t.Fatal(err)
			}
			if list, err := s.Sessions(ctx, bob.User.ID); err != nil || len(list) != 0 {
				t.Fatalf("sessions = %v, %v, want none", list, err)
			}
			late := newSession(s)
			late.VerifiedHash = "$argon2id$x"
			_, err := s.StartSession(ctx, bob.User.ID, late)
			wantCode(t, err, chat.NotFound)
			late.VerifiedHash = "$new"
			if _, err := s.StartSession(ctx, bob.User.ID, late); err != nil {
				t.Fatal(err)
			}
		})
		t.Run("every change is in the audit log with names, calls without a change are not", func(t *testing.T) {
			for _, c := range []chat.AccountChange{change(chat.Admin), change(chat.Admin), disabled(false), {}, change(chat.PlainUser)} {
				if _, err := s.ChangeAccount(ctx, alice.User.ID, bob.User.ID, c); err != nil {
					t.Fatal(err)
				}
			}
			a, b := alice.User.ID, bob.User.ID
			wantAudit(t, s,
				fmt.Sprintf("%d user.disable 0 %d ", a, b), fmt.Sprintf("%d user.enable 0 %d ", a, b),
				fmt.Sprintf("0 user.password 0 %d ", b),
				fmt.Sprintf("%d user.role 0 %d user → admin", a, b), fmt.Sprintf("%d user.role 0 %d admin → user", a, b))
			newest, more, err := s.Audit(ctx, nil, 2)
			if err != nil || !more || len(newest) != 2 || newest[0].Detail != "admin → user" || newest[0].Actor.Username != "alice" || newest[0].User.Username != "bob_1" {
				t.Fatalf("audit = %+v, %v, %v", newest, more, err)
			}
			older, more, err := s.Audit(ctx, &newest[1].ID, 3)
			if err != nil || more || len(older) != 3 || older[0].Actor != nil || older[0].Action != chat.AuditPasswordReset {
				t.Fatalf("audit = %+v, %v, %v", older, more, err)
			}
		})
		t.Run("refuses invalid changes", func(t *testing.T) {
			guest, err := s.Register(ctx, chat.NewAccount{Username: "guest-1", DisplayName: "G", Guest: true, ExpiresAt: s.clock() + 1000}, newSession(s))
			if err != nil {
				t.Fatal(err)
			}
			_, err = s.ChangeAccount(ctx, 0, guest.User.ID, change(chat.Admin))
			wantCode(t, err, chat.Forbidden)
			wantCode(t, s.ResetPassword(ctx, 0, guest.User.ID, "$x"), chat.Forbidden)
			_, err = s.ChangeAccount(ctx, 0, bob.User.ID, change("king"))
			wantCode(t, err, chat.BadRequest)
			_, err = s.ChangeAccount(ctx, 0, 999999, change(chat.Admin))
			wantCode(t, err, chat.NotFound)
		})
		t.Run("an admin can list and remove any room, the audit log keeps its name", func(t *testing.T) {
			room, _, err := s.CreateRoom(ctx, chat.NewRoom{Name: "Den", NameKey: "den", Private: true, Owner: bob.User.ID})
			if err != nil {
				t.Fatal(err)
			}
			rooms, _, err := s.ListRooms(ctx, chat.RoomQuery{Viewer: alice.User.ID, All: true, Sort: chat.ByName, Limit: 9})
			if err != nil || len(rooms) != 1 || rooms[0].ID != room.ID {
				t.Fatalf("rooms = %+v, %v", rooms, err)
			}
			if rooms, _, err = s.ListRooms(ctx, chat.RoomQuery{Viewer: alice.User.ID, Sort: chat.ByName, Limit: 9}); err != nil || len(rooms) != 0 {
				t.Fatalf("rooms = %+v, %v, want none: it is private", rooms, err)
			}
			if err := s.RemoveRoom(ctx, alice.User.ID, room.ID); err != nil {
				t.Fatal(err)
			}
			wantCode(t, s.RemoveRoom(ctx, alice.User.ID, room.ID), chat.NotFound)
			newest, _, err := s.Audit(ctx, nil, 1)
			if err != nil || newest[0].Action != chat.AuditRoomDeleted || newest[0].Detail != "Den" || newest[0].Room.ID != room.ID || newest[0].Room.Name != "" {
				t.Fatalf("audit = %+v, %v", newest, err)
			}
		})
	})
}

func TestLastAdminCannotBeRemoved(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		alice, bob := register(t, s, "alice"), register(t, s, "bob")
		for _, c := range []chat.AccountChange{change(chat.PlainUser), disabled(true)} {
			_, err := s.ChangeAccount(ctx, 0, alice.User.ID, c)
			wantCode(t, err, chat.Forbidden)
		}
		if _, err := s.ChangeAccount(ctx, 0, bob.User.ID, change(chat.Admin)); err != nil {
			t.Fatal(err)
		}
		if _, err := s.ChangeAccount(ctx, 0, bob.User.ID, disabled(true)); err != nil {
			t.Fatal(err)
		}
		// A disabled admin does not count.
		_, err := s.ChangeAccount(ctx, 0, alice.User.ID, change(chat.PlainUser))
		wantCode(t, err, chat.Forbidden)
		if _, err := s.ChangeAccount(ctx, 0, bob.User.ID, disabled(false)); err != nil {
			t.Fatal(err)
		}
		// Two admins demote each other at the same time, repeatedly.
		for range 8 {
			var both sync.WaitGroup
			for by, target := range map[chat.UserID]chat.UserID{alice.User.ID: bob.User.ID, bob.User.ID: alice.User.ID} {
				both.Go(func() { _, _ = s.ChangeAccount(ctx, by, target, change(chat.PlainUser)) })
			}
			both.Wait()
			var admins int
			if err := s.read.QueryRowContext(ctx, `SELECT count(*) FROM users WHERE role = 'admin'`).Scan(&admins); err != nil || admins != 1 {
				t.Fatalf("admins = %d, %v, want 1", admins, err)
			}
			for _, id := range []chat.UserID{alice.User.ID, bob.User.ID} {
				if _, err := s.ChangeAccount(ctx, 0, id, change(chat.Admin)); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

// The role is checked under the lock: service.Service reads it before.
func TestFormerAdminCannotChangeAnything(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		alice, bob, carol := register(t, s, "alice"), register(t, s, "bob"), register(t, s, "carol")
		room := createRoom(t, s, carol, "lobby")
		admin, user, yes := chat.Admin, chat.PlainUser, true
		actions := map[string]func() error{
			"change account": func() error {
				_, err := s.ChangeAccount(ctx, bob.User.ID, carol.User.ID, chat.AccountChange{Role: &admin})
				return err
			},
			"reset password": func() error { return s.ResetPassword(ctx, bob.User.ID, carol.User.ID, "$x") },
			"set limits": func() error {
				return s.SetSettings(ctx, bob.User.ID, chat.StoredSettings{Limits: map[string]int{"maxMessageLength": 1}})
			},
			"set settings": func() error {
				return s.SetSettings(ctx, bob.User.ID, chat.StoredSettings{Texts: map[string]string{"SIGNUP": "closed"}})
			},
			"remove room": func() error { return s.RemoveRoom(ctx, bob.User.ID, room.ID) },
		}
		for _, loss := range []chat.AccountChange{{Role: &user}, {Disabled: &yes}} {
			for _, change := range []chat.AccountChange{{Role: &admin}, loss} {
				if _, err := s.ChangeAccount(ctx, alice.User.ID, bob.User.ID, change); err != nil {
					t.Fatal(err)
				}
			}
			for name, action := range actions {
				if err := action(); chat.CodeOf(err) != chat.NotFound {
					t.Errorf("%s by a former admin: %v, want %s", name, err, chat.NotFound)
				}
			}
		}
	})
}

// An action that waits for the lock of a demotion is refused.
func TestActionThatWaitsForADemotionIsRefused(t *testing.T) {
	s := openTestPostgres(t)
	ctx := t.Context()
	alice, bob, carol := register(t, s, "alice"), register(t, s, "bob"), register(t, s, "carol")
	admin := chat.Admin
	if _, err := s.ChangeAccount(ctx, alice.User.ID, bob.User.ID, chat.AccountChange{Role: &admin}); err != nil {
		t.Fatal(err)
	}
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	if err := lockInstance(ctx, tx); err != nil {
		t.Fatal(err)
	}
	if err := s.setServerRole(ctx, tx, alice.User.ID, chat.Account{User: bob.User}, chat.PlainUser); err != nil {
		t.Fatal(err)
	}
	outcome := make(chan error, 1)
	go func() { outcome <- s.ResetPassword(ctx, bob.User.ID, carol.User.ID, "$x") }()
	for waiting := 0; waiting == 0; {
		if err := s.read.QueryRowContext(ctx, `SELECT count(*) FROM pg_locks WHERE NOT granted`).Scan(&waiting); err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	wantCode(t, <-outcome, chat.NotFound)
}
