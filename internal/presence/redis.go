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

// pace is how often and how long; tests take another one.
type pace struct {
	renew time.Duration // the lease is renewed each
	lease time.Duration // and ends after, on Redis's clock
	retry time.Duration // a write that failed is tried again after
}

// Lease is how long a node that died stays in Redis. Renewing may fail twice in between.
const Lease = 25 * time.Second

var usual = pace{renew: 10 * time.Second, lease: Lease, retry: time.Second}

// goodbye bounds taking everything back at the end, and looking reading rosters.
const (
	goodbye = time.Second
	looking = 2 * time.Second
)

// Redis is one node's presence in Redis. A room has a hash of user@node → status;
// a node has one lease for all it entered, its score in a sorted set, and a set of
// the rooms where it has entries, so that whoever finds the lease ended can remove
// them. What this node entered is kept here too: Redis may forget everything and
// gets it again. Until then presence is not known: see Online.
type Redis struct {
	client  *redis.Client
	node    string
	metrics *metrics.Metrics
	log     *slog.Logger
	pace    pace
	wake    wake.Signal // has one element when something is dirty
	rosters *batchload.Loader[chat.RoomID, chat.OnlineUsers]
	fault   atomic.Pointer[error] // of the last write; nil if it succeeded

	mu      sync.Mutex
	entries map[chat.RoomID]map[chat.UserID]chat.Status // what this node wants to be true
	dirty   map[chat.RoomID]map[chat.UserID]struct{}    // what Redis may not know yet
	seen    map[string]int64                            // when the leases end, as last read: Redis's ms
	lost    bool                                        // we have no lease; everything is dirty
	doubt   bool                                        // a reader saw no lease of ours
}

// NewRedis makes the presence of the node of that name, which no other process has.
func NewRedis(client *redis.Client, node string, m *metrics.Metrics, log *slog.Logger) *Redis {
	r := &Redis{
		client: client, node: node, metrics: m, log: log, pace: usual, wake: wake.NewSignal(),
		entries: map[chat.RoomID]map[chat.UserID]chat.Status{}, dirty: map[chat.RoomID]map[chat.UserID]struct{}{},
		seen: map[string]int64{},
	}
	r.rosters = batchload.New(batchload.Options{Reads: 2, Keys: 256, Timeout: looking}, r.readRosters)
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

// The clock of every lease is Redis's own.
const luaNow = `local t = redis.call('TIME') local now = t[1] * 1000 + math.floor(t[2] / 1000) `

var (
	// renewLease prolongs a lease that holds. It answers 0 when there is none: then
	// Redis has forgotten us, or others have removed what we entered.
	renewLease = redis.NewScript(luaNow + `
local ends = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not ends or tonumber(ends) <= now then return 0 end
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
return 1`)

	// takeLease begins a lease.
	takeLease = redis.NewScript(luaNow + `return redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])`)

	// readLeases tells the time and when each lease ends or ended.
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
	// sweep removes what nodes left whose lease has ended, and returns the rooms. It
	// is one step: a node that comes back between look and removal is not harmed.
	// The ended lease itself stays for ARGV[2] ms more: one that is not there at all
	// shows the others that Redis has forgotten.
	sweep = redis.NewScript(luaNow + `
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2])
local gone = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now)` + luaRemove)
	// leave ends the lease of the node ARGV[2] and removes what it entered.
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

// Leave takes it back.
func (r *Redis) Leave(room chat.RoomID, user chat.UserID) {
	r.mu.Lock()
	if delete(r.entries[room], user); len(r.entries[room]) == 0 {
		delete(r.entries, room)
	}
	r.markDirty(room, user)
	r.mu.Unlock()
	r.wake.Send()
}

// markDirty marks an entry to be written. r.mu is held.
func (r *Redis) markDirty(room chat.RoomID, user chat.UserID) {
	if r.dirty[room] == nil {
		r.dirty[room] = map[chat.UserID]struct{}{}
	}
	r.dirty[room][user] = struct{}{}
}

// Queued returns in how many rooms an entry waits to be written.
func (r *Redis) Queued() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.dirty)
}

// Run keeps this node's lease and writes what was entered and left.
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
				continue // the timer says when to try again
			}
			if r.takeDoubt() {
				due = time.Now()
			}
		}
		var told []chat.RoomID
		var err error
		renewing := !time.Now().Before(due)
		if renewing {
			told, err = r.renew(ctx)
		}
		if err == nil {
			if renewing {
				due = time.Now().Add(r.pace.renew)
			}
			var written []chat.RoomID
			written, err = r.write(ctx)
			told = append(told, written...)
		}
		if len(told) > 0 {
			changed(told)
		}
		if err != nil && ctx.Err() == nil {
			r.metrics.PresenceLost.Inc()
			if !failing {
				r.log.Warn("presence not written", "err", err)
			}
			due = time.Now() // after an outage Redis may have forgotten us
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

// Errorf returns why the last write failed, nil if it did not.
func (r *Redis) Fault() error {
	if fault := r.fault.Load(); fault != nil {
		return *fault
	}
	return nil
}

// renew renews the lease, or, where there is none any more, has everything written
// again together with a new one. It removes what dead nodes left, and returns the
// rooms where that was.
func (r *Redis) renew(ctx context.Context) ([]chat.RoomID, error) {
	held, err := renewLease.Run(ctx, r.client, []string{leases}, r.node, r.pace.lease.Milliseconds()).Bool()
	if err != nil {
		return nil, fmt.Errorf("renew lease: %w", err)
	}
	if !held {
		r.lose()
	}
	names, err := sweep.Run(ctx, r.client, []string{leases}, prefix, r.pace.lease.Milliseconds()).StringSlice()
	if err != nil {
		return nil, fmt.Errorf("sweep leases: %w", err)
	}
	return roomIDs(names), nil
}

// lose has everything written anew.
func (r *Redis) lose() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lost = true
	for room, users := range r.entries {
		for user := range users {
			r.markDirty(room, user)
		}
	}
}

func (r *Redis) takeDoubt() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	doubt := r.doubt
	r.doubt = false
	return doubt
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

// write brings what is dirty into force, in one step: a lease that is taken anew
// must not hold before all that it stands for is there. What could not be written
// stays dirty.
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

// end takes back everything of this node.
func (r *Redis) end() error {
	ctx, cancel := context.WithTimeout(context.Background(), goodbye)
	defer cancel()
	if err := leave.Run(ctx, r.client, []string{leases}, prefix, r.node).Err(); err != nil {
		return fmt.Errorf("take presence back: %w", err)
	}
	return nil
}
