package wire

import (
	"strings"
	"testing"

	"github.com/chillin-chat/chillin/internal/chat"
)

// BenchmarkFrame measures the encoding of an event, once for all connections, and its decoding, which
// only a node does that keeps the page of the room in its cache.
func BenchmarkFrame(b *testing.B) {
	plain := chat.Message{
		ID: 812_345, RoomID: 42, Seq: 9_100, ChangeSeq: 9_100, CID: "6f0b1c1e-7f2d-4c1a-9d52-0a1b2c3d4e5f", Kind: chat.Text,
		Author: chat.Author{ID: 7, Username: "ada", DisplayName: "Ada Lovelace"}, CreatedAt: 1_790_000_000_000,
		Text: "What a fine day to measure something.", HTML: "<p>What a fine day to measure something.</p>",
	}
	long := plain
	long.Text = strings.Repeat("A <b>long</b> & \"quoted\" line.\n", 60)
	long.HTML = "<p>" + strings.Repeat("A &lt;b&gt;long&lt;/b&gt; &amp; \"quoted\" line.<br>\n", 60) + "</p>"
	long.Reactions = []chat.ReactionCount{{Emoji: "👍", Count: 3}}
	for name, m := range map[string]chat.Message{"a line": plain, "2,000 characters": long} {
		change := chat.MessageChanged{Message: m, Seq: m.ChangeSeq}
		frame := EncodeRoomEvent(change).Frame
		b.Run("encode "+name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(frame)))
			for b.Loop() {
				EncodeRoomEvent(change)
			}
		})
		b.Run("decode "+name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(frame)))
			for b.Loop() {
				if _, err := DecodeChange(frame); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
