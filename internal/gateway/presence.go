package gateway

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/wire"
)

const (
	// presenceInterval bounds presence:update to five a second and room. Where a look had
	// much to tell the next one waits longer, up to a second: in a storm everybody's
	// coming is told to everybody, and messages are worth more.
	presenceInterval    = 200 * time.Millisecond
	maxPresenceInterval = time.Second
	presenceCost        = 400 * time.Microsecond
	// presencePollInterval is when all open rooms are looked at, for hints that were lost,
	// leases that ended and users whose grace is over.
	presencePollInterval = 2 * time.Second
	// offlineGrace is how long who is missing is not yet told to be offline: a
	// reconnect, or a node that drains, is no news.
	offlineGrace = 2 * time.Second
	// offlineWithin is how long it takes at most until others are told that a user has no
	// connection any more, once that is in force: a look that finds the user missing, the
	// grace and the look after it.
	offlineWithin = 2*(presencePollInterval+maxPresenceInterval) + offlineGrace
)

// onPresenceChanged hears that this node's entries are in force: every node that has
// the room open should look.
func (h *Hub) onPresenceChanged(rooms []chat.RoomID) {
	for _, id := range rooms {
		h.markDirty(id)
		h.bus.Publish(wire.Envelope{Kind: wire.PresenceHint, Room: id})
	}
}

// markDirty has the roster of a room read soon.
func (h *Hub) markDirty(id chat.RoomID) {
	h.mu.Lock()
	h.dirtyRosters[id] = struct{}{}
	h.mu.Unlock()
	h.presenceChanged.Send()
}

// runPresenceReads reads the rosters that may have changed, all in one round trip,
// and tells the seats the differences.
func (h *Hub) runPresenceReads(ctx context.Context) {
	tick := time.NewTicker(presencePollInterval)
	defer tick.Stop()
	for {
		var told int
		select {
		case <-ctx.Done():
			return
		case <-h.presenceChanged:
			told = h.readPresence(ctx, h.takeDirty())
		case <-tick.C:
			told = h.readPresence(ctx, h.openRooms())
		}
		if !sleep(ctx, min(max(presenceInterval, time.Duration(told)*presenceCost), maxPresenceInterval)) {
			return
		}
	}
}

func (h *Hub) takeDirty() []*room {
	h.mu.Lock()
	defer h.mu.Unlock()
	var rooms []*room
	for id := range h.dirtyRosters {
		if r, ok := h.open[id]; ok {
			rooms = append(rooms, r)
		}
	}
	clear(h.dirtyRosters)
	return rooms
}

// readPresence looks at rooms and returns how many seats it told something.
func (h *Hub) readPresence(ctx context.Context, rooms []*room) (told int) {
	if len(rooms) == 0 {
		return 0
	}
	asked := time.Now()
	ids := make([]chat.RoomID, len(rooms))
	for i, r := range rooms {
		ids[i] = r.id
	}
	rosters, err := h.presence.Online(ctx, ids...)
	for _, r := range rooms {
		if err != nil {
			told += r.applyUnknown(asked)
		} else {
			told += r.applyOnline(rosters[r.id], asked)
		}
	}
	return told
}

// applyOnline tells the seats how the roster differs from what they were told, and
// returns how many it told. online is the roster as it was asked for at asked.
func (r *room) applyOnline(online chat.OnlineUsers, asked time.Time) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.presenceReadAt.After(asked) {
		return 0 // somebody has looked since
	}
	roster := make(chat.OnlineUsers, len(online))
	maps.Copy(roster, online)
	for user := range r.users { // what this node entered may not be in force yet
		if _, entered := roster[user]; !entered {
			roster[user] = r.hub.statusOf(user)
		}
	}
	var diff []wire.UserStatus
	for user, status := range roster {
		if r.online[user] != status || r.presenceUnknown {
			diff = append(diff, wire.UserStatus{UserID: user, Status: status})
		}
		delete(r.missingSince, user)
	}
	for user, status := range r.online {
		if _, here := roster[user]; here {
			continue
		}
		since, known := r.missingSince[user]
		if !known {
			since = asked
			r.missingSince[user] = asked
		}
		// After a time in which nothing was known, whoever came in it was told of
		// nobody, and must not wait for a difference that may never come.
		if !r.presenceUnknown && asked.Sub(since) < offlineGrace {
			roster[user] = status // not yet
			continue
		}
		delete(r.missingSince, user)
		diff = append(diff, wire.UserStatus{UserID: user, Status: chat.Offline, LastSeenAt: chat.At(since)})
	}
	r.online, r.presenceReadAt = roster, asked
	return r.broadcastPresence(diff, false)
}

// applyUnknown tells the seats that presence cannot be known: never a lie.
func (r *room) applyUnknown(asked time.Time) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.presenceReadAt.After(asked) {
		return 0
	}
	var diff []wire.UserStatus
	if !r.presenceUnknown {
		for user := range r.online {
			diff = append(diff, wire.UserStatus{UserID: user, Status: chat.Unknown})
		}
	}
	r.presenceReadAt = asked
	return r.broadcastPresence(diff, true)
}

// broadcastPresence tells the live seats what differs, in the order in which the rosters
// came, and returns how many it told. A seat whose connection has no room for it now
// is told later, all that it has not heard in one: a difference that is lost would
// stay wrong. r.mu is held.
func (r *room) broadcastPresence(diff []wire.UserStatus, vague bool) (told int) {
	if len(diff) > 0 || r.presenceUnknown != vague {
		r.presenceUnknown, r.onlineIDs = vague, nil
		r.presenceVersion++
	}
	var shared []byte
	if len(diff) > 0 {
		shared = r.presenceFrame(diff)
	}
	for c, s := range r.subs {
		if !s.live || len(diff)+len(s.missedUpdates) == 0 {
			continue
		}
		told++
		frame := shared
		if len(s.missedUpdates) > 0 {
			s.addMissed(diff)
			frame = r.presenceFrame(slices.Collect(maps.Values(s.missedUpdates)))
		}
		if c.queue.pushEphemeral(frame) {
			s.missedUpdates = nil
		} else {
			s.addMissed(diff)
		}
	}
	return told
}

func (r *room) presenceFrame(users []wire.UserStatus) []byte {
	slices.SortFunc(users, func(a, b wire.UserStatus) int { return cmp.Compare(a.UserID, b.UserID) })
	return wire.Encode(wire.EventPresenceUpdate, wire.PresenceUpdate{RoomID: r.id, Users: users})
}

// addMissed remembers what the seat has not heard, the latest of each user.
func (s *subscription) addMissed(diff []wire.UserStatus) {
	if s.missedUpdates == nil {
		s.missedUpdates = make(map[chat.UserID]wire.UserStatus, len(diff))
	}
	for _, u := range diff {
		s.missedUpdates[u.UserID] = u
	}
}

// online names whom the live seats have been told to be online, and user, who
// joins; the count is nil where presence cannot be known. r.mu is held.
func (r *room) onlineFor(user chat.UserID) ([]chat.UserID, *int) {
	if r.presenceUnknown {
		return []chat.UserID{}, nil
	}
	if r.onlineIDs == nil {
		r.onlineIDs = slices.Sorted(maps.Keys(r.online))
	}
	users := r.onlineIDs
	if i, told := slices.BinarySearch(users, user); !told {
		users = slices.Concat(users[:i], []chat.UserID{user}, users[i:])
	}
	n := len(users)
	return users, &n
}

// onlineSnapshot is online for who does not hold r.mu. told counts what the seats have been
// told until then.
func (r *room) onlineSnapshot(user chat.UserID) (users []chat.UserID, count *int, told int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	users, count = r.onlineFor(user)
	return users, count, r.presenceVersion
}

// presenceStale tells whether a joiner should have the roster read: a storm of them
// shares one reading, and the differences come anyway.
func (r *room) presenceStale(now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return now.Sub(r.presenceReadAt) > presencePollInterval
}

// statusOf returns what a connected user wants to show. It has a lock of its own,
// because rooms ask while they are locked.
func (h *Hub) statusOf(user chat.UserID) chat.Status {
	h.statusMu.Lock()
	defer h.statusMu.Unlock()
	if status, ok := h.statuses[user]; ok {
		return status
	}
	return chat.Online
}

// setStatus shows a user of this node with status in all of its rooms.
func (h *Hub) setStatus(user chat.UserID, status chat.Status) {
	h.statusMu.Lock()
	h.statuses[user] = status
	h.statusMu.Unlock()
	rooms := map[*room]struct{}{}
	for _, c := range h.connsOf(user) {
		for _, r := range c.subscriptions() {
			rooms[r] = struct{}{}
		}
	}
	for r := range rooms {
		r.show(user, status)
	}
}

// show has presence know the status of a user who sits here.
func (r *room) show(user chat.UserID, status chat.Status) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.users[user] > 0 {
		r.hub.presence.Enter(r.id, user, status)
	}
}
