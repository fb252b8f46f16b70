package store

import (
	"context"
	"slices"

	"github.com/chillin-chat/chillin/internal/chat"
)

// unreadMentions counts, like unread, what mentions the member me.
const unreadMentions = `(SELECT count(*) FROM (SELECT 1 FROM mentions n WHERE n.user_id = me.user_id AND n.room_id = me.room_id
	AND n.seq > me.last_read LIMIT 1000) AS named)`

// addMentions enters whom m mentions: those who are members now, and not its author.
func addMentions(m chat.Message) []step {
	var steps []step
	for _, user := range mentionedBesides(m.Mentions, m.Author.ID) {
		steps = append(steps, do(`
			INSERT INTO mentions (user_id, room_id, seq, message_id)
			SELECT me.user_id, me.room_id, $3, $4 FROM room_members me WHERE me.user_id = $1 AND me.room_id = $2`,
			int64(user), int64(m.RoomID), int64(m.Seq), int64(m.ID)))
	}
	return steps
}

func dropMentions(m chat.Message) []step {
	if len(m.Mentions) == 0 {
		return nil
	}
	return []step{do(`DELETE FROM mentions WHERE message_id = $1`, int64(m.ID))}
}

func mentionedBesides(users []chat.UserID, author chat.UserID) []chat.UserID {
	return slices.DeleteFunc(slices.Clone(users), func(user chat.UserID) bool { return user == author })
}

// MembersNamed returns those of names that are members'.
func (s *Store) MembersNamed(ctx context.Context, room chat.RoomID, names []string) (map[string]chat.UserID, error) {
	ctx, cancel := bound(ctx)
	defer cancel()
	members := make(map[string]chat.UserID, len(names))
	err := each(ctx, s.read, func(r row) error {
		var name string
		var id chat.UserID
		err := r.Scan(&name, &id)
		members[name] = id
		return err
	}, `SELECT u.username, u.id FROM users u JOIN room_members me ON me.user_id = u.id
		WHERE me.room_id = $1 AND `+s.engine.inTexts("u.username", 2), int64(room), s.engine.texts(names))
	return members, s.fail("find mentioned", err)
}
