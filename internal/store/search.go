package store

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/recovery"
)

// Limits of one search.
const (
	concurrentSearches = 3                      // on one node; readers keep the other connections
	newestBatch        = 2000                   // messages that one batch reads without the index
	newestRows         = 100_000                // rows that such a batch may read in all rooms together
	newestRowsIndexed  = 10_000                 // the same if the index can find the words
	newestMin          = 50                     // minimum size of such a batch, even for many rooms
	denseShare         = 4                      // the viewer sees one of this many messages, or more: see matching
	indexedBatch       = 200                    // messages that one batch reads from the index
	searchRounds       = 5                      // batches per request
	searchTime         = 700 * time.Millisecond // per request; the next page continues
	searchText         = 4 << 20                // bytes of text per request
	indexBatchSize     = 250                    // messages per indexing batch
	indexBatchBytes    = 1 << 20                // bytes per indexing batch, roughly: they are folded inside the transaction
	maxEdits           = 2000                   // edited messages that a search reads in addition to the index
)

// searchable is the condition that a message in table can be a result.
func searchable(table string) string {
	return strings.ReplaceAll(`x.kind = 'text' AND x.deleted_at IS NULL AND x.id < $2
		AND (CAST($4 AS bigint) = 0 OR x.author_id = $4) AND (CAST($5 AS bigint) = 0 OR x.created_at >= $5)
		AND (CAST($6 AS bigint) = 0 OR x.created_at < $6)`, "x.", table+".")
}

// newestSearchable is a subquery for the newest searchable messages of room r.
func newestSearchable(columns string) string {
	return `SELECT ` + columns + ` FROM messages x WHERE x.room_id = r.id AND ` + searchable("x") + ` ORDER BY x.id DESC LIMIT $3`
}

// searchCursor is the last message that was checked.
type searchCursor struct {
	Before chat.MessageID `json:"b"`
}

type candidate struct {
	id   chat.MessageID
	text string
}

// Search returns messages of the viewer's rooms, newest first. It first reads the newest
// messages without the index: that finds common words quickly, and is the only way to find
// words of one or two letters, which have no trigrams. For older messages, and if they are
// indexed, it uses the index if the index can find one of the words. Otherwise it continues
// to read, a few thousand messages per request. BenchmarkSearch measures it.
func (s *Store) Search(ctx context.Context, q chat.SearchQuery) ([]chat.FoundMessage, string, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	cursor := searchCursor{math.MaxInt64}
	if q.Cursor != "" {
		var err error
		if cursor, err = readCursor[searchCursor](q.Cursor); err != nil || cursor.Before < 1 {
			return nil, "", errBadCursor()
		}
	}
	if err := s.searches.acquire(ctx); err != nil {
		return nil, "", chat.ErrUnavailable(err)
	}
	defer s.searches.release()
	heads, err := s.searchedRooms(ctx, q)
	if err != nil || len(heads) == 0 {
		return nil, "", s.fail("search rooms", err)
	}
	ids, next, err := s.matchingInRooms(ctx, q, cursor, heads)
	if err != nil || len(ids) == 0 {
		return nil, next, s.fail("search", err)
	}
	results, err := s.foundMessages(ctx, q, ids)
	return results, next, s.fail("read search results", err)
}

// searchedRooms returns the rooms of the viewer with their heads.
func (s *Store) searchedRooms(ctx context.Context, q chat.SearchQuery) (map[int64]int64, error) {
	heads := map[int64]int64{}
	err := forEachRow(ctx, s.read, func(r row) error {
		var room, head int64
		err := r.Scan(&room, &head)
		heads[room] = head
		return err
	}, `SELECT me.room_id, r.head FROM room_members me JOIN rooms r ON r.id = me.room_id
		WHERE me.user_id = $1 AND (CAST($2 AS bigint) = 0 OR me.room_id = $2)`, int64(q.Viewer), int64(q.Room))
	return heads, err
}

// matchingInRooms runs matching on the replica if that has all changes of the rooms, otherwise on
// the primary. What it finds is read again by foundMessages, from the primary and only for members.
func (s *Store) matchingInRooms(ctx context.Context, q chat.SearchQuery, cursor searchCursor, heads map[int64]int64) (ids []int64, next string, err error) {
	rooms := slices.Sorted(maps.Keys(heads))
	if s.replicaSearch(ctx, heads, func(ctx context.Context, from querier) (err error) {
		ids, next, err = s.matching(ctx, from, q, cursor, rooms)
		return err
	}) {
		return ids, next, nil
	}
	return s.matching(ctx, s.read, q, cursor, rooms)
}

// indexView describes which messages a search can leave to the index.
type indexView struct {
	upTo   chat.MessageID // 0 for none
	edited []int64        // messages whose indexed text may be outdated
}

// viewIndex returns the messages that are indexed with a folding version.
func (s *Store) viewIndex(ctx context.Context, from querier, folding int) (v indexView, err error) {
	state, err := readIndexState(ctx, from, "")
	if err != nil || state.folding != folding {
		return v, err
	}
	v.upTo = state.folded
	v.edited, err = queryAll(ctx, from, scanValue[int64], `SELECT DISTINCT message_id FROM search_edits LIMIT $1`, maxEdits)
	if len(v.edited) == maxEdits {
		return indexView{}, err
	}
	return v, err
}

// matching returns the ids of one page and the cursor of the next page. If the viewer sees few of the
// server's newest messages, it also reads the newest of the viewer's rooms before it uses the index,
// which is slow for a word that is common in the other rooms.
func (s *Store) matching(ctx context.Context, from querier, q chat.SearchQuery, cursor searchCursor, rooms []int64) ([]int64, string, error) {
	index, err := s.viewIndex(ctx, from, q.Folding)
	if err != nil {
		return nil, "", err
	}
	var ids []int64
	left, end := searchText, s.now().Add(searchTime)
	dense := false
	for round := 0; round < searchRounds && left > 0; round++ {
		indexed := len(q.Indexed) > 0 && cursor.Before <= index.upTo+1
		query := candidateQuery{q, from, index, rooms, cursor.Before, left}
		var b batch
		switch {
		case round == 0:
			b, err = s.searchWindow(ctx, query)
			dense = len(b.candidates)*denseShare >= s.windowSize()
		case !indexed:
			b, err = s.searchNewest(ctx, query, newestRows)
		case round == 1 && !dense:
			b, err = s.searchNewest(ctx, query, newestRowsIndexed)
		default:
			b, err = s.searchIndexed(ctx, query)
		}
		if err != nil {
			return nil, "", err
		}
		for _, c := range b.candidates {
			if matches(q, c.text) {
				if len(ids) == q.Limit {
					return ids, writeCursor(cursor), nil
				}
				ids = append(ids, int64(c.id))
			}
			cursor.Before = c.id
			left -= len(c.text)
			if s.now().After(end) { // folding is much slower for some scripts
				return ids, writeCursor(cursor), nil
			}
		}
		if !b.more {
			return ids, "", nil
		}
		cursor.Before = b.end
	}
	return ids, writeCursor(cursor), nil
}

// matches reports whether text matches the query. A text for which the folding panics does
// not match; the indexer reports it.
func matches(q chat.SearchQuery, text string) (ok bool) {
	err := recovery.Do(recovery.Read, nil, func() error { ok = q.Matches(text); return nil })
	return err == nil && ok
}

// candidateQuery selects the newest messages before a message that may match.
type candidateQuery struct {
	chat.SearchQuery
	from   querier
	index  indexView
	rooms  []int64
	before chat.MessageID
	most   int // bytes of text to read; one message more may be read
}

// batch contains all messages from end on that may match, newest first.
type batch struct {
	candidates []candidate
	end        chat.MessageID
	more       bool // there may be messages below end
}

// windowSize is the number of ids in the window of searchWindow.
func (s *Store) windowSize() int { return 2 * s.newestBatch }

// searchWindow reads the viewer's messages among the newest of the server, regardless of how many rooms
// there are.
func (s *Store) searchWindow(ctx context.Context, q candidateQuery) (b batch, err error) {
	var newest chat.MessageID
	if err := q.from.QueryRowContext(ctx, `SELECT COALESCE(max(id), 0) FROM messages WHERE id < $1`, int64(q.before)).Scan(&newest); err != nil {
		return b, err
	}
	first := newest - chat.MessageID(s.windowSize()) + 1
	// The plus prevents the use of the index of rooms.
	b, err = s.candidates(ctx, q, candidateSource{
		from: "messages m", where: s.dialect.in("+m.room_id", 1, bigintList) + " AND " + searchable("m") + " AND m.id >= $7", order: "m.id",
		args: []any{int64(first)},
	}, s.windowSize())
	if !b.more {
		b.end, b.more = first, first > 1
	}
	return b, err
}

// searchNewest reads messages without the index. The newest of all rooms are among the newest
// of each room, so it reads rooms × limit rows, and at most as many as rows if the rooms are not too many.
func (s *Store) searchNewest(ctx context.Context, q candidateQuery, rows int) (batch, error) {
	return s.candidates(ctx, q, s.dialect.newestCandidates(), min(s.newestBatch, max(newestMin, rows/len(q.rooms))))
}

// searchIndexed reads the messages that the index finds, and the edited messages.
func (s *Store) searchIndexed(ctx context.Context, q candidateQuery) (batch, error) {
	found, err := s.candidates(ctx, q, s.dialect.indexedCandidates(q.Indexed), indexedBatch)
	if err != nil || len(q.index.edited) == 0 {
		return found, err
	}
	edited, err := s.candidates(ctx, q, candidateSource{
		from: "messages m", where: s.dialect.in("m.room_id", 1, bigintList) + " AND " + searchable("m") + " AND " + s.dialect.in("m.id", 7, bigintList), order: "m.id",
		args: []any{s.dialect.list(q.index.edited)},
	}, indexedBatch)
	if err != nil {
		return batch{}, err
	}
	b := batch{append(found.candidates, edited.candidates...), max(found.end, edited.end), found.more || edited.more}
	b.candidates = slices.DeleteFunc(b.candidates, func(c candidate) bool { return c.id < b.end })
	slices.SortFunc(b.candidates, func(a, b candidate) int { return cmp.Compare(b.id, a.id) })
	b.candidates = slices.CompactFunc(b.candidates, func(a, b candidate) bool { return a.id == b.id })
	return b, nil
}

// candidates returns at most limit messages. Without more, end is 0.
func (s *Store) candidates(ctx context.Context, q candidateQuery, source candidateSource, limit int) (b batch, err error) {
	left := q.most
	args := append([]any{s.dialect.list(q.rooms), int64(q.before), limit, int64(q.Author), int64(q.Since), int64(q.Until)}, source.args...)
	err = forEachRow(ctx, q.from, func(r row) error {
		var c candidate
		if err := r.Scan(&c.id, &c.text); err != nil {
			return err
		}
		b.candidates = append(b.candidates, c)
		if left -= len(c.text); left <= 0 {
			return errEnough
		}
		return nil
	}, `SELECT m.id, m.text FROM `+source.from+` WHERE `+source.where+` ORDER BY `+source.order+` DESC LIMIT $3`, args...)
	if errors.Is(err, errEnough) || err == nil && len(b.candidates) == limit {
		b.end, b.more = b.candidates[len(b.candidates)-1].id, true
		err = nil
	}
	return b, err
}

// errEnough stops reading rows.
var errEnough = errors.New("enough")

// foundMessages reads messages with their rooms, if the viewer may still see them.
func (s *Store) foundMessages(ctx context.Context, q chat.SearchQuery, ids []int64) ([]chat.FoundMessage, error) {
	messages, err := s.messages(ctx, q.Viewer, messageQuery{` WHERE ` + s.dialect.in("m.id", 1, bigintList) + ` AND m.deleted_at IS NULL
		AND EXISTS (SELECT 1 FROM room_members me WHERE me.room_id = m.room_id AND me.user_id = $2)
		ORDER BY m.id DESC`, []any{s.dialect.list(ids), int64(q.Viewer)}})
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

// roomNames returns the names of the rooms of messages.
func (s *Store) roomNames(ctx context.Context, messages []chat.Message) (map[chat.RoomID]string, error) {
	var ids []int64
	for _, m := range messages {
		ids = append(ids, int64(m.RoomID))
	}
	var rooms []*chat.Room
	err := forEachRow(ctx, s.read, func(r row) error {
		room, err := s.scanRoom(r)
		rooms = append(rooms, &room)
		return err
	}, `SELECT `+roomColumns+` FROM rooms r WHERE `+s.dialect.in("r.id", 1, bigintList), s.dialect.list(ids))
	if err == nil {
		err = s.addDirectNames(ctx, s.read, rooms)
	}
	names := make(map[chat.RoomID]string, len(rooms))
	for _, room := range rooms {
		names[room.ID] = room.Name
	}
	return names, err
}
