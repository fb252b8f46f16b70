package cache

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/metrics"
)

const lobby chat.RoomID = 7

func newMessages(t *testing.T) (p *Messages, advance func(time.Duration)) {
	t.Helper()
	now := time.Unix(1_700_000_000, 0)
	return NewMessages(metrics.New(), func() time.Time { return now }), func(d time.Duration) { now = now.Add(d) }
}

func message(seq chat.Seq, text string) chat.Message {
	return chat.Message{ID: chat.MessageID(100 + seq), RoomID: lobby, Seq: seq, ChangeSeq: seq, Kind: chat.Text, Text: text}
}

func page(from, to chat.Seq) chat.Page {
	p := chat.Page{Head: to, HasMore: from > 1}
	for seq := from; seq <= to; seq++ {
		p.Messages = append(p.Messages, message(seq, "text"))
	}
	return p
}

// seqs returns the numbers of the messages of the page cached as of head.
func seqs(t *testing.T, p *Messages, head chat.Seq) []chat.Seq {
	t.Helper()
	page, ok := p.Get(lobby, head)
	if !ok {
		t.Fatalf("no page is cached as of %d", head)
	}
	var all []chat.Seq
	for _, m := range page.Messages {
		all = append(all, m.Seq)
	}
	return all
}

func TestGetRequiresTheSameHead(t *testing.T) {
	p, _ := newMessages(t)
	p.Put(lobby, page(1, 3))
	for _, head := range []chat.Seq{2, 4} {
		if _, ok := p.Get(lobby, head); ok {
			t.Errorf("the page of 3 is returned as of %d", head)
		}
	}
	if _, ok := p.Get(lobby+1, 3); ok {
		t.Error("the page is returned for another room")
	}
	if got := seqs(t, p, 3); !slices.Equal(got, []chat.Seq{1, 2, 3}) {
		t.Errorf("messages = %v, want 1 2 3", got)
	}
}

func TestPutKeepsANewerPage(t *testing.T) {
	p, _ := newMessages(t)
	p.Put(lobby, page(1, 3))
	p.Put(lobby, page(1, 2))
	seqs(t, p, 3)
}

func TestPagesExpire(t *testing.T) {
	p, advance := newMessages(t)
	p.Put(lobby, page(1, 3))
	advance(pageLife + time.Second)
	if _, ok := p.Get(lobby, 3); ok {
		t.Error("an old page is returned as the newest")
	}
	if latest, ok := p.GetStale(lobby); !ok || latest.Head != 3 {
		t.Errorf("Latest = %d, %t, want 3: the store may be unavailable", latest.Head, ok)
	}
	p.Put(lobby, page(1, 2)) // as after a restore
	seqs(t, p, 2)
}

func TestApply(t *testing.T) {
	p, _ := newMessages(t)
	before := page(1, 2)
	p.Put(lobby, before)
	answer := message(3, "no")
	answer.ReplyTo = chat.NewReply(101, 1, chat.Author{}, "text")
	p.Apply(changed(answer, 3))
	edited := message(1, "other")
	edited.HTML = "<p>other</p>\n"
	edited.ChangeSeq, edited.LastVerb = 4, chat.Edited
	p.Apply(changed(edited, 4))
	got, ok := p.Get(lobby, 4)
	if !ok || len(got.Messages) != 3 || got.Messages[0].Text != "other" || got.Messages[2].Text != "no" {
		t.Fatalf("page = %+v, %t", got, ok)
	}
	if quoted := got.Messages[2].ReplyTo.Excerpt; quoted != "other" {
		t.Errorf("the reply quotes %q, want the current text", quoted)
	}
	if before.Messages[0].Text != "text" || len(before.Messages) != 2 {
		t.Error("a returned page was modified")
	}
}

func TestApplyStopsAtAGap(t *testing.T) {
	p, _ := newMessages(t)
	p.Put(lobby, page(1, 2))
	p.Apply(changed(message(4, "4"), 4))
	if _, ok := p.Get(lobby, 4); ok {
		t.Error("a page with a gap is returned")
	}
	p.Apply(changed(message(2, "again"), 2))
	seqs(t, p, 2)
}

func TestApplyPlacesAMessageByItsOwnNumber(t *testing.T) {
	p, _ := newMessages(t)
	p.Put(lobby, page(1, 2))
	p.Apply(changed(message(4, "4"), 3)) // the message of change 3 is newer
	p.Apply(changed(message(4, "4"), 4))
	p.Apply(changed(message(5, "5"), 5))
	if got := seqs(t, p, 5); !slices.Equal(got, []chat.Seq{1, 2, 4, 5}) {
		t.Errorf("messages = %v", got)
	}
}

func TestApplyKeepsThePageSize(t *testing.T) {
	p, _ := newMessages(t)
	p.Put(lobby, page(11, 60))
	p.Apply(changed(message(61, "new"), 61))
	old := message(3, "edited long after")
	old.ChangeSeq, old.LastVerb = 62, chat.Edited
	p.Apply(changed(old, 62))
	got, ok := p.Get(lobby, 62)
	if !ok || len(got.Messages) != chat.DefaultPage || got.Messages[0].Seq != 12 || !got.HasMore {
		t.Fatalf("page of %d from %d, more %t, %t", len(got.Messages), got.Messages[0].Seq, got.HasMore, ok)
	}
}

func TestCacheSizeIsLimited(t *testing.T) {
	p, _ := newMessages(t)
	p.most = 100_000
	for room := range chat.RoomID(50) {
		big := page(1, 3)
		big.Messages[0].Text = strings.Repeat("x", 10_000)
		p.Put(room+1, big)
		if _, ok := p.GetStale(1); !ok {
			t.Fatal("the most used page was evicted")
		}
		if p.bytes > p.most || len(p.rooms) != p.used.Len() {
			t.Fatalf("%d bytes of %d rooms and %d entries, want at most %d", p.bytes, len(p.rooms), p.used.Len(), p.most)
		}
	}
	if n := len(p.rooms); n < 5 || n > 8 {
		t.Errorf("pages = %d, want about 8", n)
	}
	if _, ok := p.GetStale(50); !ok {
		t.Error("the last page was evicted")
	}
	huge := page(1, 1)
	huge.Messages[0].Text = strings.Repeat("x", p.most)
	p.Put(99, huge)
	if p.bytes > p.most {
		t.Errorf("a page larger than the cache was stored: %d bytes", p.bytes)
	}
}

// changed returns the change of m that took seq.
func changed(m chat.Message, seq chat.Seq) chat.MessageChanged {
	return chat.MessageChanged{Message: m, Seq: seq}
}
