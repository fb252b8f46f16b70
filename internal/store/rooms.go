package store

import (
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/chillin-chat/chillin/internal/chat"
)

// roomColumns are what scanRoom reads, of a table named r.
const roomColumns = `r.id, r.name, r.description, r.private, COALESCE(r.password, ''), r.owner_id, r.member_count, r.head, r.created_at,
	EXISTS (SELECT 1 FROM direct_rooms d WHERE d.room_id = r.id)`

func (s *Store) scanRoom(r row, more ...any) (chat.Room, error) {
	room := chat.Room{Epoch: s.epoch}
	dest := append([]any{&room.ID, &room.Name, &room.Description, &room.Private, &room.Password, &room.OwnerID,
		&room.MemberCount, &room.Head, &room.CreatedAt, &room.Direct}, more...)
	err := r.Scan(dest...)
	room.HasPassword = room.Password != ""
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
			n.Name, n.NameKey, n.Description, n.Private, n.Password, int64(n.Owner), int64(s.clock())).Scan(&id)
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

// addMember does not let in who is gone for good. The transaction has written a row
// that refers to the user before: until it ends the account cannot be closed (which
// changes its name, a key), and who closes it then finds the membership.
func (s *Store) addMember(ctx context.Context, tx *sql.Tx, room chat.RoomID, user chat.UserID, role chat.RoomRole, read chat.Seq) (chat.Membership, error) {
	m := chat.Membership{RoomID: room, UserID: user, Role: role, JoinedAt: s.clock(), LastRead: read}
	err := tx.QueryRowContext(ctx, `SELECT id FROM users WHERE id = $1 AND deleted_at IS NULL`, int64(user)).Scan(&m.UserID)
	if err != nil {
		return m, err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO room_members (room_id, user_id, role, joined_at, last_read) VALUES ($1, $2, $3, $4, $5)`,
		int64(room), int64(user), string(role), int64(m.JoinedAt), int64(read))
	return m, err
}

// Room returns a room and the viewer's membership.
func (s *Store) Room(ctx context.Context, id chat.RoomID, viewer chat.UserID) (chat.Room, *chat.Membership, error) {
	return s.room(ctx, viewer, `r.id = $2`, int64(id))
}

// RoomByNameKey returns the room with that folded name.
func (s *Store) RoomByNameKey(ctx context.Context, key string, viewer chat.UserID) (chat.Room, *chat.Membership, error) {
	return s.room(ctx, viewer, `r.name_key = $2`, key)
}

func (s *Store) room(ctx context.Context, viewer chat.UserID, where string, arg any) (chat.Room, *chat.Membership, error) {
	ctx, cancel := bound(ctx)
	defer cancel()
	var role sql.NullString
	m := chat.Membership{UserID: viewer}
	room, err := s.scanRoom(s.read.QueryRowContext(ctx, `
		SELECT `+roomColumns+`, m.role, COALESCE(m.joined_at, 0), COALESCE(m.last_read, 0), `+mutedUntil("m")+`
		FROM rooms r LEFT JOIN room_members m ON m.room_id = r.id AND m.user_id = $1
		WHERE `+where, int64(viewer), arg), &role, &m.JoinedAt, &m.LastRead, &m.MutedUntil)
	if err == nil {
		err = s.addFaces(ctx, s.read, []*chat.Room{&room})
	}
	if err != nil {
		return chat.Room{}, nil, s.fail("find room", err)
	}
	if !role.Valid {
		return room, nil, nil
	}
	m.RoomID, m.Role, m.MutedUntil = room.ID, chat.RoomRole(role.String), s.ahead(m.MutedUntil)
	return room, &m, nil
}

// roomOrders are the orders of a list: the expression, and whether it falls. The
// id decides between equals.
var roomOrders = map[chat.RoomSort]struct {
	key  string
	desc bool
}{
	chat.ByName:    {"r.name_key", false},
	chat.ByMembers: {"r.member_count", true},
	chat.ByActive:  {"r.active_at", true},
}

// roomCursor is the last row of a page: where the next one begins.
type roomCursor struct {
	Sort chat.RoomSort `json:"s"`
	Name string        `json:"n,omitempty"`
	Rank int64         `json:"r,omitempty"`
	ID   int64         `json:"i"`
}

// ListRooms returns a page of public rooms and the viewer's own.
func (s *Store) ListRooms(ctx context.Context, q chat.RoomQuery) ([]chat.Room, string, error) {
	ctx, cancel := bound(ctx)
	defer cancel()
	order, ok := roomOrders[q.Sort]
	if !ok {
		return nil, "", chat.Fault(chat.BadRequest, "Rooms are sorted by name, members or active.").In("sort")
	}
	args := []any{int64(q.Viewer), "%" + escapeLike(q.Text) + "%", q.Limit + 1}
	after, compare, direction := "", ">", "ASC"
	if order.desc {
		compare, direction = "<", "DESC"
	}
	if q.Cursor != "" {
		cursor, err := readCursor[roomCursor](q.Cursor)
		if err != nil || cursor.Sort != q.Sort {
			return nil, "", badCursor()
		}
		var last any = cursor.Rank
		if q.Sort == chat.ByName {
			last = cursor.Name
		}
		after = fmt.Sprintf(` AND (%s, r.id) %s ($4, $5)`, order.key, compare)
		args = append(args, last, cursor.ID)
	}
	sorted := fmt.Sprintf(` ORDER BY %s %s, r.id %s LIMIT $3`, order.key, direction, direction)
	some := func(which string) string {
		return `SELECT * FROM (SELECT r.* FROM rooms r WHERE ` + which + ` AND r.name_key LIKE $2 ESCAPE '\'
			AND ($2 = '%%' OR NOT EXISTS (SELECT 1 FROM direct_rooms d WHERE d.room_id = r.id))` + after + sorted + `) AS few`
	}
	// Apart from each other, so that the public ones are found by an index: a viewer's
	// own are few.
	visible := some(`NOT r.private`) + ` UNION ALL ` +
		some(`r.private AND r.id IN (SELECT m.room_id FROM room_members m WHERE m.user_id = $1)`)
	if q.All {
		visible = some(`CAST($1 AS bigint) IS NOT NULL`)
	}
	var rooms []chat.Room
	var cursors []roomCursor
	err := each(ctx, s.read, func(r row) error {
		cursor := roomCursor{Sort: q.Sort}
		var name string
		var members, active int64
		room, err := s.scanRoom(r, &name, &members, &active)
		switch q.Sort {
		case chat.ByName:
			cursor.Name = name
		case chat.ByMembers:
			cursor.Rank = members
		default:
			cursor.Rank = active
		}
		cursor.ID = int64(room.ID)
		rooms, cursors = append(rooms, room), append(cursors, cursor)
		return err
	}, `SELECT `+roomColumns+`, r.name_key, r.member_count, r.active_at FROM (`+visible+`) r`+sorted, args...)
	if err == nil {
		err = s.addFaces(ctx, s.read, pointers(rooms, func(r *chat.Room) *chat.Room { return r }))
	}
	if err != nil {
		return nil, "", s.fail("list rooms", err)
	}
	if len(rooms) <= q.Limit {
		return rooms, "", nil
	}
	return rooms[:q.Limit], writeCursor(cursors[q.Limit-1]), nil
}

func escapeLike(text string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text)
}

func badCursor() error {
	return chat.Fault(chat.BadRequest, "That cursor is not from this list.").In("cursor")
}

func writeCursor(v any) string {
	text, _ := json.Marshal(v) // cursors are plain structs
	return base64.RawURLEncoding.EncodeToString(text)
}

func readCursor[T any](cursor string) (T, error) {
	var v T
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return v, err
	}
	return v, json.Unmarshal(text, &v)
}

// OwnRooms returns a user's rooms. Unread are the messages of others after what
// was read last.
func (s *Store) OwnRooms(ctx context.Context, user chat.UserID) ([]chat.OwnRoom, error) {
	ctx, cancel := bound(ctx)
	defer cancel()
	own := []chat.OwnRoom{}
	err := each(ctx, s.read, func(r row) error {
		var o chat.OwnRoom
		room, err := s.scanRoom(r, &o.Role, &o.LastRead, &o.Unread, &o.Mentions, &o.MutedUntil)
		o.Room, o.MutedUntil = room, s.ahead(o.MutedUntil)
		own = append(own, o)
		return err
	}, `SELECT `+roomColumns+`, me.role, me.last_read, `+unread+`, `+unreadMentions+`, `+mutedUntil("me")+`
		FROM room_members me JOIN rooms r ON r.id = me.room_id
		WHERE me.user_id = $1 ORDER BY r.name_key, r.id`, int64(user))
	if err == nil {
		err = s.addFaces(ctx, s.read, pointers(own, func(o *chat.OwnRoom) *chat.Room { return &o.Room }))
	}
	return own, s.fail("list own rooms", err)
}

// RoomsOf returns the ids of a user's rooms.
func (s *Store) RoomsOf(ctx context.Context, user chat.UserID) ([]chat.RoomID, error) {
	ctx, cancel := bound(ctx)
	defer cancel()
	var rooms []chat.RoomID
	err := each(ctx, s.read, func(r row) error {
		var id chat.RoomID
		err := r.Scan(&id)
		rooms = append(rooms, id)
		return err
	}, `SELECT room_id FROM room_members WHERE user_id = $1 ORDER BY room_id`, int64(user))
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

// unread counts the texts of others after what the member me has read. It ends at
// 1000: nobody reads a larger number, everybody pays for it.
const unread = `(SELECT count(*) FROM (SELECT 1 FROM messages m WHERE m.room_id = me.room_id AND m.seq > me.last_read
	AND m.author_id <> me.user_id AND m.kind = 'text' AND m.deleted_at IS NULL LIMIT 1000) AS new)`

// MarkRead moves what a member has read last forward.
func (s *Store) MarkRead(ctx context.Context, room chat.RoomID, user chat.UserID, seq chat.Seq) (chat.ReadState, error) {
	ctx, cancel := bound(ctx)
	defer cancel()
	_, err := s.write.ExecContext(ctx, `
		UPDATE room_members SET last_read = (SELECT CASE WHEN head < $3 THEN head ELSE $3 END FROM rooms WHERE id = $1)
		WHERE room_id = $1 AND user_id = $2 AND last_read < (SELECT CASE WHEN head < $3 THEN head ELSE $3 END FROM rooms WHERE id = $1)`,
		int64(room), int64(user), int64(seq))
	if err != nil {
		return chat.ReadState{}, s.fail("mark read", err)
	}
	var state chat.ReadState
	err = s.write.QueryRowContext(ctx, `SELECT me.last_read, `+unread+`, `+unreadMentions+` FROM room_members me WHERE me.room_id = $1 AND me.user_id = $2`,
		int64(room), int64(user)).Scan(&state.LastRead, &state.Unread, &state.Mentions)
	if errors.Is(err, sql.ErrNoRows) {
		return chat.ReadState{}, chat.Fault(chat.NotAMember, "Join the room first.")
	}
	return state, s.fail("read unread", err)
}

// Join makes user a member.
func (s *Store) Join(ctx context.Context, room chat.RoomID, user chat.UserID) (chat.Membership, *chat.Message, error) {
	membership, told, err := s.enter(ctx, room, user, func(*roomTx) error { return nil })
	return membership, told, s.fail("join room", err)
}

// enter makes user a member under the room's lock, unless it is banned or ticket
// refuses; for a member it changes nothing and asks no ticket.
func (s *Store) enter(ctx context.Context, room chat.RoomID, user chat.UserID, ticket func(tx *roomTx) error) (membership chat.Membership, told *chat.Message, err error) {
	err = s.inRoom(ctx, room, func(tx *roomTx) error {
		var err error
		membership, err = s.membership(ctx, tx.Tx, room, user)
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		banned, err := s.banned(ctx, tx, user)
		if err != nil {
			return err
		}
		if banned {
			return chat.Fault(chat.Forbidden, "You are banned from this room.")
		}
		if err := ticket(tx); err != nil {
			return err
		}
		if told, err = s.tell(ctx, tx, user, user, chat.Joined, "{subject} joined the room."); err != nil {
			return err
		}
		tx.members++
		// Whoever joins has read what was before.
		if _, err = s.addMember(ctx, tx.Tx, room, user, chat.Member, tx.head); err != nil {
			return err
		}
		membership, err = s.membership(ctx, tx.Tx, room, user) // with a mute of before
		return err
	})
	return membership, told, err
}

// Leave ends a membership.
func (s *Store) Leave(ctx context.Context, room chat.RoomID, user chat.UserID) (*chat.Message, error) {
	var told *chat.Message
	err := s.inRoom(ctx, room, func(tx *roomTx) error {
		membership, err := s.membership(ctx, tx.Tx, room, user)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		if membership.Role == chat.Owner {
			return chat.Fault(chat.Forbidden, "The owner cannot leave: hand the room over or delete it.")
		}
		if err := s.removeMember(ctx, tx, user); err != nil {
			return err
		}
		told, err = s.tell(ctx, tx, user, user, chat.Left, "{subject} left the room.")
		return err
	})
	return told, s.fail("leave room", err)
}

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
// took. NOT_FOUND for an unknown room.
func (s *Store) inRoom(ctx context.Context, room chat.RoomID, work func(tx *roomTx) error) error {
	ctx, cancel := bound(ctx)
	defer cancel()
	return s.inTx(ctx, func(tx *sql.Tx) error {
		t := &roomTx{Tx: tx, room: room}
		err := tx.QueryRowContext(ctx, `SELECT head FROM rooms WHERE id = $1`+s.engine.lockRoom(), int64(room)).Scan(&t.head)
		if err != nil {
			return err
		}
		before := t.head
		if err := work(t); err != nil || t.head == before && t.members == 0 {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE rooms SET head = $2, member_count = member_count + $3 WHERE id = $1`,
			int64(room), int64(t.head), t.members)
		return err
	})
}

func (s *Store) membership(ctx context.Context, tx *sql.Tx, room chat.RoomID, user chat.UserID) (chat.Membership, error) {
	m := chat.Membership{RoomID: room, UserID: user}
	err := tx.QueryRowContext(ctx, `SELECT m.role, m.joined_at, m.last_read, `+mutedUntil("m")+` FROM room_members m WHERE m.room_id = $1 AND m.user_id = $2`,
		int64(room), int64(user)).Scan(&m.Role, &m.JoinedAt, &m.LastRead, &m.MutedUntil)
	m.MutedUntil = s.ahead(m.MutedUntil)
	return m, err
}

// memberCursor is the last row of a page of members.
type memberCursor struct {
	Username string `json:"u"`
}

// Members returns a page of members by username.
func (s *Store) Members(ctx context.Context, room chat.RoomID, limit int, cursor string) ([]chat.MemberView, string, error) {
	ctx, cancel := bound(ctx)
	defer cancel()
	var after memberCursor
	if cursor != "" {
		var err error
		if after, err = readCursor[memberCursor](cursor); err != nil {
			return nil, "", badCursor()
		}
	}
	members := []chat.MemberView{}
	err := each(ctx, s.read, func(r row) error {
		var m chat.MemberView
		user, err := scanUser(r, &m.Role, &m.JoinedAt, &m.MutedUntil)
		m.User, m.MutedUntil = user, s.ahead(m.MutedUntil)
		members = append(members, m)
		return err
	}, `SELECT `+userColumns+`, m.role, m.joined_at, `+mutedUntil("m")+` FROM room_members m JOIN users u ON u.id = m.user_id
		WHERE m.room_id = $1 AND u.username > $2 ORDER BY u.username LIMIT $3`, int64(room), after.Username, limit+1)
	if err != nil {
		return nil, "", s.fail("list members", err)
	}
	if len(members) <= limit {
		return members, "", nil
	}
	return members[:limit], writeCursor(memberCursor{members[limit-1].User.Username}), nil
}

// Heads returns the heads of those of ids that exist.
func (s *Store) Heads(ctx context.Context, ids []chat.RoomID) (map[chat.RoomID]chat.Seq, error) {
	heads := make(map[chat.RoomID]chat.Seq, len(ids))
	if len(ids) == 0 {
		return heads, nil
	}
	ctx, cancel := bound(ctx)
	defer cancel()
	err := each(ctx, s.read, func(r row) error {
		var id chat.RoomID
		var head chat.Seq
		err := r.Scan(&id, &head)
		heads[id] = head
		return err
	}, `SELECT r.id, r.head FROM rooms r WHERE `+s.engine.in("r.id", 1), s.engine.list(raw(ids)))
	return heads, s.fail("read heads", err)
}
