package gateway

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

const (
	// rostersAtMost bounds presence:update to five a second and room.
	rostersAtMost = 200 * time.Millisecond
	// rostersEvery is when all open rooms are looked at, for hints that were lost,
	// leases that ended and users whose grace is over.
	rostersEvery = 2 * time.Second
	// rosterGrace is how long who is missing is not yet told to be offline: a
	// reconnect, or a node that drains, is no news. Lease (30 s), look and grace
	// stay below the 35 s of promise G5.
	rosterGrace = 2 * time.Second
)

// rosterChanged hears that this node's entries are in force: every node that has
// the room open should look.
func (h *Hub) rosterChanged(rooms []chat.RoomID) {
	for _, id := range rooms {
		h.lookAt(id)
		h.bus.Publish(chat.Event{Kind: chat.PresenceHint, Room: id})
	}
}

// lookAt has the roster of a room read soon.
func (h *Hub) lookAt(id chat.RoomID) {
	h.mu.Lock()
	h.vague[id] = struct{}{}
	h.mu.Unlock()
	signal(h.changed)
}

// watchRosters reads the rosters that may have changed, all in one round trip,
// and tells the seats the differences.
func (h *Hub) watchRosters(ctx context.Context) {
	tick := time.NewTicker(rostersEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-h.changed:
			h.readRosters(ctx, h.takeVague())
		case <-tick.C:
			h.readRosters(ctx, h.openRooms())
		}
		if !sleep(ctx, rostersAtMost) {
			return
		}
	}
}

func (h *Hub) takeVague() []*room {
	h.mu.Lock()
	defer h.mu.Unlock()
	var rooms []*room
	for id := range h.vague {
		if r, ok := h.open[id]; ok {
			rooms = append(rooms, r)
		}
	}
	clear(h.vague)
	return rooms
}

func (h *Hub) readRosters(ctx context.Context, rooms []*room) {
	if len(rooms) == 0 {
		return
	}
	ids := make([]chat.RoomID, len(rooms))
	for i, r := range rooms {
		ids[i] = r.id
	}
	rosters, err := h.presence.Online(ctx, ids...)
	for _, r := range rooms {
		if err != nil {
			r.rosterUnknown()
		} else {
			r.newRoster(rosters[r.id], time.Now())
		}
	}
}

// newRoster tells the seats how the roster differs from what they were told.
func (r *room) newRoster(roster chat.Roster, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for user := range r.users { // what this node entered may not be in force yet
		if _, entered := roster[user]; !entered {
			roster[user] = r.hub.statusOf(user)
		}
	}
	var diff []UserStatus
	for user, status := range roster {
		if r.roster[user] != status || r.vague {
			diff = append(diff, UserStatus{UserID: user, Status: status})
		}
		delete(r.missing, user)
	}
	for user, status := range r.roster {
		if _, here := roster[user]; here {
			continue
		}
		since, known := r.missing[user]
		if !known {
			since = now
			r.missing[user] = now
		}
		// After a time in which nothing was known, whoever came in it was told of
		// nobody, and must not wait for a difference that may never come.
		if !r.vague && now.Sub(since) < rosterGrace {
			roster[user] = status // not yet
			continue
		}
		delete(r.missing, user)
		diff = append(diff, UserStatus{UserID: user, Status: chat.Offline, LastSeenAt: chat.At(since)})
	}
	r.roster, r.vague, r.looked = roster, false, now
	r.tellPresence(diff)
}

// rosterUnknown tells the seats that presence cannot be known: never a lie.
func (r *room) rosterUnknown() {
	r.mu.Lock()
	defer r.mu.Unlock()
	var diff []UserStatus
	if !r.vague {
		for user := range r.roster {
			diff = append(diff, UserStatus{UserID: user, Status: chat.Unknown})
		}
	}
	r.vague, r.looked = true, time.Now()
	r.tellPresence(diff)
}

// tellPresence tells the live seats what differs, in the order in which the rosters
// came. A seat whose connection has no room for it now is told later, all that it
// has not heard in one: a difference that is lost would stay wrong. r.mu is held.
func (r *room) tellPresence(diff []UserStatus) {
	shared := r.presenceFrame(diff)
	for c, s := range r.seats {
		if !s.live || len(diff)+len(s.unheard) == 0 {
			continue
		}
		frame := shared
		if len(s.unheard) > 0 {
			s.keep(diff)
			frame = r.presenceFrame(slices.Collect(maps.Values(s.unheard)))
		}
		if c.queue.pushEphemeral(frame) {
			s.unheard = nil
		} else {
			s.keep(diff)
		}
	}
}

func (r *room) presenceFrame(users []UserStatus) []byte {
	slices.SortFunc(users, func(a, b UserStatus) int { return cmp.Compare(a.UserID, b.UserID) })
	return chat.Frame("presence:update", PresenceUpdate{RoomID: r.id, Users: users})
}

// keep remembers what the seat has not heard, the latest of each user.
func (s *seat) keep(diff []UserStatus) {
	if s.unheard == nil {
		s.unheard = make(map[chat.UserID]UserStatus, len(diff))
	}
	for _, u := range diff {
		s.unheard[u.UserID] = u
	}
}

// online names whom the live seats have been told to be online, and user, who
// joins; the count is nil where presence cannot be known. r.mu is held.
func (r *room) online(user chat.UserID) ([]chat.UserID, *int) {
	if r.vague {
		return []chat.UserID{}, nil
	}
	users := slices.Collect(maps.Keys(r.roster))
	if _, told := r.roster[user]; !told {
		users = append(users, user)
	}
	slices.Sort(users)
	n := len(users)
	return users, &n
}

// rosterOld tells whether a joiner should have the roster read: a storm of them
// shares one reading, and the differences come anyway.
func (r *room) rosterOld(now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return now.Sub(r.looked) > rostersEvery
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
	rooms := map[chat.RoomID]struct{}{}
	for _, c := range h.connsOf(user) {
		for id := range c.seated() {
			rooms[id] = struct{}{}
		}
	}
	for id := range rooms {
		h.presence.Enter(id, user, status)
	}
}
