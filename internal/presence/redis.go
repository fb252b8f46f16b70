package presence

import (
	"context"
	"fmt"
	"log/slog"
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

var _ chat.Presence = (*Redis)(nil)

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

// Redis is one node's presence in Redis. A room has a hash of user@node → status. A node has one lease
// for all its entries, which is a score in a sorted set, and a set of the rooms where it has entries,
// so that other nodes can remove them after the lease has ended. The node also keeps its entries in
// memory: if Redis loses data, the node writes them again. Until then presence is unknown, see Online.
type Redis struct {
	client  *redis.Client
	node    string
	metrics *metrics.Metrics
	log     *slog.Logger
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
}

// NewRedis returns the presence of a node. No other process may use the same name.
func NewRedis(client *redis.Client, node string, m *metrics.Metrics, log *slog.Logger) *Redis {
	r := &Redis{
		client: client, node: node, metrics: m, log: log, pace: defaultPace, wake: wake.NewSignal(),
		entries: map[chat.RoomID]map[chat.UserID]chat.Status{}, dirty: map[chat.RoomID]map[chat.UserID]struct{}{},
		seen: map[string]int64{},
	}
	r.online = batchload.New(batchload.Options{Reads: 2, Keys: 256, Timeout: readTimeout}, r.readOnline)
	return r
}

const (
	prefix = "chillin:presence:"
	leases = prefix + "leases"
)

func roomKey(room chat.RoomID) string { return prefix + "room:" + strconv.FormatInt(int64(room), 10) }
func nodeKey(node string) string      { return prefix + "node:" + node }
func (r *Redis) field(user chat.UserID) string {
	return strconv.FormatInt(int64(user), 10) + "@" + r.node
}

// All leases use Redis's clock.
const luaNow = `local t = redis.call('TIME') local now = t[1] * 1000 + math.floor(t[2] / 1000) `

var (
	// renewLease extends a valid lease. It returns 0 if there is none: either Redis has lost data, or
	// other nodes have removed this node's entries.
	renewLease = redis.NewScript(luaNow + `
local ends = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not ends or tonumber(ends) <= now then return 0 end
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
return 1`)

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
	// leave ends the lease of the node ARGV[2] and removes its entries.
	leave = redis.NewScript(luaNow + `
redis.call('ZADD', KEYS[1], now, ARGV[2])
local gone = {ARGV[2]}` + luaRemove)
)

// Enter records that user is in room with status.
func (r *Redis) Enter(room chat.RoomID, user chat.UserID, status chat.Status) {
	r.mu.Lock()
	if r.entries[room] == nil {
		r.entries[room] = map[chat.UserID]chat.Status{}
	}
	r.entries[room][user] = status
	r.markDirty(room, user)
	r.mu.Unlock()
	r.wake.Send()
}

// Leave reverts Enter.
func (r *Redis) Leave(room chat.RoomID, user chat.UserID) {
	r.mu.Lock()
	if delete(r.entries[room], user); len(r.entries[room]) == 0 {
		delete(r.entries, room)
	}
	r.markDirty(room, user)
	r.mu.Unlock()
	r.wake.Send()
}

// markDirty marks an entry to be written. The caller holds r.mu.
func (r *Redis) markDirty(room chat.RoomID, user chat.UserID) {
	if r.dirty[room] == nil {
		r.dirty[room] = map[chat.UserID]struct{}{}
	}
	r.dirty[room][user] = struct{}{}
}

// Queued returns the number of rooms with unwritten entries.
func (r *Redis) Queued() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.dirty)
}

// Run renews this node's lease and writes its entries until ctx ends.
func (r *Redis) Run(ctx context.Context, changed func([]chat.RoomID)) error {
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
			if !failing {
				r.log.Warn("write presence failed", "err", err)
			}
			due = time.Now() // after an outage Redis may have lost data
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

func (r *Redis) noteWrite(err error) {
	if err == nil {
		r.fault.Store(nil)
		return
	}
	r.fault.Store(&err)
}

// Fault returns the error of the last write, or nil if it succeeded.
func (r *Redis) Fault() error {
	if fault := r.fault.Load(); fault != nil {
		return *fault
	}
	return nil
}

// renew renews the lease. Without a valid lease, it marks everything to be written again with a new
// lease. It removes the entries of dead nodes and returns their rooms.
func (r *Redis) renew(ctx context.Context) ([]chat.RoomID, error) {
	held, err := renewLease.Run(ctx, r.client, []string{leases}, r.node, r.pace.lease.Milliseconds()).Bool()
	if err != nil {
		return nil, fmt.Errorf("renew lease: %w", err)
	}
	if !held {
		r.invalidateLease()
	}
	names, err := sweep.Run(ctx, r.client, []string{leases}, prefix, r.pace.lease.Milliseconds()).StringSlice()
	if err != nil {
		return nil, fmt.Errorf("sweep leases: %w", err)
	}
	return roomIDs(names), nil
}

// invalidateLease marks all entries to be written again, with a new lease.
func (r *Redis) invalidateLease() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lost = true
	for room, users := range r.entries {
		for user := range users {
			r.markDirty(room, user)
		}
	}
}

func (r *Redis) takeLeaseMissing() bool {
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
func (r *Redis) write(ctx context.Context) ([]chat.RoomID, error) {
	trip := r.client.TxPipeline()
	r.mu.Lock()
	taken, lost := r.dirty, r.lost
	if lost {
		takeLease.Eval(ctx, trip, []string{leases}, r.node, r.pace.lease.Milliseconds())
	}
	r.dirty = map[chat.RoomID]map[chat.UserID]struct{}{}
	rooms := make([]chat.RoomID, 0, len(taken))
	for room, users := range taken {
		rooms = append(rooms, room)
		for user := range users {
			if status, in := r.entries[room][user]; in {
				trip.HSet(ctx, roomKey(room), r.field(user), string(status))
			} else {
				trip.HDel(ctx, roomKey(room), r.field(user))
			}
		}
		if len(r.entries[room]) > 0 {
			trip.SAdd(ctx, nodeKey(r.node), int64(room))
		} else {
			trip.SRem(ctx, nodeKey(r.node), int64(room))
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
func (r *Redis) end() error {
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	if err := leave.Run(ctx, r.client, []string{leases}, prefix, r.node).Err(); err != nil {
		return fmt.Errorf("remove presence: %w", err)
	}
	return nil
}
