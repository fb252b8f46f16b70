package chaos

import (
	"time"

	"github.com/google/uuid"

	"github.com/chillin-chat/chillin/internal/chat"
)

// changeKey is the changeable part of a message: its text, or one reaction.
type changeKey struct {
	message chat.MessageID
	user    chat.UserID // 0: the text
	emoji   string
}

// wish is a requested state.
type wish struct {
	on   bool
	hash uint64
}

// wishes are the requested states of one part, by its only author, one after the other.
type wishes struct {
	client int
	room   chat.RoomID
	at     time.Duration
	open   map[wish]int // attempts without a known outcome, which may take effect late
	last   *wish        // confirmed
}

// readChanges collects the changes requested by clients, and checks the numbers that they received.
func (c *checker) readChanges() {
	for i, j := range c.h.Journals {
		for _, r := range j.Records() {
			switch r.Kind {
			case ChangeInvoked, ChangeConfirmed, ChangeRefused, ChangeUnknown:
				c.readChange(i, j.User, r)
			}
		}
	}
}

func (c *checker) readChange(client int, user chat.UserID, r Record) {
	if r.Kind == ChangeConfirmed {
		c.checkChangeNumber(client, r)
	}
	if r.Verb == chat.Deleted {
		d := c.deletions[r.Message]
		d.asked = true
		d.confirmed = d.confirmed || r.Kind == ChangeConfirmed
		c.deletions[r.Message] = d
		return
	}
	key, want := changeKey{message: r.Message}, wish{true, r.Hash}
	if r.Verb == chat.Reacted {
		key, want = changeKey{r.Message, user, r.Emoji}, wish{r.On, 0}
	}
	w := c.wishes[key]
	if w == nil {
		w = &wishes{client: client, room: r.Room, at: r.At, open: map[wish]int{}}
		c.wishes[key] = w
	}
	switch r.Kind {
	case ChangeInvoked:
		w.open[want]++
	case ChangeConfirmed:
		w.open[want]--
		w.last = &want
	case ChangeRefused:
		w.open[want]--
	}
}

// deletion is what is known about the deletion of a message.
type deletion struct{ asked, confirmed bool }

// checkChangeNumber checks that the number of a change is higher than that of the message, at most that
// of its latest change, and not the number of another created message.
func (c *checker) checkChangeNumber(client int, r Record) {
	row, ok := c.byID[r.Message]
	switch {
	case !ok:
		c.violated(Lost, r.Room, r.Seq, client, r.At, "a change of message %d was confirmed, but the message is not stored", r.Message)
	case r.Seq < row.Seq || r.Seq > row.ChangeSeq:
		c.violated(Lost, r.Room, r.Seq, client, r.At, "a change of message %d was confirmed with this number; the message has number %d and its last change %d",
			r.Message, row.Seq, row.ChangeSeq)
	}
	at := place{r.Room, r.Seq}
	if other, created := c.rows[at]; created && other != r.Message {
		c.violated(Disagree, r.Room, r.Seq, client, r.At, "a change of message %d was confirmed with the number of message %d", r.Message, other)
	}
	if other, taken := c.changes[at]; taken && other != r.Message {
		c.violated(Disagree, r.Room, r.Seq, client, r.At, "changes of the messages %d and %d were confirmed with the same number", other, r.Message)
	}
	c.changes[at] = r.Message
}

// checkChanges checks that the stored state is the one requested last. The request of an attempt
// without outcome may have taken effect late, and so may also be stored.
func (c *checker) checkChanges() {
	for _, row := range c.db.Rows {
		if row.CID == uuid.Nil {
			continue
		}
		d := c.deletions[row.Message]
		if row.Deleted && !d.asked {
			c.violated(Forged, row.Room, row.Seq, -1, 0, "message %d is deleted, but nobody requested it", row.Message)
		}
		if !row.Deleted && d.confirmed {
			c.violated(Lost, row.Room, row.ChangeSeq, -1, 0, "the deletion of message %d was confirmed, but is not stored", row.Message)
		}
		if !row.Deleted {
			c.checkText(row)
		}
	}
	for r := range c.db.Reactions {
		if c.wishes[changeKey{r.Message, r.User, r.Emoji}] == nil {
			c.violated(Forged, 0, 0, -1, 0, "user %d never added %s to message %d", r.User, r.Emoji, r.Message)
		}
	}
	for key, w := range c.wishes {
		row, ok := c.byID[key.message]
		if !ok || key.user == 0 || row.Deleted {
			continue
		}
		got := wish{on: c.db.Reactions[Reaction{key.message, key.user, key.emoji}]}
		if w.last != nil && got != *w.last && w.open[got] == 0 {
			c.violated(Lost, w.room, row.ChangeSeq, w.client, w.at, "user %d's %s on message %d was confirmed as %v, but is stored as %v",
				key.user, key.emoji, key.message, w.last.on, got.on)
		}
	}
}

// checkText checks that a text is the one that was confirmed last, or the one that was sent.
func (c *checker) checkText(row Row) {
	s, ok := c.sends[sendKey{row.Author, row.CID}]
	if !ok {
		return // reported by checkSends
	}
	w := c.wishes[changeKey{message: row.Message}]
	want := s.hash
	if w != nil && w.last != nil {
		want = w.last.hash
	}
	if row.Hash == want || w != nil && w.open[wish{true, row.Hash}] > 0 {
		return
	}
	if w == nil {
		c.violated(Forged, row.Room, row.Seq, s.client, s.first, "cid %s is stored with a different text than sent", row.CID)
	} else {
		c.violated(Lost, row.Room, row.ChangeSeq, w.client, w.at, "message %d is stored with a text other than that of its last edit", row.Message)
	}
}
