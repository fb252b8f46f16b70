package store

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/recovery"
)

// The bounds of one search.
const (
	searchesAtOnce = 3                      // of a node: the others read
	newestBatch    = 2000                   // messages that are looked through without an index at once
	newestRows     = 100_000                // messages of all rooms together that are read for that
	newestLeast    = 50                     // messages that even of many rooms are looked through
	indexedBatch   = 200                    // messages that the index tells at once
	searchRounds   = 5                      // batches of one request
	searchTime     = 700 * time.Millisecond // of one request; then the next page goes on
	searchText     = 4 << 20                // bytes of messages that one request looks through
	indexedAtOnce  = 250                    // messages that are brought into the index at once
	indexedBytes   = 1 << 20                // bytes of them, roughly: they are folded in the transaction
	editsAtOnce    = 2000                   // edited messages that are read beside the index
)

// hunt is how an engine finds candidates: the tables, with m for the messages, the
// test, the order. The arguments are $1 the rooms, $2 before which message, $3 how
// many, $4 to $6 as in written, and args from $7 on.
type hunt struct {
	from, where, order string
	args               []any
}

// written tests what of a table of messages may be found at all.
func written(table string) string {
	return strings.ReplaceAll(`x.kind = 'text' AND x.deleted_at IS NULL AND x.id < $2
		AND (CAST($4 AS bigint) = 0 OR x.author_id = $4) AND (CAST($5 AS bigint) = 0 OR x.created_at >= $5)
		AND (CAST($6 AS bigint) = 0 OR x.created_at < $6)`, "x.", table+".")
}

// newestWritten reads, in a subquery, the newest messages of the room r.
func newestWritten(columns string) string {
	return `SELECT ` + columns + ` FROM messages x WHERE x.room_id = r.id AND ` + written("x") + ` ORDER BY x.id DESC LIMIT $3`
}

// searchCursor is the last message that was looked at.
type searchCursor struct {
	Before chat.MessageID `json:"b"`
}

type candidate struct {
	id   chat.MessageID
	text string
}

// Search returns messages of the viewer's rooms, the newest first. It reads the newest few
// as they are: that finds common words soon, and words of one or two letters, which
// trigrams cannot find, at all. Below them, and below what is not indexed yet, it uses the
// index if that can find a word; else it goes on reading, some thousand messages a request.
func (s *Store) Search(ctx context.Context, q chat.SearchQuery) ([]chat.FoundMessage, string, error) {
	ctx, cancel := bound(ctx)
	defer cancel()
	cursor := searchCursor{math.MaxInt64}
	if q.Cursor != "" {
		var err error
		if cursor, err = readCursor[searchCursor](q.Cursor); err != nil || cursor.Before < 1 {
			return nil, "", badCursor()
		}
	}
	if err := s.searches.take(ctx); err != nil {
		return nil, "", chat.ErrUnavailable(err)
	}
	defer s.searches.leave()
	rooms, err := s.searchedRooms(ctx, q)
	if err != nil || len(rooms) == 0 {
		return nil, "", s.fail("search rooms", err)
	}
	ids, next, err := s.matching(ctx, q, cursor, rooms)
	if err != nil || len(ids) == 0 {
		return nil, next, s.fail("search", err)
	}
	found, err := s.found(ctx, q, ids)
	return found, next, s.fail("read found", err)
}

func (s *Store) searchedRooms(ctx context.Context, q chat.SearchQuery) ([]int64, error) {
	return readAll(ctx, s.read, scanOne[int64],
		`SELECT me.room_id FROM room_members me WHERE me.user_id = $1 AND (CAST($2 AS bigint) = 0 OR me.room_id = $2)`,
		int64(q.Viewer), int64(q.Room))
}

// indexView is what a search may leave to the index.
type indexView struct {
	upTo   chat.MessageID // 0: nothing
	edited []int64        // messages that the index may have with an older text
}

// viewIndex reads what the index has as folding folds it.
func (s *Store) viewIndex(ctx context.Context, folding int) (v indexView, err error) {
	state, err := readIndexState(ctx, s.read, "")
	if err != nil || state.folding != folding {
		return v, err
	}
	v.upTo = state.folded
	v.edited, err = readAll(ctx, s.read, scanOne[int64], `SELECT DISTINCT message_id FROM search_edits LIMIT $1`, editsAtOnce)
	if len(v.edited) == editsAtOnce {
		return indexView{}, err
	}
	return v, err
}

// matching returns the ids of a page, and where the next one begins.
func (s *Store) matching(ctx context.Context, q chat.SearchQuery, cursor searchCursor, rooms []int64) ([]int64, string, error) {
	index, err := s.viewIndex(ctx, q.Folding)
	if err != nil {
		return nil, "", err
	}
	var ids []int64
	left, end := searchText, s.now().Add(searchTime)
	for round := 0; round < searchRounds && left > 0; round++ {
		find := s.searchNewest
		if round > 0 && len(q.Indexed) > 0 && cursor.Before <= index.upTo+1 {
			find = s.searchIndexed
		}
		batch, more, err := find(ctx, candidateQuery{q, index, rooms, cursor.Before, left})
		if err != nil {
			return nil, "", err
		}
		for _, c := range batch {
			if matches(q, c.text) {
				if len(ids) == q.Limit {
					return ids, writeCursor(cursor), nil
				}
				ids = append(ids, int64(c.id))
			}
			cursor.Before = c.id
			left -= len(c.text)
			if s.now().After(end) { // folding some scripts takes much longer than others
				return ids, writeCursor(cursor), nil
			}
		}
		if !more {
			return ids, "", nil
		}
	}
	return ids, writeCursor(cursor), nil
}

// matches reports whether a text matches. One with which the folding panics does not; the
// indexer reports it.
func matches(q chat.SearchQuery, text string) (ok bool) {
	err := recovery.Do(recovery.Read, nil, func() error { ok = q.Matches(text); return nil })
	return err == nil && ok
}

// candidateQuery asks for the newest messages below before that may match.
type candidateQuery struct {
	chat.SearchQuery
	index  indexView
	rooms  []int64
	before chat.MessageID
	most   int // bytes of text; a little more may be read
}

// searchNewest reads messages without an index. The newest of all are among the newest of each
// room: it reads rooms × limit rows.
func (s *Store) searchNewest(ctx context.Context, q candidateQuery) (batch []candidate, more bool, err error) {
	return s.candidates(ctx, q, s.engine.huntNewest(), min(s.newestBatch, max(newestLeast, newestRows/len(q.rooms))))
}

// searchIndexed reads what the index finds, and the edited messages.
func (s *Store) searchIndexed(ctx context.Context, q candidateQuery) (batch []candidate, more bool, err error) {
	batch, more, err = s.candidates(ctx, q, s.engine.huntIndexed(q.Indexed), indexedBatch)
	if err != nil || len(q.index.edited) == 0 {
		return batch, more, err
	}
	edited, moreEdited, err := s.candidates(ctx, q, hunt{
		from: "messages m", where: s.engine.in("m.room_id", 1) + " AND " + written("m") + " AND " + s.engine.in("m.id", 7), order: "m.id",
		args: []any{s.engine.list(q.index.edited)},
	}, indexedBatch)
	if err != nil {
		return nil, false, err
	}
	var end chat.MessageID // below it something may be missing
	if more {
		end = batch[len(batch)-1].id
	}
	if moreEdited {
		end = max(end, edited[len(edited)-1].id)
	}
	batch = slices.DeleteFunc(append(batch, edited...), func(c candidate) bool { return c.id < end })
	slices.SortFunc(batch, func(a, b candidate) int { return cmp.Compare(b.id, a.id) })
	batch = slices.CompactFunc(batch, func(a, b candidate) bool { return a.id == b.id })
	return batch, more || moreEdited, nil
}

// candidates returns at most limit messages, and whether there are more.
func (s *Store) candidates(ctx context.Context, q candidateQuery, h hunt, limit int) (batch []candidate, more bool, err error) {
	left := q.most
	args := append([]any{s.engine.list(q.rooms), int64(q.before), limit, int64(q.Author), int64(q.Since), int64(q.Until)}, h.args...)
	err = each(ctx, s.read, func(r row) error {
		var c candidate
		if err := r.Scan(&c.id, &c.text); err != nil {
			return err
		}
		batch = append(batch, c)
		if left -= len(c.text); left <= 0 {
			return errEnough
		}
		return nil
	}, `SELECT m.id, m.text FROM `+h.from+` WHERE `+h.where+` ORDER BY `+h.order+` DESC LIMIT $3`, args...)
	if errors.Is(err, errEnough) {
		return batch, true, nil
	}
	return batch, len(batch) == limit, err
}

// errEnough ends a read that has enough.
var errEnough = errors.New("enough")

// found reads messages and their rooms whole, if they may still be seen.
func (s *Store) found(ctx context.Context, q chat.SearchQuery, ids []int64) ([]chat.FoundMessage, error) {
	messages, err := s.messages(ctx, q.Viewer, ` WHERE `+s.engine.in("m.id", 1)+` AND m.deleted_at IS NULL
		AND EXISTS (SELECT 1 FROM room_members me WHERE me.room_id = m.room_id AND me.user_id = $2)
		ORDER BY m.id DESC`, s.engine.list(ids), int64(q.Viewer))
	if err != nil {
		return nil, err
	}
	names, err := s.roomNames(ctx, messages)
	found := make([]chat.FoundMessage, len(messages))
	for i, m := range messages {
		found[i] = chat.FoundMessage{Message: m, Room: chat.RoomName{ID: m.RoomID, Name: names[m.RoomID]}}
	}
	return found, err
}

// roomNames are the names of the rooms in which messages stand.
func (s *Store) roomNames(ctx context.Context, messages []chat.Message) (map[chat.RoomID]string, error) {
	var ids []int64
	for _, m := range messages {
		ids = append(ids, int64(m.RoomID))
	}
	var rooms []*chat.Room
	err := each(ctx, s.read, func(r row) error {
		room, err := s.scanRoom(r)
		rooms = append(rooms, &room)
		return err
	}, `SELECT `+roomColumns+` FROM rooms r WHERE `+s.engine.in("r.id", 1), s.engine.list(ids))
	if err == nil {
		err = s.addFaces(ctx, s.read, rooms)
	}
	names := make(map[chat.RoomID]string, len(rooms))
	for _, room := range rooms {
		names[room.ID] = room.Name
	}
	return names, err
}
