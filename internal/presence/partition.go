package presence

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/chillin-chat/chillin/internal/batchload"
	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/metrics"
	"github.com/chillin-chat/chillin/internal/wake"
)

// pace contains the intervals. Tests use shorter ones.
type pace struct {
	renew time.Duration // interval of lease renewals
	lease time.Duration // duration of a lease, on Redis's clock
	retry time.Duration // delay before a failed write is retried
}

// Lease is how long the entries of a dead node stay in Redis. Two renewals in a row may fail.
const Lease = 25 * time.Second

var defaultPace = pace{renew: 10 * time.Second, lease: Lease, retry: time.Second}

// shutdownTimeout limits removing this node's entries at the end, readTimeout reading online users.
const (
	shutdownTimeout = time.Second
	readTimeout     = 2 * time.Second
)

// partition is one node's presence in the rooms of one partition. All its keys are in one slot. A room
// has a hash of user@node → status. A node has one lease for all its entries, which is a score in a
// sorted set, and a set of the rooms where it has entries, so that other nodes can remove them after the
// lease has ended. The node also keeps its entries in memory: if Redis loses data, the node writes them
// again. Until then presence is unknown, see Online.
type partition struct {
	client  redis.UniversalClient
	node    string
	prefix  string // of all keys
	metrics *metrics.Metrics
	outages *outages
	reload  func(context.Context) // makes the client of a cluster read the owners of slots again
	pace    pace
	wake    wake.Signal // signaled when something is dirty
	online  *batchload.Loader[chat.RoomID, chat.OnlineUsers]
	fault   atomic.Pointer[error] // of the last write; nil if it succeeded

	mu           sync.Mutex
	entries      map[chat.RoomID]map[chat.UserID]chat.Status // the entries of this node
	dirty        map[chat.RoomID]map[chat.UserID]struct{}    // the entries that may differ in Redis
	seen         map[string]int64                            // the end of each lease as last read, in ms of Redis's clock
	lost         bool                                        // this node has no lease; everything is dirty
	leaseMissing bool                                        // a read found no lease of this node
	server       string                                      // the run ID of the Redis that renewed the lease last
}

func newPartition(r *Redis, prefix string) *partition {
	p := &partition{
		client: r.client, node: r.node, prefix: prefix, metrics: r.metrics, outages: &r.outages, reload: r.reload, pace: defaultPace, wake: wake.NewSignal(),
		entries: map[chat.RoomID]map[chat.UserID]chat.Status{}, dirty: map[chat.RoomID]map[chat.UserID]struct{}{},
		seen: map[string]int64{},
	}
	p.online = batchload.New(batchload.Options{Reads: 2, Keys: 256, Timeout: readTimeout}, p.readOnline)
	return p
}

func (r *partition) leases() []string { return []string{r.prefix + "leases"} }

func (r *partition) roomKey(room chat.RoomID) string {
	return r.prefix + "room:" + strconv.FormatInt(int64(room), 10)
}

func (r *partition) nodeKey() string { return r.prefix + "node:" + r.node }

func (r *partition) field(user chat.UserID) string {
	return strconv.FormatInt(int64(user), 10) + "@" + r.node
}

// All leases use Redis's clock.
const luaNow = `local t = redis.call('TIME') local now = t[1] * 1000 + math.floor(t[2] / 1000) `

var (
	// renewLease extends a valid lease. It returns 0 if there is none: either Redis has lost data, or
	// other nodes have removed this node's entries. It also returns the run ID of the server, "" if the
	// user may not read it: after a failover the new primary may lack the latest entries.
	renewLease = redis.NewScript(luaNow + `
local info = redis.pcall('INFO', 'server')
local server = type(info) == 'string' and string.match(info, 'run_id:(%w+)') or ''
local ends = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not ends or tonumber(ends) <= now then return {0, server} end
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
return {1, server}`)

	// takeLease begins a lease.
	takeLease = redis.NewScript(luaNow + `return redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])`)

	// readLeases returns the current time and the end of each lease.
	readLeases = redis.NewScript(luaNow + `return {now, redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')}`)

	luaRemove = `
local rooms = {}
for _, node in ipairs(gone) do
  for _, room in ipairs(redis.call('SMEMBERS', ARGV[1] .. 'node:' .. node)) do
    rooms[#rooms + 1] = room
    local key = ARGV[1] .. 'room:' .. room
    for _, field in ipairs(redis.call('HKEYS', key)) do
      if string.sub(field, -#node - 1) == '@' .. node then redis.call('HDEL', key, field) end
    end
  end
  redis.call('DEL', ARGV[1] .. 'node:' .. node)
end
return rooms`
	// sweep removes the entries of nodes whose lease has ended, and returns their rooms. It is atomic:
	// a node that returns in between is not affected. An ended lease is kept for another ARGV[2] ms: if
	// a lease is missing entirely, Redis has lost data.
	sweep = redis.NewScript(luaNow + `
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2])
local gone = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now)` + luaRemove)
	// leaveAll ends the lease of the node ARGV[2] and removes its entries.
	leaveAll = redis.NewScript(luaNow + `
redis.call('ZADD', KEYS[1], now, ARGV[2])
local gone = {ARGV[2]}` + luaRemove)
)

func (r *partition) enter(room chat.RoomID, user chat.UserID, status chat.Status) {
	r.mu.Lock()
	if r.entries[room] == nil {
		r.entries[room] = map[chat.UserID]chat.Status{}
	}
	r.entries[room][user] = status
	r.markDirty(room, user)
	r.mu.Unlock()
	r.wake.Send()
}

func (r *partition) leave(room chat.RoomID, user chat.UserID) {
	r.mu.Lock()
	if delete(r.entries[room], user); len(r.entries[room]) == 0 {
		delete(r.entries, room)
	}
	r.markDirty(room, user)
	r.mu.Unlock()
	r.wake.Send()
}

// markDirty marks an entry to be written. The caller holds r.mu.
func (r *partition) markDirty(room chat.RoomID, user chat.UserID) {
	if r.dirty[room] == nil {
		r.dirty[room] = map[chat.UserID]struct{}{}
	}
	r.dirty[room][user] = struct{}{}
}

// queued returns the number of rooms with unwritten entries.
func (r *partition) queued() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.dirty)
}

// run renews this node's lease and writes its entries until ctx ends.
func (r *partition) run(ctx context.Context, changed func([]chat.RoomID)) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	due, failing := time.Now(), false
	for {
		select {
		case <-ctx.Done():
			return r.end()
		case <-timer.C:
		case <-r.wake:
			if failing {
				continue // the timer triggers the retry
			}
			if r.takeLeaseMissing() {
				due = time.Now()
			}
		}
		var changedRooms []chat.RoomID
		var err error
		renewing := !time.Now().Before(due)
		if renewing {
			changedRooms, err = r.renew(ctx)
		}
		if err == nil {
			if renewing {
				due = time.Now().Add(r.pace.renew)
			}
			var written []chat.RoomID
			written, err = r.write(ctx)
			changedRooms = append(changedRooms, written...)
		}
		if len(changedRooms) > 0 {
			changed(changedRooms)
		}
		if err != nil && ctx.Err() == nil {
			r.metrics.PresenceLost.Inc()
			due = time.Now() // after an outage Redis may have lost data
			r.reload(ctx)    // another server may own the slot
		}
		failing = err != nil
		r.noteWrite(err)
		next := time.Until(due)
		if failing {
			next = r.pace.retry
		}
		timer.Reset(max(next, 0))
	}
}

func (r *partition) noteWrite(err error) {
	var fault *error
	if err != nil {
		fault = &err
	}
	before := r.fault.Swap(fault)
	switch {
	case before == nil && err != nil:
		r.outages.begin(err)
	case before != nil && err == nil:
		r.outages.end()
	}
}

// renew renews the lease. Without a valid lease, it marks everything to be written again with a new
// lease. It removes the entries of dead nodes and returns their rooms.
func (r *partition) renew(ctx context.Context) ([]chat.RoomID, error) {
	answer, err := renewLease.Run(ctx, r.client, r.leases(), r.node, r.pace.lease.Milliseconds()).Slice()
	if err == nil && len(answer) != 2 {
		err = fmt.Errorf("%d parts, want 2", len(answer))
	}
	if err != nil {
		return nil, fmt.Errorf("renew lease: %w", err)
	}
	held, _ := answer[0].(int64)
	server, _ := answer[1].(string)
	if held == 0 || server != r.server {
		r.invalidateLease()
	}
	r.server = server
	names, err := sweep.Run(ctx, r.client, r.leases(), r.prefix, r.pace.lease.Milliseconds()).StringSlice()
	if err != nil {
		return nil, fmt.Errorf("sweep leases: %w", err)
	}
	return roomIDs(names), nil
}

// invalidateLease marks all entries to be written again, with a new lease.
func (r *partition) invalidateLease() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lost = true
	for room, users := range r.entries {
		for user := range users {
			r.markDirty(room, user)
		}
	}
}

func (r *partition) takeLeaseMissing() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	missing := r.leaseMissing
	r.leaseMissing = false
	return missing
}

func roomIDs(names []string) []chat.RoomID {
	rooms := make([]chat.RoomID, 0, len(names))
	for _, name := range names {
		if id, err := strconv.ParseInt(name, 10, 64); err == nil {
			rooms = append(rooms, chat.RoomID(id))
		}
	}
	return rooms
}

// write writes the dirty entries in one transaction: a new lease must not be valid before all its
// entries exist. Entries that could not be written stay dirty.
func (r *partition) write(ctx context.Context) ([]chat.RoomID, error) {
	trip := r.client.TxPipeline()
	r.mu.Lock()
	taken, lost := r.dirty, r.lost
	if lost {
		takeLease.Eval(ctx, trip, r.leases(), r.node, r.pace.lease.Milliseconds())
	}
	r.dirty = map[chat.RoomID]map[chat.UserID]struct{}{}
	rooms := make([]chat.RoomID, 0, len(taken))
	for room, users := range taken {
		rooms = append(rooms, room)
		for user := range users {
			if status, in := r.entries[room][user]; in {
				trip.HSet(ctx, r.roomKey(room), r.field(user), string(status))
			} else {
				trip.HDel(ctx, r.roomKey(room), r.field(user))
			}
		}
		if len(r.entries[room]) > 0 {
			trip.SAdd(ctx, r.nodeKey(), int64(room))
		} else {
			trip.SRem(ctx, r.nodeKey(), int64(room))
		}
	}
	r.mu.Unlock()
	if trip.Len() == 0 {
		return nil, nil
	}
	if _, err := trip.Exec(ctx); err != nil {
		r.mu.Lock()
		for room, users := range taken {
			for user := range users {
				r.markDirty(room, user)
			}
		}
		r.mu.Unlock()
		return nil, fmt.Errorf("write presence: %w", err)
	}
	if lost {
		r.mu.Lock()
		r.lost = false
		r.mu.Unlock()
	}
	return rooms, nil
}

// end removes all entries of this node.
func (r *partition) end() error {
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	if err := leaveAll.Run(ctx, r.client, r.leases(), r.prefix, r.node).Err(); err != nil {
		return fmt.Errorf("remove presence: %w", err)
	}
	return nil
}
