package store

import (
	"context"
	"fmt"

	"github.com/chillin-chat/chillin/internal/chat"
)

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
