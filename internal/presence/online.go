package presence

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"

	"github.com/chillin-chat/chillin/internal/chat"
)

// errDataLost is returned if Redis answers but has lost entries: users that it does not list may still
// be online.
var errDataLost = errors.New("redis has lost presence data")

// Online returns the online users of rooms. It fails if Redis does not answer, or has lost the entries
// of a node that must be alive, until that node has written them again or its lease would have ended. In
// a cluster rooms are missing from the result whose shard does so, and it fails if no shard answers.
//
// Each client reads all its rooms when it connects. Concurrent reads of a room are combined.
func (r *Redis) Online(ctx context.Context, rooms ...chat.RoomID) (map[chat.RoomID]chat.OnlineUsers, error) {
	if len(rooms) == 0 {
		return map[chat.RoomID]chat.OnlineUsers{}, nil
	}
	if len(r.parts) == 1 {
		return r.parts[0].online.Load(ctx, rooms...)
	}
	groups := map[*partition][]chat.RoomID{}
	for _, room := range rooms {
		p := r.part(room)
		groups[p] = append(groups[p], room)
	}
	online := make(map[chat.RoomID]chat.OnlineUsers, len(rooms))
	var errs []error
	var mu sync.Mutex
	var reads sync.WaitGroup
	for p, rooms := range groups {
		reads.Go(func() {
			read, err := p.load(ctx, rooms)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				errs = append(errs, err)
				return
			}
			for _, room := range rooms {
				online[room] = read[room]
			}
		})
	}
	reads.Wait()
	if len(errs) == len(groups) {
		return nil, errs[0]
	}
	return online, nil
}

// load reads rooms of a partition of a cluster. It does not wait for a shard that fails: that would delay
// the rooms of the others.
func (r *partition) load(ctx context.Context, rooms []chat.RoomID) (map[chat.RoomID]chat.OnlineUsers, error) {
	if fault := r.fault.Load(); fault != nil {
		return nil, *fault
	}
	return r.online.Load(ctx, rooms...)
}

func (r *partition) readOnline(ctx context.Context, rooms []chat.RoomID) (map[chat.RoomID]chat.OnlineUsers, error) {
	// Read both atomically: leases read before a data loss must not be combined with rooms read after
	// it.
	trip := r.client.TxPipeline()
	read := readLeases.Eval(ctx, trip, r.leases())
	hashes := make([]*redis.MapStringStringCmd, len(rooms))
	for i, room := range rooms {
		hashes[i] = trip.HGetAll(ctx, r.roomKey(room))
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
func (r *partition) complete(now int64, ends map[string]int64) bool {
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
