package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/chillin-chat/chillin/internal/chat"
)

// roomTx is a transaction that holds the lock of a room's row. What it reads of the room
// stays valid until the commit, because every change of a room locks the row first.
type roomTx struct {
	*sql.Tx
	room    chat.RoomID
	head    chat.Seq
	members int // the members that joined, minus those that left
}

// next returns the next number of the room, for one change.
func (t *roomTx) next() chat.Seq {
	t.head++
	return t.head
}

// roomTx runs fn under the room lock and then stores the new head and member count. It
// returns NOT_FOUND if the room does not exist. It is for members that leave and for
// changes by those that manage the room: they can still queue when the queue is full for
// others.
func (s *Store) roomTx(ctx context.Context, room chat.RoomID, fn func(tx *roomTx) error) error {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	release, err := s.rooms.acquire(ctx, room, maxWaitingAll)
	if err != nil {
		return err
	}
	defer release()
	return s.tx(ctx, func(tx *sql.Tx) error {
		t := &roomTx{Tx: tx, room: room}
		if err := execAll(ctx, tx, s.lockRoom(room, &t.head)); err != nil {
			return err
		}
		before := t.head
		if err := fn(t); err != nil || t.head == before && t.members == 0 {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE rooms SET head = $2, member_count = member_count + $3 WHERE id = $1`,
			int64(room), int64(t.head), t.members)
		return err
	})
}

// lockRoom locks the room's row until the transaction ends and reads its head.
func (s *Store) lockRoom(room chat.RoomID, head *chat.Seq) stmt {
	return queryRow(func(r row) error { return r.Scan(head) }, `SELECT r.head FROM rooms r WHERE r.id = $1 AND `+roomExists+s.dialect.forUpdate(), int64(room))
}

// asMember runs fn under the room lock if by is a member and rule allows the action.
// member is the member that the action is about, 0 if there is none. asMember returns
// NOT_FOUND if that user is not a member.
func (s *Store) asMember(ctx context.Context, room chat.RoomID, by, member chat.UserID, rule chat.MemberRule, fn func(tx *roomTx) error) error {
	return s.withTarget(ctx, room, by, member, func(actor chat.Membership, target *chat.Membership) error {
		switch {
		case member != 0 && target == nil:
			return sql.ErrNoRows
		case rule == nil:
			return nil
		}
		return rule(actor, target)
	}, func(tx *roomTx, _ *chat.Membership) error { return fn(tx) })
}

// withTarget is asMember for an action on a user that need not be a member. For a user that
// is not a member target is nil.
func (s *Store) withTarget(ctx context.Context, room chat.RoomID, by, user chat.UserID, rule chat.MemberRule, fn func(tx *roomTx, target *chat.Membership) error) error {
	return s.roomTx(ctx, room, func(tx *roomTx) error {
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
			if ok, err := rowFound(err); err != nil {
				return err
			} else if ok {
				target = &m
			}
		}
		if err := rule(actor, target); err != nil {
			return err
		}
		return fn(tx, target)
	})
}
