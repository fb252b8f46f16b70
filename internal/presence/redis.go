package presence

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/metrics"
)

var _ chat.Presence = (*Redis)(nil)

// pace is how often and how long; tests take another one.
type pace struct {
	renew time.Duration // the lease is renewed each
	lease time.Duration // and ends after, on Redis's clock
	retry time.Duration // a write that failed is tried again after
}

var usual = pace{renew: 10 * time.Second, lease: 30 * time.Second, retry: time.Second}

// goodbye bounds taking everything back at the end.
const goodbye = time.Second

// Redis is one node's presence in Redis. A room has a hash of user@node → status;
// a node has one lease for all it entered, its score in a sorted set, and a set of
// the rooms where it has entries, so that whoever finds the lease ended can remove
// them. What this node entered is kept here too: Redis may forget everything and
// gets it again.
type Redis struct {
	client  *redis.Client
	node    string
	metrics *metrics.Metrics
	log     *slog.Logger
	pace    pace
	wake    chan struct{} // has one element when something is dirty

	mu      sync.Mutex
	entries map[chat.RoomID]map[chat.UserID]chat.Status // what this node wants to be true
	dirty   map[chat.RoomID]map[chat.UserID]struct{}    // what Redis may not know yet
}

// NewRedis makes the presence of the node of that name, which no other process has.
func NewRedis(client *redis.Client, node string, m *metrics.Metrics, log *slog.Logger) *Redis {
	return &Redis{
		client: client, node: node, metrics: m, log: log, pace: usual, wake: make(chan struct{}, 1),
		entries: map[chat.RoomID]map[chat.UserID]chat.Status{}, dirty: map[chat.RoomID]map[chat.UserID]struct{}{},
	}
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
	// renewLease answers 1 when there was no lease: then Redis has forgotten us.
	renewLease = redis.NewScript(luaNow + `return redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])`)

	// liveNodes lists the nodes whose lease holds.
	liveNodes = redis.NewScript(luaNow + `return redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. now, '+inf')`)

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
  redis.call('ZREM', KEYS[1], node)
end
return rooms`
	// sweep removes what nodes left whose lease has ended, and returns the rooms. It
	// is one step: a node that comes back between look and removal is not harmed.
	sweep = redis.NewScript(luaNow + `local gone = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now)` + luaRemove)
	// leave removes what the node ARGV[2] entered.
	leave = redis.NewScript(`local gone = {ARGV[2]}` + luaRemove)
)

// Enter records that user is in room with status.
func (r *Redis) Enter(room chat.RoomID, user chat.UserID, status chat.Status) {
	r.mu.Lock()
	if r.entries[room] == nil {
		r.entries[room] = map[chat.UserID]chat.Status{}
	}
	r.entries[room][user] = status
	r.soil(room, user)
	r.mu.Unlock()
	r.hurry()
}

// Leave takes it back.
func (r *Redis) Leave(room chat.RoomID, user chat.UserID) {
	r.mu.Lock()
	if delete(r.entries[room], user); len(r.entries[room]) == 0 {
		delete(r.entries, room)
	}
	r.soil(room, user)
	r.mu.Unlock()
	r.hurry()
}

// soil marks an entry to be written. r.mu is held.
func (r *Redis) soil(room chat.RoomID, user chat.UserID) {
	if r.dirty[room] == nil {
		r.dirty[room] = map[chat.UserID]struct{}{}
	}
	r.dirty[room][user] = struct{}{}
}

func (r *Redis) hurry() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Online returns the rosters of rooms, in one round trip.
func (r *Redis) Online(ctx context.Context, rooms ...chat.RoomID) (map[chat.RoomID]chat.Roster, error) {
	if len(rooms) == 0 {
		return map[chat.RoomID]chat.Roster{}, nil
	}
	trip := r.client.Pipeline()
	live := liveNodes.Eval(ctx, trip, []string{leases})
	hashes := make([]*redis.MapStringStringCmd, len(rooms))
	for i, room := range rooms {
		hashes[i] = trip.HGetAll(ctx, roomKey(room))
	}
	if _, err := trip.Exec(ctx); err != nil {
		return nil, fmt.Errorf("read presence: %w", err)
	}
	names, err := live.StringSlice()
	if err != nil {
		return nil, fmt.Errorf("read leases: %w", err)
	}
	alive := make(map[string]bool, len(names))
	for _, name := range names {
		alive[name] = true
	}
	rosters := make(map[chat.RoomID]chat.Roster, len(rooms))
	for i, room := range rooms {
		rosters[room] = rosterOf(hashes[i].Val(), alive)
	}
	return rosters, nil
}

func rosterOf(hash map[string]string, alive map[string]bool) chat.Roster {
	roster := chat.Roster{}
	for field, status := range hash {
		name, node, _ := strings.Cut(field, "@")
		id, err := strconv.ParseInt(name, 10, 64)
		if err == nil && alive[node] {
			user := chat.UserID(id)
			roster[user] = chat.Livelier(roster[user], chat.Status(status))
		}
	}
	return roster
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
		}
		var told []chat.RoomID
		var err error
		if !time.Now().Before(due) {
			told, err = r.renew(ctx)
		}
		if err == nil {
			if !time.Now().Before(due) {
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
		next := time.Until(due)
		if failing {
			next = r.pace.retry
		}
		timer.Reset(max(next, 0))
	}
}

// renew renews the lease, gives Redis everything again where it has forgotten us,
// and removes what dead nodes left. It returns the rooms where that was.
func (r *Redis) renew(ctx context.Context) ([]chat.RoomID, error) {
	fresh, err := renewLease.Run(ctx, r.client, []string{leases}, r.node, r.pace.lease.Milliseconds()).Int()
	if err != nil {
		return nil, fmt.Errorf("renew lease: %w", err)
	}
	if fresh == 1 {
		r.mu.Lock()
		for room, users := range r.entries {
			for user := range users {
				r.soil(room, user)
			}
		}
		r.mu.Unlock()
	}
	names, err := sweep.Run(ctx, r.client, []string{leases}, prefix).StringSlice()
	if err != nil {
		return nil, fmt.Errorf("sweep leases: %w", err)
	}
	return roomIDs(names), nil
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

// write brings what is dirty into force, in one round trip. What could not be
// written stays dirty.
func (r *Redis) write(ctx context.Context) ([]chat.RoomID, error) {
	trip := r.client.Pipeline()
	r.mu.Lock()
	taken := r.dirty
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
	if len(taken) == 0 {
		return nil, nil
	}
	if _, err := trip.Exec(ctx); err != nil {
		r.mu.Lock()
		for room, users := range taken {
			for user := range users {
				r.soil(room, user)
			}
		}
		r.mu.Unlock()
		return nil, fmt.Errorf("write presence: %w", err)
	}
	return rooms, nil
}

// end takes back everything of this node.
func (r *Redis) end() error {
	ctx, cancel := context.WithTimeout(context.Background(), goodbye)
	defer cancel()
	err := leave.Run(ctx, r.client, []string{leases}, prefix, r.node).Err()
	if err != nil && !errors.Is(err, redis.Nil) {
		return fmt.Errorf("take presence back: %w", err)
	}
	return nil
}
