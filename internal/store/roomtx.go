package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/chillin-chat/chillin/internal/chat"
)

// roomTx is a transaction that holds a room's row: what it reads is true until
// the commit, because everybody who changes the room takes the row first.
type roomTx struct {
	*sql.Tx
	room    chat.RoomID
	head    chat.Seq
	members int // who joined, less who left
}

// next takes the room's next number, for one change.
func (t *roomTx) next() chat.Seq {
	t.head++
	return t.head
}

// inRoom runs work with the room's row taken, and then stores the numbers that it
// took. NOT_FOUND for an unknown room. It is for leaving, and for those who manage the
// room: they find a place in the queue when the others have filled theirs.
func (s *Store) inRoom(ctx context.Context, room chat.RoomID, work func(tx *roomTx) error) error {
	return s.queued(ctx, room, maxWaitingAll, work)
}

// inCrowdedRoom is inRoom for what many do at once, as joining.
func (s *Store) inCrowdedRoom(ctx context.Context, room chat.RoomID, work func(tx *roomTx) error) error {
	return s.queued(ctx, room, maxWaiting, work)
}

func (s *Store) queued(ctx context.Context, room chat.RoomID, most int, work func(tx *roomTx) error) error {
	ctx, cancel := bound(ctx)
	defer cancel()
	leave, err := s.rooms.enter(ctx, room, most)
	if err != nil {
		return err
	}
	defer leave()
	return s.inTx(ctx, func(tx *sql.Tx) error {
		t := &roomTx{Tx: tx, room: room}
		if err := inTurn(ctx, tx, s.takeRoom(room, &t.head)); err != nil {
			return err
		}
		before := t.head
		if err := work(t); err != nil || t.head == before && t.members == 0 {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE rooms SET head = $2, member_count = member_count + $3 WHERE id = $1`,
			int64(room), int64(t.head), t.members)
		return err
	})
}

// takeRoom takes the room's row until the transaction ends.
func (s *Store) takeRoom(room chat.RoomID, head *chat.Seq) step {
	return reading(func(r row) error { return r.Scan(head) }, `SELECT r.head FROM rooms r WHERE r.id = $1 AND `+there+s.engine.lockRoom(), int64(room))
}

// asMember runs work under the room's lock for a member whom rule lets. member,
// where it is not 0, is upon whom it acts; who is no member is NOT_FOUND.
func (s *Store) asMember(ctx context.Context, room chat.RoomID, by, member chat.UserID, rule chat.MemberRule, work func(tx *roomTx) error) error {
	return s.uponUser(ctx, room, by, member, func(actor chat.Membership, target *chat.Membership) error {
		switch {
		case member != 0 && target == nil:
			return sql.ErrNoRows
		case rule == nil:
			return nil
		}
		return rule(actor, target)
	}, func(tx *roomTx, _ *chat.Membership) error { return work(tx) })
}

// uponUser is asMember for deeds upon who may be no member: target is nil then.
func (s *Store) uponUser(ctx context.Context, room chat.RoomID, by, user chat.UserID, rule chat.MemberRule, work func(tx *roomTx, target *chat.Membership) error) error {
	return s.inRoom(ctx, room, func(tx *roomTx) error {
		actor, err := s.membership(ctx, tx.Tx, room, by)
		if errors.Is(err, sql.ErrNoRows) {
			return chat.ErrNotAMember()
		}
		if err != nil {
			return err
		}
		var target *chat.Membership
		if user != 0 {
			m, err := s.membership(ctx, tx.Tx, room, user)
			if ok, err := found(err); err != nil {
				return err
			} else if ok {
				target = &m
			}
		}
		if err := rule(actor, target); err != nil {
			return err
		}
		return work(tx, target)
	})
}
