package store

import (
	"context"
	"fmt"

	"github.com/chillin-chat/chillin/internal/chat"
)

// roomOrder is the order of a room list: the expression and the direction. Ties are resolved
// by id.
type roomOrder struct {
	key  string
	desc bool
}

var roomOrders = map[chat.RoomSort]roomOrder{
	chat.ByName:    {"r.name_key", false},
	chat.ByMembers: {"r.member_count", true},
	chat.ByActive:  {"r.active_at", true},
}

// after is the condition that a room comes after the room in arguments $4 and $5.
func (o roomOrder) after() string {
	compare := ">"
	if o.desc {
		compare = "<"
	}
	return fmt.Sprintf(` AND (%s, r.id) %s ($4, $5)`, o.key, compare)
}

func (o roomOrder) sorted() string {
	direction := "ASC"
	if o.desc {
		direction = "DESC"
	}
	return fmt.Sprintf(` ORDER BY %s %s, r.id %s LIMIT $3`, o.key, direction, direction)
}

// roomCursor is the last row of a page, after which the next page starts.
type roomCursor struct {
	Sort chat.RoomSort `json:"s"`
	Name string        `json:"n,omitempty"`
	Rank int64         `json:"r,omitempty"`
	ID   int64         `json:"i"`
}

// key returns the value that the order compares.
func (c roomCursor) key() any {
	if c.Sort == chat.ByName {
		return c.Name
	}
	return c.Rank
}

// ListRooms returns a page of public rooms and the viewer's rooms.
func (s *Store) ListRooms(ctx context.Context, q chat.RoomQuery) ([]chat.Room, string, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	query, args, err := listedRooms(q)
	if err != nil {
		return nil, "", err
	}
	var rooms []chat.Room
	var cursors []roomCursor
	err = forEachRow(ctx, s.read, func(r row) error {
		room, cursor, err := s.scanListed(r, q.Sort)
		rooms, cursors = append(rooms, room), append(cursors, cursor)
		return err
	}, query, args...)
	if err == nil {
		err = s.addDirectNames(ctx, s.read, pointers(rooms, func(r *chat.Room) *chat.Room { return r }))
	}
	if err != nil {
		return nil, "", s.fail("list rooms", err)
	}
	if len(rooms) <= q.Limit {
		return rooms, "", nil
	}
	return rooms[:q.Limit], writeCursor(cursors[q.Limit-1]), nil
}

// listedRooms returns the query of a list. It selects public rooms and the viewer's private
// rooms separately, so that the public ones are found with an index; a viewer has few rooms.
func listedRooms(q chat.RoomQuery) (query string, args []any, err error) {
	order, ok := roomOrders[q.Sort]
	if !ok {
		return "", nil, chat.Errorf(chat.BadRequest, "Rooms can be sorted by name, members or active.").WithField("sort")
	}
	args = []any{int64(q.Viewer), "%" + escapeLike(q.Text) + "%", q.Limit + 1}
	after := ""
	if q.Cursor != "" {
		cursor, err := readCursor[roomCursor](q.Cursor)
		if err != nil || cursor.Sort != q.Sort {
			return "", nil, errBadCursor()
		}
		after, args = order.after(), append(args, cursor.key(), cursor.ID)
	}
	direct := ""
	if q.WithoutDirect || q.Text != "" {
		direct = ` AND NOT EXISTS (SELECT 1 FROM direct_rooms d WHERE d.room_id = r.id)`
	}
	selectRooms := func(condition string) string {
		return `SELECT * FROM (SELECT r.* FROM rooms r WHERE ` + condition + ` AND r.name_key LIKE $2 ESCAPE '\'
` + direct + after + order.sorted() + `) AS page`
	}
	visible := selectRooms(`NOT r.private`) + ` UNION ALL ` +
		selectRooms(`r.private AND r.id IN (SELECT m.room_id FROM room_members m WHERE m.user_id = $1)`)
	if q.All {
		visible = selectRooms(`CAST($1 AS bigint) IS NOT NULL AND ` + roomExists)
	}
	return `SELECT ` + roomColumns + `, r.name_key, r.member_count, r.active_at FROM (` + visible + `) r` + order.sorted(), args, nil
}

// scanListed reads a room and the cursor of a page that starts after it.
func (s *Store) scanListed(r row, sort chat.RoomSort) (chat.Room, roomCursor, error) {
	cursor := roomCursor{Sort: sort}
	var name string
	var members, active int64
	room, err := s.scanRoom(r, &name, &members, &active)
	switch sort {
	case chat.ByName:
		cursor.Name = name
	case chat.ByMembers:
		cursor.Rank = members
	default:
		cursor.Rank = active
	}
	cursor.ID = int64(room.ID)
	return room, cursor, err
}
