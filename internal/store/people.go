package store

import (
	"context"
	"slices"

	"github.com/chillin-chat/chillin/internal/chat"
)

// writable is the condition that a user u is one that the viewer $1 may write to at the time
// $2: the rule of a new direct room. The lists of blocks are read once for all users.
const writable = `u.id <> $1 AND u.deleted_at IS NULL AND u.disabled_at IS NULL AND (u.expires_at IS NULL OR u.expires_at > $2)
	AND u.id NOT IN (SELECT b.blocked_id FROM user_blocks b WHERE b.blocker_id = $1)
	AND u.id NOT IN (SELECT b.blocker_id FROM user_blocks b WHERE b.blocked_id = $1)`

// acquainted is the condition that u shares a room with the viewer $1.
const acquainted = `u.id IN (SELECT o.user_id FROM room_members me JOIN room_members o ON o.room_id = me.room_id WHERE me.user_id = $1)`

// listed is the condition that users who share no room with u can find it, too.
const listed = `NOT u.guest AND (u.role <> 'bot' OR u.owner_id IS NOT NULL)`

// People returns users that the viewer may write to: first those that share a room with the viewer.
// The others are read only if the limit is not reached.
func (s *Store) People(ctx context.Context, q chat.PeopleQuery) ([]chat.User, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	people, err := s.findPeople(ctx, q, acquainted)
	if err == nil && q.Everyone && len(people) < q.Limit {
		people, err = s.addListed(ctx, q, people)
	}
	return people, s.fail("find people", err)
}

// addListed appends users that share no room with the viewer to those that do. The one with the
// username q.Username is found among any number of users.
func (s *Store) addListed(ctx context.Context, q chat.PeopleQuery, people []chat.User) ([]chat.User, error) {
	var named []chat.User
	if q.Username != "" {
		var err error
		named, err = s.queryUsers(ctx, `SELECT `+userColumns+` FROM users u WHERE `+writable+` AND `+listed+` AND u.username = $3`,
			int64(q.Viewer), int64(s.clock()), q.Username)
		if err != nil {
			return nil, err
		}
	}
	others, err := s.findPeople(ctx, q, listed)
	for _, u := range append(named, others...) {
		known := slices.ContainsFunc(people, func(p chat.User) bool { return p.ID == u.ID })
		if !known && len(people) < q.Limit {
			people = append(people, u)
		}
	}
	return people, err
}

// findPeople returns up to q.Limit users that meet a condition.
func (s *Store) findPeople(ctx context.Context, q chat.PeopleQuery, condition string) ([]chat.User, error) {
	from := ` FROM users u WHERE ` + writable + ` AND ` + condition
	viewer, now := int64(q.Viewer), int64(s.clock())
	if q.Rank == nil {
		return s.queryUsers(ctx, `SELECT `+userColumns+from+` ORDER BY u.username LIMIT $3`, viewer, now, q.Limit)
	}
	found, _, err := s.rankNames(ctx, chat.MemberQuery{Limit: q.Limit, Rank: q.Rank}, memberCursor{}, from, viewer, now)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	users, err := s.queryUsers(ctx, `SELECT `+userColumns+` FROM users u WHERE `+s.dialect.in("u.id", 1, bigintList), s.dialect.list(found))
	sortByIDs(users, found, func(u chat.User) chat.UserID { return u.ID })
	return users, err
}
