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

// countedAlone is a backlog, in numbers, that is counted for a member by itself.
// What is longer is counted by the room's tally.
const countedAlone = 32

// unread counts the texts of others after what the member me has read, among the
// newest 1000 messages: what it costs is bounded, whoever wrote them.
const unread = `(SELECT count(*) FROM (SELECT m.author_id, m.kind, m.deleted_at FROM messages m
	WHERE m.room_id = me.room_id AND m.seq > me.last_read ORDER BY m.seq DESC LIMIT 1000) AS new
	WHERE new.author_id <> me.user_id AND new.kind = 'text' AND new.deleted_at IS NULL)`

// unreadAlone is unread, or -1 where the room's tally must tell. The room is r.
var unreadAlone = fmt.Sprintf(`CASE WHEN r.head <= me.last_read THEN 0 WHEN r.head - me.last_read > %d THEN -1 ELSE %s END`,
	countedAlone, unread)

// tally is who wrote the texts among a room's newest 1000 messages. All members'
// unread are counted by one tally, so that a storm of those who were long away costs
// what one of them costs.
type tally struct {
	head  chat.Seq // as of which it was read
	texts []text   // ascending
}

type text struct {
	seq    chat.Seq
	author chat.UserID
}

// unread counts the texts of others after read, up to head.
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

// keptTallies is how many tallies are kept, of 16 KiB at most.
const keptTallies = 1024

// tallies are kept by the room's head, which whoever counts knows.
type tallies struct {
	mu   sync.Mutex
	kept map[chat.RoomID]tally
}

// asOf returns the tally that knows all up to head.
func (t *tallies) asOf(room chat.RoomID, head chat.Seq) (tally, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	one, ok := t.kept[room]
	return one, ok && one.head >= head
}

// keep keeps some more. Where it is too much it begins anew: what is needed is soon
// there again.
func (t *tallies) keep(more map[chat.RoomID]tally) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.kept == nil || len(t.kept)+len(more) > keptTallies {
		t.kept = map[chat.RoomID]tally{}
	}
	for room, one := range more {
		if one.head >= t.kept[room].head {
			t.kept[room] = one
		}
	}
}

// countUnread counts what is unread in those of a user's rooms where the statement
// has not.
func (s *Store) countUnread(ctx context.Context, user chat.UserID, own []chat.OwnRoom) error {
	var unknown []chat.RoomID
	for i := range own {
		o := &own[i]
		if o.Unread >= 0 {
			continue
		}
		if t, ok := s.tallies.asOf(o.Room.ID, o.Room.Head); ok {
			o.Unread = t.unread(user, o.LastRead, o.Room.Head)
		} else {
			unknown = append(unknown, o.Room.ID)
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	read, err := s.counts.Load(ctx, unknown...)
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
	err := each(ctx, s.read, func(r row) error {
		var room chat.RoomID
		var t tally
		var texts string
		if err := r.Scan(&room, &t.head, &texts); err != nil {
			return err
		}
		for one := range strings.FieldsSeq(texts) {
			seq, author, _ := strings.Cut(one, ":")
			n, err := strconv.ParseInt(seq, 10, 64)
			who, err2 := strconv.ParseInt(author, 10, 64)
			if err := errors.Join(err, err2); err != nil {
				return fmt.Errorf("read tally: %w", err)
			}
			t.texts = append(t.texts, text{chat.Seq(n), chat.UserID(who)})
		}
		slices.SortFunc(t.texts, func(a, b text) int { return cmp.Compare(a.seq, b.seq) })
		read[room] = t
		return nil
	}, `SELECT r.id, r.head, COALESCE((SELECT string_agg(new.seq || ':' || new.author_id, ' ') FROM (
			SELECT m.seq, m.author_id, m.kind, m.deleted_at FROM messages m WHERE m.room_id = r.id ORDER BY m.seq DESC LIMIT 1000) AS new
			WHERE new.kind = 'text' AND new.deleted_at IS NULL), '')
		FROM rooms r WHERE `+s.engine.in("r.id", 1), s.engine.list(raw(rooms)))
	if err == nil {
		s.tallies.keep(read)
	}
	return read, err
}
