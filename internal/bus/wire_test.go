package bus

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/chillin-chat/chillin/internal/chat"
)

func TestLongFramesOfDurableEventsStayBehind(t *testing.T) {
	long := bytes.Repeat([]byte("x"), maxFrame+1)
	for _, c := range []struct {
		in   chat.Event
		want []byte
	}{
		{chat.Event{Kind: chat.Change, Room: 7, Seq: 3, Frame: long[:maxFrame]}, long[:maxFrame]},
		{chat.Event{Kind: chat.Change, Room: 7, Seq: 3, Frame: long}, nil},
		{chat.Event{Kind: chat.MemberLeft, Room: 7, Seq: 3, User: 9, Frame: long}, nil},
		{chat.Event{Kind: chat.RoomChanged, Room: 7, Frame: long}, long}, // could be had nowhere else
	} {
		got, err := decodeEvent(string(encodeEvent(c.in)))
		if err != nil {
			t.Fatal(err)
		}
		want := c.in
		want.Frame = c.want
		if !reflect.DeepEqual(got, want) {
			t.Errorf("event of kind %d with %d bytes came as %+v, want %+v", c.in.Kind, len(c.in.Frame), got, want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(string(encodeEvent(chat.Event{Kind: chat.MemberLeft, Room: 7, Seq: 1 << 40, User: 9, Frame: []byte("{}")})))
	f.Add(string(encodeNotice(chat.Notice{Kind: chat.ForUser, User: 7, Session: 8, Except: "x", Frame: []byte("{}")})))
	f.Add("")
	f.Add("\x01\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")
	f.Add("\x02\x01\x01\x01\x01")
	f.Fuzz(func(t *testing.T, payload string) {
		if e, err := decodeEvent(payload); err == nil && len(e.Frame) <= maxFrame {
			if again, err := decodeEvent(string(encodeEvent(e))); err != nil || !reflect.DeepEqual(again, e) {
				t.Errorf("%+v comes back as %+v, %v", e, again, err)
			}
		}
		if n, err := decodeNotice(payload); err == nil {
			if again, err := decodeNotice(string(encodeNotice(n))); err != nil || !reflect.DeepEqual(again, n) {
				t.Errorf("%+v comes back as %+v, %v", n, again, err)
			}
		}
	})
}

func BenchmarkWire(b *testing.B) {
	e := chat.Event{Kind: chat.Change, Room: 7, Seq: 123456, Frame: bytes.Repeat([]byte("x"), 400)}
	b.ReportAllocs()
	for b.Loop() {
		payload := encodeEvent(e)
		if _, err := decodeEvent(string(payload)); err != nil {
			b.Fatal(err)
		}
	}
}
