package store

import (
	"context"

	"github.com/chillin-chat/chillin/internal/chat"
)

// writable is the condition that a user u is one to whom the viewer $1 may write at the time
// $2: the rule of a new direct room. The lists of blocks are read once for all users.
const writable = `u.id <> $1 AND u.deleted_at IS NULL AND u.disabled_at IS NULL AND (u.expires_at IS NULL OR u.expires_at > $2)
	AND u.id NOT IN (SELECT b.blocked_id FROM user_blocks b WHERE b.blocker_id = $1)
	AND u.id NOT IN (SELECT b.blocker_id FROM user_blocks b WHERE b.blocked_id = $1)`

// acquainted is the condition that u shares a room with the viewer $1.
const acquainted = `u.id IN (SELECT o.user_id FROM room_members me JOIN room_members o ON o.room_id = me.room_id WHERE me.user_id = $1)`

// listed is the condition that users who share no room with u can find it, too.
const listed = `NOT u.guest AND (u.role <> 'bot' OR u.owner_id IS NOT NULL)`

// People returns users to whom the viewer may write: first those that share a room with the viewer.
func (s *Store) People(ctx context.Context, q chat.PeopleQuery) ([]chat.User, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	conditions := []string{acquainted}
	if q.Everyone {
		conditions = append(conditions, listed)
	}
	var people []chat.User
	known := map[chat.UserID]bool{}
	for _, condition := range conditions {
		found, err := s.findPeople(ctx, q, condition)
		if err != nil {
			return nil, s.fail("find people", err)
		}
		for _, u := range found {
			if !known[u.ID] && len(people) < q.Limit {
				known[u.ID] = true
				people = append(people, u)
			}
		}
		if len(people) == q.Limit {
			break
		}
	}
	return people, nil
}

// findPeople returns up to q.Limit users that meet a condition.
func (s *Store) findPeople(ctx context.Context, q chat.PeopleQuery, condition string) ([]chat.User, error) {
	from := ` FROM users u WHERE ` + writable + ` AND ` + condition
	viewer, now := int64(q.Viewer), int64(s.clock())
	scan := func(r row) (chat.User, error) { return scanUser(r) }
	if q.Rank == nil {
		return queryAll(ctx, s.read, scan, `SELECT `+userColumns+from+` ORDER BY u.username LIMIT $3`, viewer, now, q.Limit)
	}
	found, _, err := s.rankNames(ctx, chat.MemberQuery{Limit: q.Limit, Rank: q.Rank}, memberCursor{}, from, viewer, now)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	users, err := queryAll(ctx, s.read, scan, `SELECT `+userColumns+` FROM users u WHERE `+s.dialect.in("u.id", 1, bigintList), s.dialect.list(found))
	sortByIDs(users, found, func(u chat.User) chat.UserID { return u.ID })
	return users, err
}
