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
	// presenceInterval limits presence:update to five per second and room. After a read
	// that caused many updates the next one waits longer (presenceCost per update), at most
	// maxPresenceInterval: when many users connect at once, each of them is sent to all
	// others, and messages are more important.
	presenceInterval    = 200 * time.Millisecond
	maxPresenceInterval = time.Second
	presenceCost        = 400 * time.Microsecond
	// presencePollInterval is the interval at which the presence of all open rooms is read,
	// because of lost hints, expired leases and users whose offlineGrace is over.
	presencePollInterval = 2 * time.Second
	// offlineGrace is how long a user must be missing before other users see it offline: a
	// reconnect, or a node that drains, does not show.
	offlineGrace = 2 * time.Second
	// offlineWithin is the maximum time from the removal of a user in presence until others
	// are sent that it is offline: the read that finds the user missing, the grace, and the
	// read after it.
	offlineWithin = 2*(presencePollInterval+maxPresenceInterval) + offlineGrace
)

// onPresenceChanged is called after presence entries of this node have been written: every
// node that has one of the rooms open should read its presence.
func (h *Hub) onPresenceChanged(rooms []chat.RoomID) {
	for _, id := range rooms {
		h.markDirty(id)
		h.bus.Publish(wire.Envelope{Kind: wire.PresenceHint, Room: id})
	}
}

// markDirty schedules a read of the room's presence.
func (h *Hub) markDirty(id chat.RoomID) {
	h.mu.Lock()
	h.dirtyRosters[id] = struct{}{}
	h.mu.Unlock()
	h.presenceChanged.Send()
}

// runPresenceReads reads the presence of rooms in which it may have changed, all in one
// round trip, and sends the differences to the subscriptions.
func (h *Hub) runPresenceReads(ctx context.Context) {
	tick := time.NewTicker(presencePollInterval)
	defer tick.Stop()
	for {
		var updates int
		select {
		case <-ctx.Done():
			return
		case <-h.presenceChanged:
			updates = h.readPresence(ctx, h.takeDirty())
		case <-tick.C:
			updates = h.readPresence(ctx, h.openRooms())
		}
		if !sleep(ctx, min(max(presenceInterval, time.Duration(updates)*presenceCost), maxPresenceInterval)) {
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

// readPresence reads the presence of rooms and returns how many updates it sent.
func (h *Hub) readPresence(ctx context.Context, rooms []*room) (updates int) {
	if len(rooms) == 0 {
		return 0
	}
	readAt := time.Now()
	ids := make([]chat.RoomID, len(rooms))
	for i, r := range rooms {
		ids[i] = r.id
	}
	online, err := h.presence.Online(ctx, ids...)
	for _, r := range rooms {
		if users, known := online[r.id]; err != nil || !known {
			updates += r.applyUnknown(readAt)
		} else {
			updates += r.applyOnline(users, readAt)
		}
	}
	return updates
}

// applyOnline applies presence that was read at readAt. It sends the differences to the
// subscriptions and returns how many updates it sent.
func (r *room) applyOnline(read chat.OnlineUsers, readAt time.Time) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.presenceReadAt.After(readAt) {
		return 0 // a newer read has been applied
	}
	online := make(chat.OnlineUsers, len(read))
	maps.Copy(online, read)
	for user := range r.users { // the entries of this node may not be written yet
		if _, entered := online[user]; !entered {
			online[user] = r.hub.statusOf(user)
		}
	}
	var diff []wire.UserStatus
	for user, status := range online {
		if r.online[user] != status || r.presenceUnknown {
			diff = append(diff, wire.UserStatus{UserID: user, Status: status})
		}
		delete(r.missingSince, user)
	}
	for user, status := range r.online {
		if _, present := online[user]; present {
			continue
		}
		since, known := r.missingSince[user]
		if !known {
			since = readAt
			r.missingSince[user] = readAt
		}
		// There is no grace after presence was unknown: a client that joined at that time
		// was sent no online users, and a user that is only kept causes no difference.
		if !r.presenceUnknown && readAt.Sub(since) < offlineGrace {
			online[user] = status // keep it for now
			continue
		}
		delete(r.missingSince, user)
		diff = append(diff, wire.UserStatus{UserID: user, Status: chat.Offline, LastSeenAt: chat.At(since)})
	}
	r.online, r.presenceReadAt = online, readAt
	return r.broadcastPresence(diff, false)
}

// applyUnknown sends the status unknown for the online users, because presence could not be
// read. It returns how many updates it sent.
func (r *room) applyUnknown(readAt time.Time) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.presenceReadAt.After(readAt) {
		return 0
	}
	var diff []wire.UserStatus
	if !r.presenceUnknown {
		for user := range r.online {
			diff = append(diff, wire.UserStatus{UserID: user, Status: chat.Unknown})
		}
	}
	r.presenceReadAt = readAt
	return r.broadcastPresence(diff, true)
}

// broadcastPresence sends diff to the live subscriptions and returns how many updates it
// sent. If the queue of a connection is too full for it, the differences are kept and sent
// later in one update: a difference that is lost would leave the client with a wrong status.
// r.mu is held.
func (r *room) broadcastPresence(diff []wire.UserStatus, unknown bool) (updates int) {
	if len(diff) > 0 || r.presenceUnknown != unknown {
		r.presenceUnknown, r.onlineIDs = unknown, nil
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
		updates++
		frame := shared
		if len(s.missedUpdates) > 0 {
			s.addMissed(diff)
			frame = r.presenceFrame(slices.Collect(maps.Values(s.missedUpdates)))
		}
		if c.pushEphemeral(frame) {
			s.missedUpdates = nil
		} else {
			s.addMissed(diff)
		}
	}
	return updates
}

func (r *room) presenceFrame(users []wire.UserStatus) []byte {
	slices.SortFunc(users, func(a, b wire.UserStatus) int { return cmp.Compare(a.UserID, b.UserID) })
	return wire.Encode(wire.EventPresenceUpdate, wire.PresenceUpdate{RoomID: r.id, Users: users})
}

// addMissed keeps differences that could not be sent, the latest of each user.
func (s *subscription) addMissed(diff []wire.UserStatus) {
	if s.missedUpdates == nil {
		s.missedUpdates = make(map[chat.UserID]wire.UserStatus, len(diff))
	}
	for _, u := range diff {
		s.missedUpdates[u.UserID] = u
	}
}

// onlineFor returns the users that the live subscriptions see as online, and user, who is
// joining. The count is nil if presence is unknown. r.mu is held.
func (r *room) onlineFor(user chat.UserID) ([]chat.UserID, *int) {
	if r.presenceUnknown {
		return []chat.UserID{}, nil
	}
	if r.onlineIDs == nil {
		r.onlineIDs = slices.Sorted(maps.Keys(r.online))
	}
	users := r.onlineIDs
	if i, found := slices.BinarySearch(users, user); !found {
		users = slices.Concat(users[:i], []chat.UserID{user}, users[i:])
	}
	n := len(users)
	return users, &n
}

// onlineSnapshot is onlineFor without r.mu held. It also returns the presenceVersion.
func (r *room) onlineSnapshot(user chat.UserID) (users []chat.UserID, count *int, version int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	users, count = r.onlineFor(user)
	return users, count, r.presenceVersion
}

// presenceStale reports whether presence should be read again for a client that joins. Many
// joins at once share one read; differences are sent later anyway.
func (r *room) presenceStale(now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return now.Sub(r.presenceReadAt) > presencePollInterval
}

// statusOf returns the status that a connected user has set, Online by default. It may be
// called with a room locked, so statuses has a lock of its own.
func (h *Hub) statusOf(user chat.UserID) chat.Status {
	h.statusMu.Lock()
	defer h.statusMu.Unlock()
	if status, ok := h.statuses[user]; ok {
		return status
	}
	return chat.Online
}

// setStatus sets the status of a user of this node in all of its rooms.
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
		r.setStatus(user, status)
	}
}

// setStatus enters the status into presence if the user is entered there by this node.
func (r *room) setStatus(user chat.UserID, status chat.Status) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.users[user] > 0 {
		r.hub.presence.Enter(r.id, user, status)
	}
}
