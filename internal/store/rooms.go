package store

import (
	"context"
	"database/sql"
	"strings"

	"github.com/chillin-chat/chillin/internal/chat"
)

// roomColumns are the columns that scanRoom reads, from a table named r.
const roomColumns = `r.id, r.name, r.description, r.private, COALESCE(r.password, ''), r.owner_id, r.member_count, r.head, r.created_at,
	EXISTS (SELECT 1 FROM direct_rooms d WHERE d.room_id = r.id)`

func (s *Store) scanRoom(r row, more ...any) (chat.Room, error) {
	room := chat.Room{Epoch: s.epoch}
	dest := append([]any{&room.ID, &room.Name, &room.Description, &room.Private, &room.PasswordHash, &room.OwnerID,
		&room.MemberCount, &room.Head, &room.CreatedAt, &room.Direct}, more...)
	err := r.Scan(dest...)
	room.HasPassword = room.PasswordHash != ""
	if room.Direct {
		room.OwnerID = 0 // both users are plain members
	}
	return room, err
}

// oneRoom reads a room with the names of a direct room.
func (s *Store) oneRoom(ctx context.Context, from querier, query string, args ...any) (chat.Room, error) {
	room, err := s.scanRoom(from.QueryRowContext(ctx, query, args...))
	if err != nil {
		return room, err
	}
	return room, s.addDirectNames(ctx, from, []*chat.Room{&room})
}

// CreateRoom creates a room whose owner is its only member.
func (s *Store) CreateRoom(ctx context.Context, n chat.NewRoom) (chat.Room, chat.Membership, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	var room chat.Room
	var membership chat.Membership
	err := s.tx(ctx, func(tx *sql.Tx) error {
		var id chat.RoomID
		err := tx.QueryRowContext(ctx, `
			INSERT INTO rooms (name, name_key, description, private, password, owner_id, member_count, active_at, created_at)
			VALUES ($1, $2, $3, $4, NULLIF($5, ''), $6, 1, $7, $7) RETURNING id`,
			n.Name, n.NameKey, n.Description, n.Private, string(n.PasswordHash), int64(n.Owner), int64(s.clock())).Scan(&id)
		if err != nil {
			return err
		}
		if membership, err = s.addMember(ctx, tx, id, n.Owner, chat.Owner, 0); err != nil {
			return err
		}
		room, err = s.scanRoom(tx.QueryRowContext(ctx, `SELECT `+roomColumns+` FROM rooms r WHERE r.id = $1`, int64(id)))
		return err
	})
	return room, membership, s.fail("create room", err)
}

// view is a room and a user's membership in it, if there is one.
type view struct {
	room       chat.Room
	member     bool
	membership chat.Membership
}

func (v view) split(err error) (chat.Room, *chat.Membership, error) {
	if err != nil || !v.member {
		return v.room, nil, err
	}
	return v.room, &v.membership, nil
}

// Room returns a room and the viewer's membership.
func (s *Store) Room(ctx context.Context, id chat.RoomID, viewer chat.UserID) (chat.Room, *chat.Membership, error) {
	v, err := loadOne(ctx, s.views, memberKey{id, viewer})
	return v.split(s.fail("find room", err))
}

// RoomByNameKey returns the room with a folded name.
func (s *Store) RoomByNameKey(ctx context.Context, key string, viewer chat.UserID) (chat.Room, *chat.Membership, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	views, err := s.viewsFrom(ctx, `(SELECT x.id AS room_id, CAST($2 AS bigint) AS user_id FROM rooms x WHERE x.name_key = $1) w`, key, int64(viewer))
	if err == nil && len(views) == 0 {
		err = sql.ErrNoRows
	}
	if err != nil {
		return chat.Room{}, nil, s.fail("find room", err)
	}
	return views[0].split(nil)
}

func (s *Store) readViews(ctx context.Context, places []memberKey) (map[memberKey]view, error) {
	list, err := s.viewsFrom(ctx, s.dialect.memberKeyTable(1), s.dialect.memberKeys(places))
	views := make(map[memberKey]view, len(list))
	for _, v := range list {
		views[memberKey{v.room.ID, v.membership.UserID}] = v
	}
	return views, err
}

// viewsFrom reads the views of a table w (room_id, user_id).
func (s *Store) viewsFrom(ctx context.Context, w string, args ...any) ([]view, error) {
	views, err := queryAll(ctx, s.byKey, func(r row) (v view, err error) {
		var role sql.NullString
		m := &v.membership
		v.room, err = s.scanRoom(r, &m.UserID, &role, &m.JoinedAt, &m.LastRead, &m.MutedUntil)
		v.member, m.Role = role.Valid, chat.RoomRole(role.String)
		m.RoomID, m.MutedUntil = v.room.ID, s.ifFuture(m.MutedUntil)
		return v, err
	}, `SELECT `+roomColumns+`, w.user_id, m.role, COALESCE(m.joined_at, 0), COALESCE(m.last_read, 0), `+mutedUntil("m")+`
		FROM `+w+` JOIN rooms r ON r.id = w.room_id LEFT JOIN room_members m ON m.room_id = w.room_id AND m.user_id = w.user_id`, args...)
	if err == nil {
		err = s.addDirectNames(ctx, s.byKey, pointers(views, func(v *view) *chat.Room { return &v.room }))
	}
	return views, err
}

// OwnRooms returns the rooms of a user. Unread is the number of messages of other users after
// the last read one. If many users read their rooms at the same time, the call waits for a
// slot until ctx ends.
func (s *Store) OwnRooms(ctx context.Context, user chat.UserID) ([]chat.OwnRoom, error) {
	if err := s.lists.acquire(ctx); err != nil {
		return nil, s.fail("list own rooms", err)
	}
	defer s.lists.release()
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	own := []chat.OwnRoom{}
	err := forEachRow(ctx, s.byKey, func(r row) error {
		var o chat.OwnRoom
		room, err := s.scanRoom(r, &o.Role, &o.LastRead, &o.Unread, &o.Mentions, &o.MutedUntil)
		o.Room, o.MutedUntil = room, s.ifFuture(o.MutedUntil)
		own = append(own, o)
		return err
	}, `SELECT `+roomColumns+`, me.role, me.last_read, `+unreadShort+`, `+unreadMentions+`, `+mutedUntil("me")+`
		FROM room_members me JOIN rooms r ON r.id = me.room_id
		WHERE me.user_id = $1 ORDER BY r.name_key, r.id`, int64(user))
	if err == nil {
		err = s.countUnread(ctx, user, own)
	}
	if err == nil {
		err = s.addDirectNames(ctx, s.byKey, pointers(own, func(o *chat.OwnRoom) *chat.Room { return &o.Room }))
	}
	return own, s.fail("list own rooms", err)
}

// RoomsOf returns the ids of a user's rooms.
func (s *Store) RoomsOf(ctx context.Context, user chat.UserID) ([]chat.RoomID, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	rooms, err := queryAll(ctx, s.byKey, scanValue[chat.RoomID],
		`SELECT room_id FROM room_members WHERE user_id = $1 ORDER BY room_id`, int64(user))
	return rooms, s.fail("list rooms of user", err)
}

// MembershipsSince returns the memberships of users that began at since or later.
func (s *Store) MembershipsSince(ctx context.Context, users []chat.UserID, since chat.Time) ([]chat.MemberAdded, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	added, err := queryAll(ctx, s.read, func(r row) (a chat.MemberAdded, err error) {
		m := &a.Membership
		a.Room, err = s.scanRoom(r, &m.UserID, &m.Role, &m.JoinedAt, &m.LastRead, &m.MutedUntil)
		m.RoomID, m.MutedUntil = a.Room.ID, s.ifFuture(m.MutedUntil)
		return a, err
	}, `SELECT `+roomColumns+`, m.user_id, m.role, m.joined_at, m.last_read, `+mutedUntil("m")+`
		FROM room_members m JOIN rooms r ON r.id = m.room_id
		WHERE `+s.dialect.in("m.user_id", 1, bigintList)+` AND m.joined_at >= $2 AND `+roomExists+`
		ORDER BY m.joined_at, m.room_id, m.user_id`, s.dialect.list(int64s(users)), int64(since))
	if err == nil {
		err = s.addDirectNames(ctx, s.read, pointers(added, func(a *chat.MemberAdded) *chat.Room { return &a.Room }))
	}
	return added, s.fail("list new memberships", err)
}

// CommonRooms returns rooms of two users, by name, without direct rooms.
func (s *Store) CommonRooms(ctx context.Context, a, b chat.UserID, limit int) ([]chat.Room, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	rooms, err := queryAll(ctx, s.read, func(r row) (chat.Room, error) { return s.scanRoom(r) },
		`SELECT `+roomColumns+` FROM room_members me JOIN room_members o ON o.room_id = me.room_id JOIN rooms r ON r.id = me.room_id
		WHERE me.user_id = $1 AND o.user_id = $2 AND `+roomExists+` AND NOT EXISTS (SELECT 1 FROM direct_rooms d WHERE d.room_id = r.id)
		ORDER BY r.name_key, r.id LIMIT $3`, int64(a), int64(b), limit)
	return rooms, s.fail("list common rooms", err)
}

// pointers returns a pointer to the room of each element of list.
func pointers[T any](list []T, room func(*T) *chat.Room) []*chat.Room {
	rooms := make([]*chat.Room, len(list))
	for i := range list {
		rooms[i] = room(&list[i])
	}
	return rooms
}

// Heads returns the heads of the rooms in ids that exist.
func (s *Store) Heads(ctx context.Context, ids []chat.RoomID) (map[chat.RoomID]chat.Seq, error) {
	if len(ids) == 0 {
		return map[chat.RoomID]chat.Seq{}, nil
	}
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	heads, err := s.heads.Load(ctx, ids...)
	return heads, s.fail("read heads", err)
}

func (s *Store) readHeads(ctx context.Context, ids []chat.RoomID) (map[chat.RoomID]chat.Seq, error) {
	heads := make(map[chat.RoomID]chat.Seq, len(ids))
	err := forEachRow(ctx, s.byKey, func(r row) error {
		var id chat.RoomID
		var head chat.Seq
		err := r.Scan(&id, &head)
		heads[id] = head
		return err
	}, `SELECT r.id, r.head FROM rooms r WHERE `+roomExists+` AND `+s.dialect.in("r.id", 1, bigintList), s.dialect.list(int64s(ids)))
	return heads, err
}

// ChangeRoom changes a room. A new name is announced by a system message, which takes a
// number.
func (s *Store) ChangeRoom(ctx context.Context, id chat.RoomID, by chat.UserID, c chat.RoomChange, rule chat.MemberRule) (chat.Room, *chat.Message, error) {
	var room chat.Room
	var systemMsg *chat.Message
	err := s.asMember(ctx, id, by, 0, rule, func(tx *roomTx) error {
		before, err := s.scanRoom(tx.QueryRowContext(ctx, `SELECT `+roomColumns+` FROM rooms r WHERE r.id = $1`, int64(id)))
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `
			UPDATE rooms SET name = COALESCE($2, name), name_key = COALESCE($3, name_key), description = COALESCE($4, description),
				private = COALESCE($5, private), password = CASE WHEN CAST($6 AS text) IS NULL THEN password ELSE NULLIF(CAST($6 AS text), '') END
			WHERE id = $1`, int64(id), c.Name, c.NameKey, c.Description, c.Private, (*string)(c.PasswordHash))
		if err != nil {
			return err
		}
		if c.Name != nil && *c.Name != before.Name {
			if systemMsg, err = s.insertSystemMessage(ctx, tx, by, by, chat.Named, "{author} named the room “"+*c.Name+"”."); err != nil {
				return err
			}
		}
		room, err = s.scanRoom(tx.QueryRowContext(ctx, `SELECT `+roomColumns+` FROM rooms r WHERE r.id = $1`, int64(id)))
		room.Head = tx.head
		if fields := changedFields(before, room); err == nil && fields != "" {
			err = s.audit(ctx, tx.Tx, chat.AuditEntry{Actor: by, Action: chat.AuditRoomChanged, Room: id, Detail: fields})
		}
		return err
	})
	return room, systemMsg, s.fail("change room", err)
}

// changedFields lists the fields that differ between two versions of a room.
func changedFields(before, after chat.Room) string {
	var fields []string
	for _, f := range []struct {
		name string
		same bool
	}{
		{"name", before.Name == after.Name},
		{"description", before.Description == after.Description},
		{"private", before.Private == after.Private},
		{"password", before.PasswordHash == after.PasswordHash},
	} {
		if !f.same {
			fields = append(fields, f.name)
		}
	}
	return strings.Join(fields, ", ")
}

// DeleteRoom deletes a room and its contents.
func (s *Store) DeleteRoom(ctx context.Context, id chat.RoomID, by chat.UserID, rule chat.MemberRule) error {
	err := s.asMember(ctx, id, by, 0, rule, func(tx *roomTx) error { return s.deleteRoom(ctx, tx, by) })
	return s.fail("delete room", err)
}

// RemoveRoom deletes a room for an admin of the server, who need not be a member.
func (s *Store) RemoveRoom(ctx context.Context, by chat.UserID, id chat.RoomID) error {
	err := s.roomTx(ctx, id, func(tx *roomTx) error {
		if err := s.requireAdmin(ctx, tx.Tx, by); err != nil {
			return err
		}
		return s.deleteRoom(ctx, tx, by)
	})
	return s.fail("remove room", err)
}
