package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/chillin-chat/chillin/internal/chat"
)

// maxCountedByRow is the largest gap between what a member has read and the room's head for
// which its messages are counted one by one. A larger gap is counted with the room's tally.
const maxCountedByRow = 32

// unread counts the texts of others after the last read message of the member me, among the
// newest 1000 messages. The limit bounds its cost.
const unread = `(SELECT count(*) FROM (SELECT m.author_id, m.kind, m.deleted_at FROM messages m
	WHERE m.room_id = me.room_id AND m.seq > me.last_read ORDER BY m.seq DESC LIMIT 1000) AS new
	WHERE new.author_id <> me.user_id AND new.kind = 'text' AND new.deleted_at IS NULL)`

// unreadShort is unread, or -1 if the room's tally must be used. The room is r.
var unreadShort = fmt.Sprintf(`CASE WHEN r.head <= me.last_read THEN 0 WHEN r.head - me.last_read > %d THEN -1 ELSE %s END`,
	maxCountedByRow, unread)

// tally lists the authors of the texts among the newest 1000 messages of a room. One tally
// serves all members, so that counting for many members with a large gap costs as much as
// counting for one.
type tally struct {
	head  chat.Seq // when it was read
	texts []text   // ascending
}

type text struct {
	seq    chat.Seq
	author chat.UserID
}

// unread counts the texts of other users after read, up to head.
func (t tally) unread(user chat.UserID, read, head chat.Seq) int {
	n := 0
	for _, x := range slices.Backward(t.texts) {
		if x.seq <= read {
			break
		}
		if x.seq <= head && x.author != user {
			n++
		}
	}
	return n
}

// maxTallies is the size of the cache. A tally takes at most 16 KiB.
const maxTallies = 1024

// tallyCache caches tallies. The caller knows the head of the room, so that it can detect a
// stale tally.
type tallyCache struct {
	mu    sync.Mutex
	rooms map[chat.RoomID]tally
}

// get returns the tally of a room if it includes every message up to head.
func (t *tallyCache) get(room chat.RoomID, head chat.Seq) (tally, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	cached, ok := t.rooms[room]
	return cached, ok && cached.head >= head
}

// put adds tallies. If the cache would exceed its limit, it is cleared first: tallies in use
// are soon read again.
func (t *tallyCache) put(more map[chat.RoomID]tally) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.rooms == nil || len(t.rooms)+len(more) > maxTallies {
		t.rooms = map[chat.RoomID]tally{}
	}
	for room, new := range more {
		if new.head >= t.rooms[room].head {
			t.rooms[room] = new
		}
	}
}

// countUnread sets the unread count of the rooms for which the statement returned -1.
func (s *Store) countUnread(ctx context.Context, user chat.UserID, own []chat.OwnRoom) error {
	var unknown []chat.RoomID
	for i := range own {
		o := &own[i]
		if o.Unread >= 0 {
			continue
		}
		if t, ok := s.tallyCache.get(o.Room.ID, o.Room.Head); ok {
			o.Unread = t.unread(user, o.LastRead, o.Room.Head)
		} else {
			unknown = append(unknown, o.Room.ID)
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	read, err := s.tallies.Load(ctx, unknown...)
	if err != nil {
		return err
	}
	for i := range own {
		if o := &own[i]; o.Unread < 0 {
			o.Unread = read[o.Room.ID].unread(user, o.LastRead, o.Room.Head)
		}
	}
	return nil
}

func (s *Store) readTallies(ctx context.Context, rooms []chat.RoomID) (map[chat.RoomID]tally, error) {
	read := make(map[chat.RoomID]tally, len(rooms))
	err := forEachRow(ctx, s.byKey, func(r row) error {
		var room chat.RoomID
		var t tally
		var texts string
		if err := r.Scan(&room, &t.head, &texts); err != nil {
			return err
		}
		for field := range strings.FieldsSeq(texts) {
			seq, author, _ := strings.Cut(field, ":")
			n, err := strconv.ParseInt(seq, 10, 64)
			authorID, err2 := strconv.ParseInt(author, 10, 64)
			if err := errors.Join(err, err2); err != nil {
				return fmt.Errorf("read tally: %w", err)
			}
			t.texts = append(t.texts, text{chat.Seq(n), chat.UserID(authorID)})
		}
		slices.SortFunc(t.texts, func(a, b text) int { return cmp.Compare(a.seq, b.seq) })
		read[room] = t
		return nil
	}, `SELECT r.id, r.head, COALESCE((SELECT string_agg(new.seq || ':' || new.author_id, ' ') FROM (
			SELECT m.seq, m.author_id, m.kind, m.deleted_at FROM messages m WHERE m.room_id = r.id ORDER BY m.seq DESC LIMIT 1000) AS new
			WHERE new.kind = 'text' AND new.deleted_at IS NULL), '')
		FROM rooms r WHERE `+s.dialect.in("r.id", 1, bigintList), s.dialect.list(int64s(rooms)))
	if err == nil {
		s.tallyCache.put(read)
	}
	return read, err
}
