package wire

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/chillin-chat/chillin/internal/chat"
)

var lobby = chat.Room{ID: 7, Name: "Lobby"}

func TestEncodeRoomEvent(t *testing.T) {
	text := chat.Message{RoomID: 7, Seq: 3, ChangeSeq: 3, Kind: chat.Text, Text: "hello", LastVerb: chat.Sent}
	edited, deleted, reacted, left, kicked := text, text, text, text, text
	edited.ChangeSeq, edited.LastVerb = 5, chat.Edited
	deleted.ChangeSeq, deleted.LastVerb, deleted.DeletedAt = 5, chat.Deleted, 1
	reacted.ChangeSeq, reacted.LastVerb, reacted.Reactions = 5, chat.Reacted, []chat.ReactionCount{{Emoji: "👍", Count: 1, UserIDs: []chat.UserID{9}}}
	left.System = &chat.SystemInfo{Action: chat.Left, UserID: 9}
	kicked.System = &chat.SystemInfo{Action: chat.Kicked, UserID: 9}
	for name, c := range map[string]struct {
		event chat.RoomEvent
		want  Envelope // Frame is compared by its type
		frame string
	}{
		"new":                     {chat.MessageChanged{Message: text, Seq: 3}, Envelope{Kind: Change, Room: 7, Seq: 3}, EventMessageNew},
		"edited":                  {chat.MessageChanged{Message: edited, Seq: 5}, Envelope{Kind: Change, Room: 7, Seq: 5}, EventMessageEdited},
		"deleted":                 {chat.MessageChanged{Message: deleted, Seq: 5}, Envelope{Kind: Change, Room: 7, Seq: 5}, EventMessageDeleted},
		"reaction":                {chat.MessageChanged{Message: reacted, Seq: 5}, Envelope{Kind: Change, Room: 7, Seq: 5, Personal: true}, EventMessageReaction},
		"new in a later state":    {chat.MessageChanged{Message: reacted, Seq: 3}, Envelope{Kind: Change, Room: 7, Seq: 3, Personal: true}, EventMessageNew},
		"left":                    {chat.MessageChanged{Message: left, Seq: 3}, Envelope{Kind: MemberLeft, Room: 7, Seq: 3, User: 9}, EventMessageNew},
		"kicked":                  {chat.MessageChanged{Message: kicked, Seq: 3}, Envelope{Kind: MemberKicked, Room: 7, Seq: 3, User: 9}, EventMessageNew},
		"left, at another number": {chat.MessageChanged{Message: left, Seq: 4}, Envelope{Kind: Change, Room: 7, Seq: 4}, EventMessageEdited},
		"room changed":            {chat.RoomChanged{Room: lobby}, Envelope{Kind: RoomChanged, Room: 7}, EventRoomUpdated},
		"room deleted":            {chat.RoomDeleted{Room: 7}, Envelope{Kind: RoomDeleted, Room: 7}, ""},
	} {
		t.Run(name, func(t *testing.T) { wantEnvelope(t, EncodeRoomEvent(c.event), c.want, c.frame) })
	}
}

func TestEncodeUserEvent(t *testing.T) {
	bob := chat.Membership{UserID: 9, RoomID: 7}
	for name, c := range map[string]struct {
		event chat.UserEvent
		want  Envelope
		frame string
	}{
		"session ended":        {chat.SessionEnded{User: 9, Session: 4}, Envelope{Kind: SessionEnded, User: 9, Session: 4}, ""},
		"other sessions ended": {chat.OtherSessionsEnded{User: 9, Kept: 4}, Envelope{Kind: OtherSessionsEnded, User: 9, Session: 4}, ""},
		"member added":         {chat.MemberAdded{Room: lobby, Membership: bob, Conn: "c"}, Envelope{Kind: UserFrame, User: 9, Except: "c"}, EventRoomAdded},
		"membership changed":   {chat.MembershipChanged{Membership: bob}, Envelope{Kind: UserFrame, User: 9}, EventMembershipUpdated},
		"read":                 {chat.ReadMarked{User: 9, Room: 7, Conn: "c"}, Envelope{Kind: UserFrame, User: 9, Except: "c"}, EventReadUpdated},
		"user changed":         {chat.UserChanged{User: chat.User{ID: 9}, Rooms: []chat.RoomID{7}}, Envelope{Kind: UserChanged, User: 9, Rooms: []chat.RoomID{7}}, EventUserUpdated},
	} {
		t.Run(name, func(t *testing.T) { wantEnvelope(t, EncodeUserEvent(c.event), c.want, c.frame) })
	}
}

func wantEnvelope(t *testing.T, got, want Envelope, frame string) {
	t.Helper()
	var head struct{ Type string }
	if got.Frame != nil {
		if err := json.Unmarshal(got.Frame, &head); err != nil || strings.ContainsRune(string(got.Frame), '\n') {
			t.Errorf("frame = %s, %v, want one JSON object without a line feed", got.Frame, err)
		}
	}
	got.Frame = nil
	if !reflect.DeepEqual(got, want) || head.Type != frame {
		t.Errorf("envelope = %+v with %q, want %+v with %q", got, head.Type, want, frame)
	}
}

// A frame that is decoded and encoded again is the same, so that the receivers of another
// node's event do not differ from those of a node that read it from the store.
func TestDecodeChangeInvertsEncode(t *testing.T) {
	m := chat.Message{
		ID: 1, RoomID: 7, Seq: 3, ChangeSeq: 5, CID: "x", Kind: chat.Text, Text: "hello", HTML: "<p>hello</p>",
		Mentions: []chat.UserID{}, Attachments: []chat.MessageAttachment{}, CreatedAt: 1_700_000_000_000,
		Reactions: []chat.ReactionCount{{Emoji: "👍", Count: 1, UserIDs: []chat.UserID{9}}},
	}
	for _, verb := range []chat.Verb{chat.Edited, chat.Deleted, chat.Reacted} {
		m.LastVerb, m.DeletedAt = verb, 0
		if verb == chat.Deleted {
			m.DeletedAt = 1_700_000_000_001
		}
		frame := EncodeRoomEvent(chat.MessageChanged{Message: m, Seq: 5}).Frame
		got, err := DecodeChange(frame)
		if err != nil || !reflect.DeepEqual(got, chat.MessageChanged{Message: m, Seq: 5}) {
			t.Errorf("%s: decoded %+v, %v, want %+v", verb, got, err, m)
		}
		if again := EncodeRoomEvent(got).Frame; string(again) != string(frame) {
			t.Errorf("%s: encoded again\n%s\nwant\n%s", verb, again, frame)
		}
	}
	if _, err := DecodeChange([]byte(`{"type":"message:new","data":[]}`)); err == nil {
		t.Error("an array was decoded as a change")
	}
}

func TestEpochAcceptsAnyJSON(t *testing.T) {
	for in, want := range map[string]Epoch{`"e1"`: "e1", `7`: "7", `null`: "", `{"a":1}`: `{"a":1}`} {
		var got Epoch
		if err := json.Unmarshal([]byte(in), &got); err != nil || got != want {
			t.Errorf("epoch %s = %q, %v, want %q", in, got, err, want)
		}
	}
}
