package load

import (
	"errors"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/wire"
)

// changesPage is the part of a response to room:join or room:changes that is checked. No message is
// changed, so each number is that of a new message.
type changesPage struct {
	Messages []struct {
		ChangeSeq chat.Seq `json:"changeSeq"`
		CID       chat.CID `json:"cid"`
	} `json:"messages"`
	To    chat.Seq   `json:"to"`
	Epoch chat.Epoch `json:"epoch"`
	More  bool       `json:"more"`
	Reset bool       `json:"reset"`
}

// onJoined handles the response to room:join: the first one determines the number after which the
// client counts, a later one contains what it missed.
func (c *conn) onJoined(h parsedLine, at time.Time) error {
	if h.kind != wire.ResponseRoomJoined {
		return refusal(h)
	}
	var page changesPage
	if err := h.decode(&page); err != nil {
		return err
	}
	if c.epoch != "" {
		return c.catchUp(page, at)
	}
	c.epoch, c.sequence = page.Epoch, startAt(page.To)
	return closeOnce(c.joined)
}

// onChanges handles the response to room:changes.
func (c *conn) onChanges(h parsedLine, at time.Time) error {
	if h.kind != wire.ResponseRoomChanges {
		return refusal(h)
	}
	var page changesPage
	if err := h.decode(&page); err != nil {
		return err
	}
	c.sequence.repeatable = page.To
	return c.catchUp(page, at)
}

// catchUp records a page of missed messages and requests the next one if there are more.
func (c *conn) catchUp(page changesPage, at time.Time) error {
	if page.Reset {
		return errors.New("the server discarded the number from which the client catches up")
	}
	for _, m := range page.Messages {
		c.room.record(m.ChangeSeq, m.CID)
		if c.sequence.fill(m.ChangeSeq) && c.run.delivered(c, m.CID, at) {
			c.caughtUp++
		}
	}
	if !page.More {
		return closeOnce(c.joined)
	}
	return c.command(changesID, wire.CommandRoomChanges, wire.ChangesQuery{
		RoomID: c.room.id, Since: page.To, Epoch: wire.Epoch(c.epoch), Limit: new(chat.MaxPage),
	})
}
