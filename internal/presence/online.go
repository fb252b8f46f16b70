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

// errDataLost is returned if Redis answers but has lost entries: users that it does not list may still
// be online.
var errDataLost = errors.New("redis has lost presence data")

// Online returns the online users of rooms. It fails if Redis does not answer, or has lost the entries
// of a node that must be alive, until that node has written them again or its lease would have ended.
//
// Each client reads all its rooms when it connects. Concurrent reads of a room are combined.
func (r *Redis) Online(ctx context.Context, rooms ...chat.RoomID) (map[chat.RoomID]chat.OnlineUsers, error) {
	if len(rooms) == 0 {
		return map[chat.RoomID]chat.OnlineUsers{}, nil
	}
	return r.online.Load(ctx, rooms...)
}

func (r *Redis) readOnline(ctx context.Context, rooms []chat.RoomID) (map[chat.RoomID]chat.OnlineUsers, error) {
	// Read both atomically: leases read before a data loss must not be combined with rooms read after
	// it.
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
	if !r.complete(now, ends) {
		return nil, errDataLost
	}
	online := make(map[chat.RoomID]chat.OnlineUsers, len(rooms))
	for i, room := range rooms {
		online[room] = onlineIn(hashes[i].Val(), func(node string) bool { return ends[node] > now })
	}
	return online, nil
}

// leasesOf parses the result of readLeases: the current time and the end of each lease, in Redis's
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

// complete compares the leases with those of earlier reads and reports whether Redis has all entries. A
// node that shuts down leaves its ended lease behind. If a lease that should still be valid is missing
// entirely, Redis has lost data. This node's own lease must be valid once it has been: otherwise its
// users are missing.
func (r *Redis) complete(now int64, ends map[string]int64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	complete := true
	for node, until := range r.seen {
		_, there := ends[node]
		switch {
		case node == r.node && ends[node] <= now:
			complete = false
			r.leaseMissing = true // renew immediately instead of in 10 s
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

func onlineIn(hash map[string]string, alive func(node string) bool) chat.OnlineUsers {
	users := chat.OnlineUsers{}
	for field, status := range hash {
		name, node, _ := strings.Cut(field, "@")
		id, err := strconv.ParseInt(name, 10, 64)
		if err == nil && alive(node) {
			user := chat.UserID(id)
			users[user] = chat.MoreActive(users[user], chat.Status(status))
		}
	}
	return users
}
