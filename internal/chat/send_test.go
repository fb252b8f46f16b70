package chat

import "testing"

func TestCanSend(t *testing.T) {
	draft := Draft{Room: 1, Author: 2, ReplyTo: 3, Attachments: []AttachmentID{4}}
	allowed := SendState{RoomExists: true, IsMember: true, ReplyRoom: 1, HasUploads: true, Now: 100}
	for _, c := range []struct {
		name   string
		change func(*SendState)
		want   Code
	}{
		{"a member may send", func(*SendState) {}, ""},
		{"a mute that has ended does not count", func(s *SendState) { s.MutedUntil = 100 }, ""},
		{"an unknown room", func(s *SendState) { s.RoomExists, s.IsMember = false, false }, NotFound},
		{"a non-member", func(s *SendState) { s.IsMember = false }, NotAMember},
		{"a non-member who is muted", func(s *SendState) { s.IsMember, s.MutedUntil = false, 200 }, NotAMember},
		{"a muted member", func(s *SendState) { s.MutedUntil = 101 }, Forbidden},
		{"a reply to a message of another room", func(s *SendState) { s.ReplyRoom = 9 }, NotFound},
		{"a reply to no message", func(s *SendState) { s.ReplyRoom = 0 }, NotFound},
		{"a file that is not the author's", func(s *SendState) { s.HasUploads = false }, NotFound},
	} {
		state := allowed
		c.change(&state)
		err := CanSend(draft, state)
		if err == nil && c.want != "" || err != nil && CodeOf(err) != c.want {
			t.Errorf("%s: err = %v, want code %q", c.name, err, c.want)
		}
	}
}
