package security

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/client"
)

// lateJoins starts a join while a room is open, and makes it wait for the room's row behind the change
// that closes the room: it must not succeed after the change was confirmed.
func lateJoins(t *testing.T, s *target) {
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
		eventually(t, fmt.Sprintf("%d waiting for the room", want), func() bool {
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
		release := s.lockRoom(t, room.ID)
		closed, joined := make(chan response, 1), make(chan response, 1)
		go func() { closed <- s.request(t, owner, method, target, body, nil) }()
		waiting(1)
		go func() { joined <- s.request(t, joiner, http.MethodPost, path+"/join", `{}`, nil) }()
		waiting(2)
		release()
		closing, join := <-closed, <-joined
		if closing.status == http.StatusServiceUnavailable {
			continue // a busy machine took longer than the timeout of a change
		}
		conclusive++
		if closing.status >= http.StatusMultipleChoices || join.status < http.StatusMultipleChoices {
			t.Fatalf("round %d: %s returned %d, a join that waited behind it %d: %s", round, body, closing.status, join.status, join.body)
		}
		if n := count(`SELECT count(*) FROM room_members WHERE room_id = $1 AND user_id = $2`, int64(room.ID), int64(joinerID)); n != 0 {
			t.Fatalf("round %d: the late join succeeded", round)
		}
	}
	if conclusive < 20 {
		t.Errorf("only %d of 40 rounds are conclusive", conclusive)
	}
}

// TestLateJoinsOnSQLite starts joins concurrently with a change that closes the room. They wait for the
// single write connection, some of them behind the change. The response to the change contains the
// number of members, and no user may join after that.
func TestLateJoinsOnSQLite(t *testing.T) {
	t.Parallel()
	node := ownNode(t, "RATE_LIMIT_AUTH=100000", "RATE_LIMIT_JOINS=100000", "RATE_LIMIT_ROOMS=100000")
	s := &target{node: node, secrets: map[string]string{}}
	owner := s.user(t, "owner")
	joiners := make([]*client.Client, 8)
	for i := range joiners {
		joiners[i] = s.user(t, fmt.Sprintf("joiner%d", i))
	}
	banned := userID(t, joiners[0])
	refused := 0
	for round := range 24 { // more would be refused: there is a limit of changes
		room := s.room(t, owner, fmt.Sprintf("Closing %d", round), nil)
		path := fmt.Sprintf("/api/v1/rooms/%d", room.ID)
		var joins sync.WaitGroup
		statuses := make([]int, len(joiners))
		for i, joiner := range joiners {
			joins.Go(func() { statuses[i] = s.request(t, joiner, http.MethodPost, path+"/join", `{}`, nil).status })
		}
		var closing response
		switch round % 3 {
		case 0:
			closing = s.request(t, owner, http.MethodPatch, path, `{"private":true}`, nil)
		case 1:
			closing = s.request(t, owner, http.MethodPatch, path, `{"password":"let nobody in"}`, nil)
		case 2:
			closing = s.request(t, owner, http.MethodPut, fmt.Sprintf("%s/bans/%d", path, banned), `{}`, nil)
		}
		if closing.status >= http.StatusMultipleChoices {
			t.Fatalf("round %d: %d %s", round, closing.status, closing.body)
		}
		joins.Wait()
		if round%3 == 2 {
			if a := s.request(t, joiners[0], http.MethodGet, path+"/messages", "", nil); a.status == http.StatusOK {
				t.Fatalf("round %d: the banned user is a member", round)
			}
			continue
		}
		for _, status := range statuses {
			if status >= http.StatusMultipleChoices {
				refused++
			}
		}
		after := s.request(t, owner, http.MethodGet, path, "", nil)
		if then, now := members(t, closing), members(t, after); now != then {
			t.Fatalf("round %d: %d members when the room was closed, %d later", round, then, now)
		}
	}
	if refused == 0 {
		t.Error("no join was refused: all were before the change")
	}
}

// members returns the memberCount of the room in a.
func members(t *testing.T, a response) int {
	t.Helper()
	var out struct{ Room chat.Room }
	if err := json.Unmarshal([]byte(a.body), &out); err != nil || out.Room.ID == 0 {
		t.Fatalf("a room = %s, %v", a.body, err)
	}
	return out.Room.MemberCount
}
