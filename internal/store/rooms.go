package store

import (
	"context"
	"database/sql"

	"github.com/chillin-chat/chillin/internal/chat"
)

// roomColumns are what scanRoom reads, of a table named r.
const roomColumns = `r.id, r.name, r.description, r.private, COALESCE(r.password, ''), r.owner_id, r.member_count, r.head, r.created_at,
	EXISTS (SELECT 1 FROM direct_rooms d WHERE d.room_id = r.id)`

func (s *Store) scanRoom(r row, more ...any) (chat.Room, error) {
	room := chat.Room{Epoch: s.epoch}
	dest := append([]any{&room.ID, &room.Name, &room.Description, &room.Private, &room.PasswordHash, &room.OwnerID,
		&room.MemberCount, &room.Head, &room.CreatedAt, &room.Direct}, more...)
	err := r.Scan(dest...)
	room.HasPassword = room.PasswordHash != ""
	if room.Direct {
		room.OwnerID = 0 // both are plain members
	}
	return room, err
}

// oneRoom reads a room whole.
func (s *Store) oneRoom(ctx context.Context, from querier, query string, args ...any) (chat.Room, error) {
	room, err := s.scanRoom(from.QueryRowContext(ctx, query, args...))
	if err != nil {
		return room, err
	}
	return room, s.addFaces(ctx, from, []*chat.Room{&room})
}

// CreateRoom makes a room with its owner as the only member.
func (s *Store) CreateRoom(ctx context.Context, n chat.NewRoom) (chat.Room, chat.Membership, error) {
	ctx, cancel := bound(ctx)
	defer cancel()
	var room chat.Room
	var membership chat.Membership
	err := s.inTx(ctx, func(tx *sql.Tx) error {
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

// view is a room and a viewer's membership in it, if it has one.
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
	v, err := askOne(ctx, s.views, place{id, viewer})
	return v.split(s.fail("find room", err))
}

// RoomByNameKey returns the room with that folded name.
func (s *Store) RoomByNameKey(ctx context.Context, key string, viewer chat.UserID) (chat.Room, *chat.Membership, error) {
	ctx, cancel := bound(ctx)
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

func (s *Store) readViews(ctx context.Context, places []place) (map[place]view, error) {
	list, err := s.viewsFrom(ctx, s.engine.fromPairs(1), s.engine.pairs(places))
	views := make(map[place]view, len(list))
	for _, v := range list {
		views[place{v.room.ID, v.membership.UserID}] = v
	}
	return views, err
}

// viewsFrom reads the views that a table w (room_id, user_id) names.
func (s *Store) viewsFrom(ctx context.Context, w string, args ...any) ([]view, error) {
	views, err := readAll(ctx, s.read, func(r row) (v view, err error) {
		var role sql.NullString
		m := &v.membership
		v.room, err = s.scanRoom(r, &m.UserID, &role, &m.JoinedAt, &m.LastRead, &m.MutedUntil)
		v.member, m.Role = role.Valid, chat.RoomRole(role.String)
		m.RoomID, m.MutedUntil = v.room.ID, s.ahead(m.MutedUntil)
		return v, err
	}, `SELECT `+roomColumns+`, w.user_id, m.role, COALESCE(m.joined_at, 0), COALESCE(m.last_read, 0), `+mutedUntil("m")+`
		FROM `+w+` JOIN rooms r ON r.id = w.room_id LEFT JOIN room_members m ON m.room_id = w.room_id AND m.user_id = w.user_id`, args...)
	if err == nil {
		err = s.addFaces(ctx, s.read, pointers(views, func(v *view) *chat.Room { return &v.room }))
	}
	return views, err
}

// OwnRooms returns a user's rooms. Unread are the messages of others after what
// was read last. In a storm it waits for its turn as long as ctx lets it.
func (s *Store) OwnRooms(ctx context.Context, user chat.UserID) ([]chat.OwnRoom, error) {
	if err := s.lists.take(ctx); err != nil {
		return nil, s.fail("list own rooms", err)
	}
	defer s.lists.leave()
	ctx, cancel := bound(ctx)
	defer cancel()
	own := []chat.OwnRoom{}
	err := each(ctx, s.read, func(r row) error {
		var o chat.OwnRoom
		room, err := s.scanRoom(r, &o.Role, &o.LastRead, &o.Unread, &o.Mentions, &o.MutedUntil)
		o.Room, o.MutedUntil = room, s.ahead(o.MutedUntil)
		own = append(own, o)
		return err
	}, `SELECT `+roomColumns+`, me.role, me.last_read, `+unreadAlone+`, `+unreadMentions+`, `+mutedUntil("me")+`
		FROM room_members me JOIN rooms r ON r.id = me.room_id
		WHERE me.user_id = $1 ORDER BY r.name_key, r.id`, int64(user))
	if err == nil {
		err = s.countUnread(ctx, user, own)
	}
	if err == nil {
		err = s.addFaces(ctx, s.read, pointers(own, func(o *chat.OwnRoom) *chat.Room { return &o.Room }))
	}
	return own, s.fail("list own rooms", err)
}

// RoomsOf returns the ids of a user's rooms.
func (s *Store) RoomsOf(ctx context.Context, user chat.UserID) ([]chat.RoomID, error) {
	ctx, cancel := bound(ctx)
	defer cancel()
	rooms, err := readAll(ctx, s.read, scanOne[chat.RoomID],
		`SELECT room_id FROM room_members WHERE user_id = $1 ORDER BY room_id`, int64(user))
	return rooms, s.fail("list rooms of user", err)
}

// pointers points to the room in each element of list.
func pointers[T any](list []T, room func(*T) *chat.Room) []*chat.Room {
	rooms := make([]*chat.Room, len(list))
	for i := range list {
		rooms[i] = room(&list[i])
	}
	return rooms
}

// Heads returns the heads of those of ids that are there.
func (s *Store) Heads(ctx context.Context, ids []chat.RoomID) (map[chat.RoomID]chat.Seq, error) {
	if len(ids) == 0 {
		return map[chat.RoomID]chat.Seq{}, nil
	}
	ctx, cancel := bound(ctx)
	defer cancel()
	heads, err := s.heads.Load(ctx, ids...)
	return heads, s.fail("read heads", err)
}

func (s *Store) readHeads(ctx context.Context, ids []chat.RoomID) (map[chat.RoomID]chat.Seq, error) {
	heads := make(map[chat.RoomID]chat.Seq, len(ids))
	err := each(ctx, s.read, func(r row) error {
		var id chat.RoomID
		var head chat.Seq
		err := r.Scan(&id, &head)
		heads[id] = head
		return err
	}, `SELECT r.id, r.head FROM rooms r WHERE `+there+` AND `+s.engine.in("r.id", 1), s.engine.list(raw(ids)))
	return heads, err
}
