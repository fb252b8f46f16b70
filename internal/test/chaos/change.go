package chaos

import (
	"fmt"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/client"
)

// rememberedPosts is how many of a room's latest messages a member may change.
const rememberedPosts = 12

// reactions are the emoji that members use: few, so that members use the same ones.
var reactions = []string{"👍", "🎉", "❤️"}

// post is a message that a member saw and may change.
type post struct {
	id   chat.MessageID
	mine bool
}

// change is a change of a message in progress. It is repeated until it is answered: all changes are
// idempotent.
type change struct {
	record Record // its description in the journal
	kind   string
	data   map[string]any
	flying bool
}

// remember stores a message that may be changed later.
func (d *roomState) remember(s seen) {
	if s.System != nil {
		return
	}
	for i, p := range d.posted {
		if p.id == s.ID {
			if s.DeletedAt != "" {
				d.posted = append(d.posted[:i], d.posted[i+1:]...)
			}
			return
		}
	}
	if s.DeletedAt == "" {
		d.posted = append(d.posted, post{s.ID, s.Author.ID == d.user})
		d.posted = d.posted[max(0, len(d.posted)-rememberedPosts):]
	}
}

// begin begins a change of a message, if there is a message and no other change is in progress.
func (m *member) begin(d *roomState) bool {
	if d.change != nil || d.left || d.leaving || len(d.posted) == 0 {
		return false
	}
	p := d.posted[m.random.IntN(len(d.posted))]
	c := &change{
		record: Record{Room: d.room, Message: p.id},
		data:   map[string]any{"messageId": p.id},
	}
	switch n := m.random.IntN(10); {
	case p.mine && n < 5:
		text := fmt.Sprintf("%d says better %d", m.number, m.random.Uint32())
		c.kind, c.data["text"] = "message:edit", text
		c.record.Verb, c.record.Hash = chat.Edited, Hash(text)
	case p.mine && n < 7:
		c.kind, c.record.Verb = "message:delete", chat.Deleted
	default:
		emoji, on := reactions[m.random.IntN(len(reactions))], n < 8
		c.kind, c.data["emoji"], c.data["on"] = "message:react", emoji, on
		c.record.Verb, c.record.Emoji, c.record.On = chat.Reacted, emoji, on
	}
	d.change = c
	m.makeChange(d)
	return true
}

// makeChange sends the change that a member has begun.
func (m *member) makeChange(d *roomState) {
	c := d.change
	if c == nil || c.flying || !d.subscribed || m.stream == nil || time.Now().Before(d.retry) || d.leaving || d.left {
		return
	}
	c.flying = true
	m.noteChange(ChangeInvoked, c, 0, func(*Record) {})
	m.ask(c.kind, c.data, func(f client.Frame) { m.changeAnswered(d, c, f) })
}

func (m *member) noteChange(kind Kind, c *change, at time.Duration, more func(r *Record)) {
	r := c.record
	r.Kind, r.At = kind, at
	more(&r)
	m.journal.add(r)
}

func (m *member) changeAnswered(d *roomState, c *change, f client.Frame) {
	at := m.clients.history.at(f.At)
	c.flying = false
	refusal := f.Refusal()
	if refusal == nil {
		var done struct {
			Seq chat.Seq `json:"seq"`
		}
		if err := f.Decode(&done); err != nil {
			m.clients.fault(c.kind, err)
		}
		m.noteChange(ChangeConfirmed, c, at, func(r *Record) { r.Seq = done.Seq })
		d.forget(c)
		return
	}
	switch refusal.Code {
	case chat.Unavailable, chat.RateLimited:
		m.clients.unavailable.Add(1)
		m.noteChange(ChangeUnknown, c, at, func(r *Record) { r.Code = refusal.Code })
		d.retry = time.Now().Add(m.jittered(refusal))
	default:
		// The message was deleted or the room was left in the meantime.
		gone := refusal.Code == chat.Forbidden || refusal.Code == chat.NotFound || refusal.Code == chat.NotAMember
		if !gone {
			m.clients.fault(c.kind, refusal)
		}
		m.noteChange(ChangeRefused, c, at, func(r *Record) { r.Code = refusal.Code })
		d.forget(c)
	}
}

// forget removes an answered change. A kick or a leave may have removed it earlier.
func (d *roomState) forget(c *change) {
	if d.change == c {
		d.change = nil
	}
}

// changeEnds records that the response to a change will not arrive on this connection.
func (m *member) changeEnds(d *roomState) {
	if c := d.change; c != nil && c.flying {
		c.flying = false
		m.noteChange(ChangeUnknown, c, 0, func(r *Record) { r.Code = "DISCONNECTED" })
	}
}
