package gateway

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/metrics"
	"github.com/chillin-chat/chillin/internal/recovery"
	"github.com/chillin-chat/chillin/internal/strictjson"
	"github.com/chillin-chat/chillin/internal/wire"
)

// command handles one command and answers it itself; what it returns as an error
// is answered with an error frame. cid, where the data has one, is told with it.
type command func(ctx context.Context, c *Conn, id json.Number, data json.RawMessage) (cid string, err error)

// commands are all that a client can ask over the socket.
var commands = map[string]command{
	wire.CommandRoomJoin:      decoded(joinRoom),
	wire.CommandRoomLeave:     decoded(leaveRoom),
	wire.CommandRoomChanges:   decoded(roomChanges),
	wire.CommandMessageSend:   decodedSend,
	wire.CommandMessageEdit:   decoded(editMessage),
	wire.CommandMessageDelete: decoded(deleteMessage),
	wire.CommandMessageReact:  decoded(react),
	wire.CommandReadMark:      decoded(markRead),
	wire.CommandTypingStart:   decoded(startTyping),
	wire.CommandTypingStop:    decoded(stopTyping),
	wire.CommandPresenceSet:   decoded(setPresence),
	wire.CommandPing:          decoded(ping),
}

// decoded makes a command of a function that takes its data in a Go type.
func decoded[T any](do func(ctx context.Context, c *Conn, id json.Number, data T) error) command {
	return func(ctx context.Context, c *Conn, id json.Number, data json.RawMessage) (string, error) {
		in, err := decode[T](data)
		if err != nil {
			return "", err
		}
		return "", do(ctx, c, id, in)
	}
}

// decodedSend is decoded for the command whose errors bear a cid.
func decodedSend(ctx context.Context, c *Conn, id json.Number, data json.RawMessage) (string, error) {
	in, err := decode[wire.MessageSend](data)
	if err != nil {
		return "", err
	}
	return in.CID, sendMessage(ctx, c, id, in)
}

func decode[T any](data json.RawMessage) (T, error) {
	var in T
	if len(data) == 0 {
		data = json.RawMessage(`{}`)
	}
	if err := strictjson.Decode(data, &in); err != nil {
		return in, chat.Errorf(chat.BadRequest, "The command's data is not right: %v.", err)
	}
	return in, nil
}

// reads are the commands that cost a read of the store or of presence and change no
// room. A user has one budget for them, and for those over REST.
var reads = map[string]bool{
	wire.CommandRoomJoin: true, wire.CommandRoomChanges: true, wire.CommandReadMark: true,
	wire.CommandTypingStart: true, wire.CommandTypingStop: true, wire.CommandPresenceSet: true,
}

// handle does one command. It returns false if the command was unreadable. A command
// that panics is answered with INTERNAL, and the connection ends.
func (c *Conn) handle(ctx context.Context, line []byte) bool {
	ctx, cancel := context.WithTimeout(ctx, chat.RequestBudget)
	defer cancel()
	var in wire.Command
	var cid string
	began := time.Now()
	err := recovery.Do(recovery.Command, line, func() (err error) {
		cid, err = c.do(ctx, line, &in)
		return err
	})
	if c.hub.log.Enabled(ctx, slog.LevelDebug) {
		c.hub.log.DebugContext(ctx, "command", "type", in.Type, "code", codeOf(err), "took", time.Since(began).Round(time.Microsecond).String())
	}
	if err == nil {
		return true
	}
	c.respondError(ctx, in.ID, cid, err)
	return chat.CodeOf(err) != chat.BadRequest
}

// do decodes line into in and does what it says.
func (c *Conn) do(ctx context.Context, line []byte, in *wire.Command) (cid string, err error) {
	if err := strictjson.Decode(line, in); err != nil {
		*in = wire.Command{}
		return "", chat.Errorf(chat.BadRequest, "That is not a command: %v.", err)
	}
	do, ok := commands[in.Type]
	if !ok {
		defer func() { in.Type = "" }() // whatever a stranger sends is not for the log
		return "", chat.Errorf(chat.BadRequest, "There is no command %q.", in.Type)
	}
	if reads[in.Type] {
		if err := c.service.CountRead(c.caller); err != nil {
			return "", err
		}
	}
	return do(ctx, c, in.ID, in.Data)
}

// codeOf is the code of an error, "" for none.
func codeOf(err error) chat.Code {
	if err == nil {
		return ""
	}
	return chat.CodeOf(err)
}

func pageLimit(asked, standard int) (int, error) {
	switch {
	case asked == 0:
		return standard, nil
	case asked < 0 || asked > chat.MaxPage:
		return 0, chat.Errorf(chat.BadRequest, "A limit is 1 to %d.", chat.MaxPage).WithField("limit")
	}
	return asked, nil
}

// joinRoom makes the caller a member where it may and brings the connection up
// to date: it takes a seat first, so that no event is missed, then reads, and
// then goes live with the answer and what came meanwhile, in order.
func joinRoom(ctx context.Context, c *Conn, id json.Number, in wire.RoomJoin) error {
	limit, err := pageLimit(in.Limit, chat.DefaultPage)
	if err != nil {
		return err
	}
	if !c.hub.canPreSubscribe(c, in.RoomID) {
		_, _, err := c.service.JoinFromConn(ctx, c.caller, in.RoomID, in.Password, c.id)
		if chat.CodeOf(err) == chat.Unavailable && err != nil {
			return c.joinDegraded(id, in, limit, err)
		}
		if err != nil {
			return err
		}
	}
	r, err := c.hub.subscribe(ctx, c, in.RoomID)
	if err != nil {
		return err
	}
	p, caught, err := c.loadRoom(ctx, in, limit)
	if err != nil {
		c.hub.unsubscribe(c, in.RoomID)
		return err
	}
	c.waitForDrain()
	joined := wire.RoomJoined{Room: p.room, Membership: p.membership, RoomChanges: wire.NewRoomChanges(in.RoomID, caught)}
	joined.Room.Head = caught.Head
	if r.presenceStale(time.Now()) {
		c.hub.readPresence(ctx, []*room{r})
	}
	r.activate(c, p, caught.To, func(online []chat.UserID, count *int) []byte {
		joined.Online, joined.Room.OnlineCount = online, count
		return wire.EncodeResponse(id, wire.ResponseRoomJoined, joined)
	})
	return nil
}

// loadRoom reads for a connection that has its seat where it sits and what it lacks.
// The membership is one of after the seat was taken: the event of an end that came
// before might be heard by nobody.
func (c *Conn) loadRoom(ctx context.Context, in wire.RoomJoin, limit int) (joinSnapshot, chat.CaughtUp, error) {
	room, membership, err := c.service.JoinFromConn(ctx, c.caller, in.RoomID, in.Password, c.id)
	if err != nil {
		return joinSnapshot{}, chat.CaughtUp{}, err
	}
	caught, err := c.catchUp(ctx, room, in, limit)
	return joinSnapshot{room, membership}, caught, err
}

// catchUp reads what the client lacks of a room as it was read just now. Where its
// number means nothing any more it gets the newest messages, marked as a reset.
func (c *Conn) catchUp(ctx context.Context, room chat.Room, in wire.RoomJoin, limit int) (chat.CaughtUp, error) {
	if in.Since == nil {
		return c.service.NewestIn(ctx, c.caller, room, limit)
	}
	ask := chat.CatchUp{Room: in.RoomID, Since: *in.Since, Epoch: chat.Epoch(in.Epoch), Limit: limit}
	caught, err := c.service.ChangesIn(ctx, c.caller, room, ask)
	if err != nil || !caught.Reset {
		return caught, err
	}
	caught, err = c.service.NewestIn(ctx, c.caller, room, limit)
	caught.Reset = true
	return caught, err
}

func leaveRoom(ctx context.Context, c *Conn, id json.Number, in wire.RoomRef) error {
	if err := c.service.LeaveRoom(ctx, c.caller, in.RoomID); err != nil {
		return err
	}
	c.hub.unsubscribe(c, in.RoomID)
	c.respond(id, wire.ResponseRoomLeft, in)
	return nil
}

func roomChanges(ctx context.Context, c *Conn, id json.Number, in wire.ChangesAsk) error {
	limit, err := pageLimit(in.Limit, chat.MaxPage)
	if err != nil {
		return err
	}
	caught, err := c.service.Changes(ctx, c.caller,
		chat.CatchUp{Room: in.RoomID, Since: in.Since, Epoch: chat.Epoch(in.Epoch), Limit: limit})
	if err != nil {
		return err
	}
	c.respond(id, wire.ResponseRoomChanges, wire.NewRoomChanges(in.RoomID, caught))
	return nil
}

func sendMessage(ctx context.Context, c *Conn, id json.Number, in wire.MessageSend) error {
	began := time.Now()
	m, fresh, err := c.service.SendMessage(ctx, c.caller,
		chat.Send{Room: in.RoomID, CID: in.CID, Text: in.Text, ReplyTo: in.ReplyTo, Attachments: in.AttachmentIDs})
	if err != nil {
		return err
	}
	c.hub.metrics.Confirm(metrics.BySocket, fresh, time.Since(began))
	if _, seated := c.subscriptions()[in.RoomID]; seated {
		_ = c.setTyping(in.RoomID, false, c.typingAllowed(ctx, in.RoomID)) // who has sent types no more
	}
	c.respond(id, wire.ResponseMessageConfirmed, wire.MessageConfirmed{CID: m.CID, RoomID: m.RoomID, ID: m.ID, Seq: m.Seq, CreatedAt: m.CreatedAt})
	return nil
}

func editMessage(ctx context.Context, c *Conn, id json.Number, in wire.MessageEdit) error {
	return c.done(id)(c.service.EditMessage(ctx, c.caller, in.MessageID, in.Text))
}

func deleteMessage(ctx context.Context, c *Conn, id json.Number, in wire.MessageRef) error {
	return c.done(id)(c.service.DeleteMessage(ctx, c.caller, in.MessageID))
}

func react(ctx context.Context, c *Conn, id json.Number, in wire.MessageReact) error {
	return c.done(id)(c.service.React(ctx, c.caller, in.MessageID, in.Emoji, in.On))
}

// done answers a change of a message with the number of its latest change.
func (c *Conn) done(id json.Number) func(m chat.Message, err error) error {
	return func(m chat.Message, err error) error {
		if err == nil {
			c.respond(id, wire.ResponseOK, wire.Done{Seq: m.ChangeSeq})
		}
		return err
	}
}

func markRead(ctx context.Context, c *Conn, id json.Number, in wire.ReadMark) error {
	if _, err := c.service.MarkRead(ctx, c.caller, in.RoomID, in.Seq, c.id); err != nil {
		return err
	}
	c.respond(id, wire.ResponseOK, wire.Nothing{})
	return nil
}

func startTyping(ctx context.Context, c *Conn, _ json.Number, in wire.RoomRef) error {
	return c.setTyping(in.RoomID, true, c.typingAllowed(ctx, in.RoomID))
}

func stopTyping(ctx context.Context, c *Conn, _ json.Number, in wire.RoomRef) error {
	return c.setTyping(in.RoomID, false, c.typingAllowed(ctx, in.RoomID))
}

func setPresence(_ context.Context, c *Conn, id json.Number, in wire.PresenceSet) error {
	if in.Status != chat.Online && in.Status != chat.Away && in.Status != chat.Busy {
		return chat.Errorf(chat.BadRequest, "A status is online, away or busy.").WithField("status")
	}
	c.hub.setStatus(c.caller.User.ID, in.Status)
	c.respond(id, wire.ResponseOK, wire.Nothing{})
	return nil
}

func ping(_ context.Context, c *Conn, id json.Number, _ wire.Ping) error {
	c.respond(id, wire.ResponsePong, wire.Pong{Heads: c.heads(), Epoch: c.hub.epoch})
	return nil
}
