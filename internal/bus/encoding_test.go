package bus

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/chillin-chat/chillin/internal/wire"
)

func TestLongFramesOfDurableEventsAreLeftOut(t *testing.T) {
	long := bytes.Repeat([]byte("x"), maxFrame+1)
	for _, c := range []struct {
		in   wire.Envelope
		want []byte
	}{
		{wire.Envelope{Kind: wire.Change, Room: 7, Seq: 3, Frame: long[:maxFrame]}, long[:maxFrame]},
		{wire.Envelope{Kind: wire.Change, Room: 7, Seq: 3, Frame: long}, nil},
		{wire.Envelope{Kind: wire.MemberLeft, Room: 7, Seq: 3, User: 9, Frame: long}, nil},
		{wire.Envelope{Kind: wire.RoomChanged, Room: 7, Frame: long}, long}, // is not in the store
	} {
		got, err := decode(string(encode(c.in)))
		if err != nil {
			t.Fatal(err)
		}
		want := c.in
		want.Frame = c.want
		if !reflect.DeepEqual(got, want) {
			t.Errorf("kind %d with %d bytes: decoded %+v, want %+v", c.in.Kind, len(c.in.Frame), got, want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(string(encode(wire.Envelope{Kind: wire.MemberLeft, Room: 7, Seq: 1 << 40, User: 9, Frame: []byte("{}")})))
	f.Add(string(encode(wire.Envelope{Kind: wire.UserFrame, User: 7, Session: 8, Except: "x", Frame: []byte("{}")})))
	f.Add("")
	f.Add("\x02\x01\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")
	f.Add("\x02\x01\x01\x01\x01")
	f.Fuzz(func(t *testing.T, payload string) {
		if e, err := decode(payload); err == nil && len(e.Frame) <= maxFrame {
			if again, err := decode(string(encode(e))); err != nil || !reflect.DeepEqual(again, e) {
				t.Errorf("encoded and decoded again = %+v, %v, want %+v", again, err, e)
			}
		}
	})
}

func BenchmarkWire(b *testing.B) {
	e := wire.Envelope{Kind: wire.Change, Room: 7, Seq: 123456, Frame: bytes.Repeat([]byte("x"), 400)}
	b.ReportAllocs()
	for b.Loop() {
		payload := encode(e)
		if _, err := decode(string(payload)); err != nil {
			b.Fatal(err)
		}
	}
}
