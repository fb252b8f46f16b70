package security

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/jackc/pgx/v5"
)

// lateJoins begins a join while a room is open, and has it wait for the room's row behind
// the change that closes the room: it must not go through after the change was answered.
func lateJoins(t *testing.T, s *site) {
	owner, joiner := s.user(t, "joanna"), s.user(t, "jonas")
	joinerID := userID(t, joiner)
	db, err := pgx.Connect(ctx(t), s.dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close(ctx(t)) })
	count := func(query string, args ...any) (n int) {
		if err := db.QueryRow(ctx(t), query, args...).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	waiting := func(want int) {
		eventually(t, fmt.Sprintf("%d wait for the room", want), func() bool {
			return count(`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`) >= want
		})
	}
	conclusive := 0
	for round := range 40 {
		room := s.room(t, owner, fmt.Sprintf("Closing %d", round), nil)
		path := fmt.Sprintf("/api/v1/rooms/%d", room.ID)
		method, target, body := http.MethodPatch, path, `{"private":true}`
		switch round % 3 {
		case 1:
			body = `{"password":"let nobody in"}`
		case 2:
			method, target, body = http.MethodPut, fmt.Sprintf("%s/bans/%d", path, joinerID), `{}`
		}
		release := s.hold(t, room.ID)
		closed, joined := make(chan answer, 1), make(chan answer, 1)
		go func() { closed <- s.ask(t, owner, method, target, body, nil) }()
		waiting(1)
		go func() { joined <- s.ask(t, joiner, http.MethodPost, path+"/join", `{}`, nil) }()
		waiting(2)
		release()
		closing, join := <-closed, <-joined
		if closing.status == http.StatusServiceUnavailable {
			continue // a busy machine took longer than a change may wait
		}
		conclusive++
		if closing.status >= http.StatusMultipleChoices || join.status < http.StatusMultipleChoices {
			t.Fatalf("round %d: %s was answered %d, a join that waited behind it %d: %s", round, body, closing.status, join.status, join.body)
		}
		if n := count(`SELECT count(*) FROM room_members WHERE room_id = $1 AND user_id = $2`, int64(room.ID), int64(joinerID)); n != 0 {
			t.Fatalf("round %d: the late join went through", round)
		}
	}
	if conclusive < 20 {
		t.Errorf("only %d of 40 rounds tell something", conclusive)
	}
}
