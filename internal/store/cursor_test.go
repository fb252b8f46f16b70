package store

import (
	"testing"

	"github.com/chillin-chat/chillin/internal/chat"
)

// FuzzCursor requests pages with arbitrary cursors. The result must be a page or BAD_REQUEST,
// never another error.
func FuzzCursor(f *testing.F) {
	f.Add(writeCursor(roomCursor{Sort: chat.ByName, Name: "a", ID: 1}))
	f.Add(writeCursor(roomCursor{Sort: chat.ByActive, Rank: -1, ID: 1 << 62}))
	f.Add("bnVsbA")
	s := openTestSQLite(f)
	owner := register(f, s, "owner")
	createRoom(f, s, owner, "a")
	createRoom(f, s, owner, "b")
	f.Fuzz(func(t *testing.T, cursor string) {
		for sort := range roomOrders {
			_, _, err := s.ListRooms(t.Context(), chat.RoomQuery{Viewer: 1, Sort: sort, Limit: 1, Cursor: cursor})
			if err != nil && chat.CodeOf(err) != chat.BadRequest {
				t.Fatalf("cursor %q by %s: %v", cursor, sort, err)
			}
		}
		_, _, err := s.Members(t.Context(), 1, chat.MemberQuery{Limit: 1, Cursor: cursor})
		if err != nil && chat.CodeOf(err) != chat.BadRequest {
			t.Fatalf("cursor %q of members: %v", cursor, err)
		}
	})
}
