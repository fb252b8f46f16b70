package gateway

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/wire"
)

const (
	membershipsTick = time.Second
	// membershipsInterval is how often memberships are read while the bus is suspect.
	membershipsInterval = 5 * time.Second
	// membershipsMargin is how long ago an envelope may have been lost that the bus reports now: the
	// time until a canary is missed, plus the difference between the clocks of two nodes.
	membershipsMargin = 15 * time.Second
	// membershipsUsers is the maximum number of users of one read.
	membershipsUsers = 1000
)

// MissedUsers implements wire.Sink: new memberships of the affected users are read soon.
func (h *Hub) MissedUsers(affected func(chat.UserID) bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for id := range h.users {
		if affected(id) {
			h.missedUsers[id] = struct{}{}
		}
	}
}

// membershipReads finds memberships whose room:added the bus has lost. Without it, a user would see a
// room into which another device, an invite or a direct message has brought it only after the next
// connect.
type membershipReads struct {
	hub     *Hub
	pending map[chat.UserID]struct{} // users whose memberships must be read
	last    time.Time                // when they were last read
	since   chat.Time                // what began before that is known to the users
	sent    map[membershipKey]struct{}
}

type membershipKey struct {
	room chat.RoomID
	user chat.UserID
	at   chat.Time
}

// runMembershipReads sends the room:added that the bus has lost.
func (h *Hub) runMembershipReads(ctx context.Context) {
	r := membershipReads{hub: h, pending: map[chat.UserID]struct{}{}, sent: map[membershipKey]struct{}{}}
	r.settle(time.Now())
	every(ctx, membershipsTick, func(now time.Time) { r.tick(ctx, now) })
}

func (r *membershipReads) tick(ctx context.Context, now time.Time) {
	suspect := r.hub.bus.Suspect()
	r.hub.mu.Lock()
	maps.Copy(r.pending, r.hub.missedUsers)
	clear(r.hub.missedUsers)
	r.hub.mu.Unlock()
	if !suspect && len(r.pending) == 0 {
		r.settle(now)
		return
	}
	if now.Sub(r.last) < membershipsInterval {
		return
	}
	r.last = now
	if suspect {
		r.addSuspects()
	}
	if err := r.read(ctx); err != nil {
		if ctx.Err() == nil {
			r.hub.log.Warn("read new memberships failed", "err", err)
		}
		return // the users stay pending
	}
	clear(r.pending)
}

// settle records that the bus has lost nothing until now.
func (r *membershipReads) settle(now time.Time) {
	r.since = chat.At(now.Add(-membershipsMargin))
	clear(r.sent)
}

func (r *membershipReads) addSuspects() {
	r.hub.mu.Lock()
	users := slices.Collect(maps.Keys(r.hub.users))
	r.hub.mu.Unlock()
	for _, id := range users {
		if r.hub.bus.SuspectUser(id) {
			r.pending[id] = struct{}{}
		}
	}
}

func (r *membershipReads) read(ctx context.Context) error {
	for users := range slices.Chunk(slices.Collect(maps.Keys(r.pending)), membershipsUsers) {
		added, err := r.hub.rooms.MembershipsSince(ctx, users, r.since)
		if err != nil {
			return err
		}
		for _, a := range added {
			r.send(a)
		}
	}
	return nil
}

// send sends a membership once to the connections that may not know it: not to those that were opened
// later, or have joined the room.
func (r *membershipReads) send(a chat.MemberAdded) {
	key := membershipKey{a.Room.ID, a.Membership.UserID, a.Membership.JoinedAt}
	if _, ok := r.sent[key]; ok {
		return
	}
	r.sent[key] = struct{}{}
	frame := wire.EncodeUserEvent(a).Frame
	for _, c := range r.hub.connsOf(key.user) {
		_, joined := c.subscriptions()[key.room]
		if !joined && c.opened.Before(key.at.Std().Add(membershipsMargin)) {
			c.sendEvent(frame)
		}
	}
}
