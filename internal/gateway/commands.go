package gateway

import (
	"cmp"
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

// command handles one command and responds to it. If it returns an error, the response is
// an error frame with that error and with the cid of the data, if it has one.
type command func(ctx context.Context, c *Conn, id json.Number, data json.RawMessage) (cid string, err error)

// commands contains every command of the contract by its type.
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

// decoded returns a command that decodes its data and calls handle.
func decoded[T any](handle func(ctx context.Context, c *Conn, id json.Number, data T) error) command {
	return func(ctx context.Context, c *Conn, id json.Number, data json.RawMessage) (string, error) {
		in, err := decode[T](data)
		if err != nil {
			return "", err
		}
		return "", handle(ctx, c, id, in)
	}
}

// decodedSend is decoded for message:send, the errors of which contain the cid.
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
		return in, chat.Errorf(chat.BadRequest, "Invalid command data: %v.", err)
	}
	return in, nil
}

// reads contains the commands that read the store or presence and change no room. They
// share one budget per user with the reads over REST.
var reads = map[string]bool{
	wire.CommandRoomJoin: true, wire.CommandRoomChanges: true, wire.CommandReadMark: true,
	wire.CommandTypingStart: true, wire.CommandTypingStop: true, wire.CommandPresenceSet: true,
}

// handle handles one command and reports whether it was valid. If a command panics, the
// response is INTERNAL and the connection is closed.
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

// do decodes line into in and runs the command.
func (c *Conn) do(ctx context.Context, line []byte, in *wire.Command) (cid string, err error) {
	if err := strictjson.Decode(line, in); err != nil {
		*in = wire.Command{}
		return "", chat.Errorf(chat.BadRequest, "Invalid command: %v.", err)
	}
	run, ok := commands[in.Type]
	if !ok {
		defer func() { in.Type = "" }() // keep arbitrary input out of the log
		return "", chat.Errorf(chat.BadRequest, "Unknown command %q.", in.Type)
	}
	if reads[in.Type] {
		if err := c.service.CountRead(c.caller); err != nil {
			return "", err
		}
	}
	return run(ctx, c, in.ID, in.Data)
}

// codeOf returns the code of err, "" if err is nil.
func codeOf(err error) chat.Code {
	if err == nil {
		return ""
	}
	return chat.CodeOf(err)
}

func pageLimit(requested *int, defaultLimit int) (int, error) {
	switch {
	case requested == nil:
		return defaultLimit, nil
	case *requested < 1 || *requested > chat.MaxPage:
		return 0, chat.Errorf(chat.BadRequest, "The limit must be between 1 and %d.", chat.MaxPage).WithField("limit")
	}
	return *requested, nil
}

// atLeast returns BAD_REQUEST if an optional number is below least.
func atLeast[T ~int64](field string, number *T, least T) error {
	if number != nil && *number < least {
		return chat.Errorf(chat.BadRequest, "The number %s must be at least %d.", field, least).WithField(field)
	}
	return nil
}

// joinRoom makes the caller a member, if allowed, and brings the connection up to date. It
// subscribes first, so that no event is missed, then reads the store, and then activates
// the subscription: the response and the events received since then are sent in order.
func joinRoom(ctx context.Context, c *Conn, id json.Number, in wire.RoomJoin) error {
	limit, err := pageLimit(in.Limit, chat.DefaultPage)
	if err := cmp.Or(err, atLeast("since", in.Since, 0)); err != nil {
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
	snapshot, caught, err := c.loadRoom(ctx, in, limit)
	if err != nil {
		c.hub.unsubscribe(c, in.RoomID)
		return err
	}
	c.waitForDrain()
	joined := wire.RoomJoined{Room: snapshot.room, Membership: snapshot.membership, RoomChanges: wire.NewRoomChanges(in.RoomID, caught)}
	joined.Room.Head = caught.Head
	if r.presenceStale(time.Now()) {
		c.hub.readPresence(ctx, []*room{r})
	}
	r.activate(c, snapshot, caught.To, func(online []chat.UserID, count *int) []byte {
		joined.Online, joined.Room.OnlineCount = online, count
		return wire.EncodeResponse(id, wire.ResponseRoomJoined, joined)
	})
	return nil
}

// loadRoom reads the room, the membership and the changes that the client has missed. The
// connection has subscribed before: if the membership ends after it was read here, the
// subscription receives that event.
func (c *Conn) loadRoom(ctx context.Context, in wire.RoomJoin, limit int) (joinSnapshot, chat.CaughtUp, error) {
	room, membership, err := c.service.JoinFromConn(ctx, c.caller, in.RoomID, in.Password, c.id)
	if err != nil {
		return joinSnapshot{}, chat.CaughtUp{}, err
	}
	caught, err := c.catchUp(ctx, room, in, limit)
	return joinSnapshot{room, membership}, caught, err
}

// catchUp reads the changes that the client has missed in a room that was just read. If the
// number of the client is no longer valid, it returns the newest messages as a reset.
func (c *Conn) catchUp(ctx context.Context, room chat.Room, in wire.RoomJoin, limit int) (chat.CaughtUp, error) {
	if in.Since == nil {
		return c.service.NewestIn(ctx, c.caller, room, limit)
	}
	query := chat.CatchUp{Room: in.RoomID, Since: *in.Since, Epoch: chat.Epoch(in.Epoch), Limit: limit}
	caught, err := c.service.ChangesIn(ctx, c.caller, room, query)
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

func roomChanges(ctx context.Context, c *Conn, id json.Number, in wire.ChangesQuery) error {
	limit, err := pageLimit(in.Limit, chat.MaxPage)
	if err := cmp.Or(err, atLeast("since", &in.Since, 0)); err != nil {
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
	send := chat.Send{Room: in.RoomID, CID: in.CID, Text: in.Text, Attachments: in.AttachmentIDs}
	if in.ReplyTo != nil {
		send.ReplyTo = *in.ReplyTo
	}
	if err := atLeast("replyTo", in.ReplyTo, 1); err != nil {
		return err
	}
	m, fresh, err := c.service.SendMessage(ctx, c.caller, send)
	if err != nil {
		return err
	}
	c.hub.metrics.Confirm(metrics.BySocket, fresh, time.Since(began))
	if _, subscribed := c.subscriptions()[in.RoomID]; subscribed {
		_ = c.setTyping(in.RoomID, false, c.typingAllowed(ctx, in.RoomID)) // to send ends typing
	}
	c.respond(id, wire.ResponseMessageConfirmed, wire.MessageConfirmed{CID: m.CID, RoomID: m.RoomID, ID: m.ID, Seq: m.Seq, CreatedAt: m.CreatedAt})
	return nil
}

func editMessage(ctx context.Context, c *Conn, id json.Number, in wire.MessageEdit) error {
	return c.respondChange(id)(c.service.EditMessage(ctx, c.caller, in.MessageID, in.Text))
}

func deleteMessage(ctx context.Context, c *Conn, id json.Number, in wire.MessageRef) error {
	return c.respondChange(id)(c.service.DeleteMessage(ctx, c.caller, in.MessageID))
}

func react(ctx context.Context, c *Conn, id json.Number, in wire.MessageReact) error {
	return c.respondChange(id)(c.service.React(ctx, c.caller, in.MessageID, in.Emoji, in.On))
}

// respondChange responds to a change of a message with the number of the message's latest change.
func (c *Conn) respondChange(id json.Number) func(m chat.Message, err error) error {
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
	c.respond(id, wire.ResponseOK, wire.Empty{})
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
		return chat.Errorf(chat.BadRequest, "The status must be online, away or busy.").WithField("status")
	}
	c.hub.setStatus(c.caller.User.ID, in.Status)
	c.respond(id, wire.ResponseOK, wire.Empty{})
	return nil
}

func ping(_ context.Context, c *Conn, id json.Number, _ wire.Ping) error {
	c.respond(id, wire.ResponsePong, wire.Pong{Heads: c.heads(), Epoch: c.hub.epoch})
	return nil
}
