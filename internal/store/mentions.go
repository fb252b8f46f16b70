package store

import (
	"context"
	"slices"

	"github.com/chillin-chat/chillin/internal/chat"
)

// unreadMentions counts the unread messages that mention the member me, among the newest 1000
// of them, without those of authors that the member has blocked. They are left out here and
// not when they are stored, so that a block also concerns older messages, and ends. Only for
// members that have blocked a user it reads the messages.
const unreadMentions = `CASE WHEN EXISTS (SELECT 1 FROM user_blocks b WHERE b.blocker_id = me.user_id)
	THEN (SELECT count(*) FROM (SELECT n.message_id FROM mentions n WHERE n.user_id = me.user_id AND n.room_id = me.room_id
		AND n.seq > me.last_read ORDER BY n.seq DESC LIMIT 1000) AS named
		WHERE NOT EXISTS (SELECT 1 FROM user_blocks b WHERE b.blocker_id = me.user_id
			AND b.blocked_id = (SELECT m.author_id FROM messages m WHERE m.id = named.message_id)))
	ELSE (SELECT count(*) FROM (SELECT 1 FROM mentions n WHERE n.user_id = me.user_id AND n.room_id = me.room_id
		AND n.seq > me.last_read LIMIT 1000) AS named) END`

// insertMentionStmts record the users that m mentions, except its author and users that are
// not members.
func insertMentionStmts(m chat.Message) []stmt {
	var stmts []stmt
	for _, user := range without(m.Mentions, m.Author.ID) {
		stmts = append(stmts, exec(`
			INSERT INTO mentions (user_id, room_id, seq, message_id)
			SELECT me.user_id, me.room_id, $3, $4 FROM room_members me WHERE me.user_id = $1 AND me.room_id = $2`,
			int64(user), int64(m.RoomID), int64(m.Seq), int64(m.ID)))
	}
	return stmts
}

func deleteMentionStmts(m chat.Message) []stmt {
	if len(m.Mentions) == 0 {
		return nil
	}
	return []stmt{exec(`DELETE FROM mentions WHERE message_id = $1`, int64(m.ID))}
}

// without returns users without author.
func without(users []chat.UserID, author chat.UserID) []chat.UserID {
	return slices.DeleteFunc(slices.Clone(users), func(user chat.UserID) bool { return user == author })
}

// MembersByName returns the members of a room with the given usernames.
func (s *Store) MembersByName(ctx context.Context, room chat.RoomID, names []string) (map[string]chat.UserID, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	members := make(map[string]chat.UserID, len(names))
	err := forEachRow(ctx, s.read, func(r row) error {
		var name string
		var id chat.UserID
		err := r.Scan(&name, &id)
		members[name] = id
		return err
	}, `SELECT u.username, u.id FROM users u JOIN room_members me ON me.user_id = u.id
		WHERE me.room_id = $1 AND `+s.dialect.in("u.username", 2, textList), int64(room), s.dialect.list(names))
	return members, s.fail("find mentioned members", err)
}
