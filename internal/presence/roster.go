package presence

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/chillin-chat/chillin/internal/chat"
)

// errForgotten tells that Redis answers but has lost what nodes wrote: who is not
// in its rosters may be online all the same.
var errForgotten = errors.New("redis has forgotten who is online")

// Online returns the rosters of rooms. It fails while Redis does not answer, and while
// it has forgotten a node that must be alive: until that has written again, or its
// lease would have ended.
//
// Everybody who connects asks for all of its rooms. When many do at once each room is
// read once for all of them.
func (r *Redis) Online(ctx context.Context, rooms ...chat.RoomID) (map[chat.RoomID]chat.OnlineUsers, error) {
	if len(rooms) == 0 {
		return map[chat.RoomID]chat.OnlineUsers{}, nil
	}
	return r.rosters.Load(ctx, rooms...)
}

func (r *Redis) readRosters(ctx context.Context, rooms []chat.RoomID) (map[chat.RoomID]chat.OnlineUsers, error) {
	// One step: leases read before Redis forgot must not meet rooms read after.
	trip := r.client.TxPipeline()
	read := readLeases.Eval(ctx, trip, []string{leases})
	hashes := make([]*redis.MapStringStringCmd, len(rooms))
	for i, room := range rooms {
		hashes[i] = trip.HGetAll(ctx, roomKey(room))
	}
	if _, err := trip.Exec(ctx); err != nil {
		return nil, fmt.Errorf("read presence: %w", err)
	}
	now, ends, err := leasesOf(read)
	if err != nil {
		return nil, fmt.Errorf("read leases: %w", err)
	}
	if !r.believe(now, ends) {
		return nil, errForgotten
	}
	rosters := make(map[chat.RoomID]chat.OnlineUsers, len(rooms))
	for i, room := range rooms {
		rosters[room] = rosterOf(hashes[i].Val(), func(node string) bool { return ends[node] > now })
	}
	return rosters, nil
}

// leasesOf reads the answer of readLeases: now and when each lease ends, in Redis's
// milliseconds.
func leasesOf(read *redis.Cmd) (now int64, ends map[string]int64, err error) {
	answer, err := read.Slice()
	if err != nil {
		return 0, nil, err
	}
	if len(answer) != 2 {
		return 0, nil, fmt.Errorf("%d parts, want 2", len(answer))
	}
	now, _ = answer[0].(int64)
	list, _ := answer[1].([]any) // node, score, node, score, …
	ends = make(map[string]int64, len(list)/2)
	for i := 0; i+1 < len(list); i += 2 {
		node, _ := list[i].(string)
		score, _ := list[i+1].(string)
		at, err := strconv.ParseFloat(score, 64)
		if err != nil {
			return 0, nil, fmt.Errorf("lease of %s: %w", node, err)
		}
		ends[node] = int64(at)
	}
	return now, ends, nil
}

// believe compares the leases with those seen before. A node that ends in order
// leaves its ended lease behind; one that should still hold and is not there at all
// shows that Redis has forgotten. Our own must hold, once it did: else our users
// are missing.
func (r *Redis) believe(now int64, ends map[string]int64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	complete := true
	for node, until := range r.seen {
		_, there := ends[node]
		switch {
		case node == r.node && ends[node] <= now:
			complete = false
			r.doubt = true // renew at once, not in 10 s
			r.wake.Send()
		case !there && until > now:
			complete = false
		case !there:
			delete(r.seen, node)
		}
	}
	maps.Copy(r.seen, ends)
	return complete
}

func rosterOf(hash map[string]string, alive func(node string) bool) chat.OnlineUsers {
	roster := chat.OnlineUsers{}
	for field, status := range hash {
		name, node, _ := strings.Cut(field, "@")
		id, err := strconv.ParseInt(name, 10, 64)
		if err == nil && alive(node) {
			user := chat.UserID(id)
			roster[user] = chat.MoreActive(roster[user], chat.Status(status))
		}
	}
	return roster
}
