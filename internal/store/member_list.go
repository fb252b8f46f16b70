package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/chillin-chat/chillin/internal/chat"
)

// maxNames limits the names that one search compares. It takes a tenth of a second to read and
// compare them.
const maxNames = 50_000

// concurrentNameSearches is how many of these searches run at a time on one node.
const concurrentNameSearches = 2

// memberCursor is the last member of a page. Rank is its position in the order before its username.
type memberCursor struct {
	Rank     int    `json:"r,omitempty"`
	Username string `json:"u"`
}

// The ranks of members in a list without a search.
const (
	rankOnline = iota
	rankOther
)

// Members returns a page of members: the online ones first, each group by username. With a search,
// better matches come first in each group.
func (s *Store) Members(ctx context.Context, room chat.RoomID, q chat.MemberQuery) ([]chat.MemberView, string, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	var after memberCursor
	if q.Cursor != "" {
		var err error
		if after, err = readCursor[memberCursor](q.Cursor); err != nil {
			return nil, "", errBadCursor()
		}
	}
	list := s.listMembers
	if q.Rank != nil {
		list = s.searchMembers
	}
	page, next, err := list(ctx, room, q, after)
	return page, next, s.fail("list members", err)
}

// listMembers reads the online members after the cursor, and if the page has space for more, the others.
func (s *Store) listMembers(ctx context.Context, room chat.RoomID, q chat.MemberQuery, after memberCursor) (page []chat.MemberView, next string, err error) {
	online := s.dialect.list(append([]int64{}, q.Online...)) // the list nil is NULL
	isOnline := s.dialect.in("m.user_id", 4, bigintList)
	for rank := after.Rank; rank <= rankOther; rank++ {
		condition := map[int]string{rankOnline: isOnline, rankOther: "NOT " + isOnline}[rank]
		more, err := s.readMembers(ctx, ` AND u.username > $2 AND `+condition+` ORDER BY u.username LIMIT $3`,
			int64(room), after.Username, q.Limit-len(page)+1, online)
		if err != nil {
			return nil, "", err
		}
		page = append(page, more...)
		if len(page) > q.Limit {
			break
		}
		after = memberCursor{}
	}
	if len(page) <= q.Limit {
		return page, "", nil
	}
	page = page[:q.Limit]
	last := page[q.Limit-1].User
	rank := rankOther
	if slices.Contains(q.Online, int64(last.ID)) {
		rank = rankOnline
	}
	return page, writeCursor(memberCursor{rank, last.Username}), nil
}

// readMembers reads members of the room $1.
func (s *Store) readMembers(ctx context.Context, condition string, args ...any) ([]chat.MemberView, error) {
	return queryAll(ctx, s.read, func(r row) (m chat.MemberView, err error) {
		m.User, err = scanUser(r, &m.Role, &m.JoinedAt, &m.MutedUntil)
		m.MutedUntil = s.ifFuture(m.MutedUntil)
		return m, err
	}, `SELECT `+userColumns+`, m.role, m.joined_at, `+mutedUntil("m")+` FROM room_members m JOIN users u ON u.id = m.user_id
		WHERE m.room_id = $1`+condition, args...)
}

// searchMembers compares the names of all members, because they are compared in folded form.
func (s *Store) searchMembers(ctx context.Context, room chat.RoomID, q chat.MemberQuery, after memberCursor) ([]chat.MemberView, string, error) {
	found, next, err := s.rankNames(ctx, q, after, `FROM room_members m JOIN users u ON u.id = m.user_id WHERE m.room_id = $1`, int64(room))
	if err != nil || len(found) == 0 {
		return nil, next, err
	}
	members, err := s.readMembers(ctx, ` AND `+s.dialect.in("m.user_id", 2, bigintList), int64(room), s.dialect.list(found))
	sortByIDs(members, found, func(m chat.MemberView) chat.UserID { return m.User.ID })
	return members, next, err
}

// Member returns one member of a room.
func (s *Store) Member(ctx context.Context, room chat.RoomID, user chat.UserID) (chat.MemberView, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	members, err := s.readMembers(ctx, ` AND m.user_id = $2`, int64(room), int64(user))
	if err == nil && len(members) == 0 {
		err = sql.ErrNoRows
	}
	if err != nil {
		return chat.MemberView{}, s.fail("read member", err)
	}
	return members[0], nil
}

// sortByIDs brings a page of rows into the order of their ids.
func sortByIDs[T any](rows []T, order []int64, id func(T) chat.UserID) {
	slices.SortFunc(rows, func(a, b T) int {
		return cmp.Compare(slices.Index(order, int64(id(a))), slices.Index(order, int64(id(b))))
	})
}

// rankNames returns a page of the users u of a query that match a search, and the cursor of the next
// page. Few of these searches run at a time.
func (s *Store) rankNames(ctx context.Context, q chat.MemberQuery, after memberCursor, from string, args ...any) ([]int64, string, error) {
	if err := s.nameSearches.acquire(ctx); err != nil {
		return nil, "", chat.ErrUnavailable(err)
	}
	defer s.nameSearches.release()
	online := make(map[int64]bool, len(q.Online))
	for _, id := range q.Online {
		online[id] = true
	}
	type match struct {
		memberCursor
		id int64
	}
	compare := func(a, b memberCursor) int {
		return cmp.Or(cmp.Compare(a.Rank, b.Rank), cmp.Compare(a.Username, b.Username))
	}
	var matches []match
	err := forEachRow(ctx, s.read, func(r row) error {
		var m match
		var displayName string
		if err := r.Scan(&m.id, &m.Username, &displayName); err != nil {
			return err
		}
		rank, ok := q.Rank(m.Username, displayName)
		if !ok {
			return nil
		}
		if m.Rank = 1 + rank; !online[m.id] {
			m.Rank += chat.NameRanks
		}
		if compare(m.memberCursor, after) > 0 {
			matches = append(matches, m)
		}
		return nil
	}, `SELECT u.id, u.username, u.display_name `+from+fmt.Sprintf(` LIMIT %d`, maxNames), args...)
	if err != nil {
		return nil, "", err
	}
	slices.SortFunc(matches, func(a, b match) int { return compare(a.memberCursor, b.memberCursor) })
	next := ""
	if len(matches) > q.Limit {
		matches = matches[:q.Limit]
		next = writeCursor(matches[q.Limit-1].memberCursor)
	}
	ids := make([]int64, len(matches))
	for i, m := range matches {
		ids[i] = m.id
	}
	return ids, next, nil
}
