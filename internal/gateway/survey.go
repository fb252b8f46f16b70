package gateway

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/coder/websocket"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/wire"
)

var _ chat.Connections = (*Hub)(nil)

// A census costs nothing until somebody asks: then every node is asked over the
// bus, and answers with no more of its connections than one page.

// surveyTimeout is how long the nodes have to answer. Who is silent then, as a node
// that hangs, is counted and not waited for.
const surveyTimeout = time.Second

// maxSurveyResponses is how many answers may wait.
const maxSurveyResponses = 256

// surveyRequest is what a node asks all nodes about their connections: for a page of
// them, or to close one.
type surveyRequest struct {
	User  chat.UserID  `json:"user,omitempty"`
	After surveyCursor `json:"after"`
	Limit int          `json:"limit,omitempty"`
	Close string       `json:"close,omitempty"`
}

// surveyCursor is a place in the list of connections, the newest first.
type surveyCursor struct {
	At chat.Time `json:"at,omitempty"`
	ID string    `json:"id,omitempty"`
}

func (m surveyCursor) compare(other surveyCursor) int {
	return cmp.Or(cmp.Compare(other.At, m.At), cmp.Compare(m.ID, other.ID))
}

func cursorOf(c chat.Connection) surveyCursor { return surveyCursor{c.ConnectedAt, c.ID} }

// Connections asks all nodes for a page.
func (h *Hub) Connections(ctx context.Context, q chat.ConnectionQuery) (chat.ConnectionPage, error) {
	ask := surveyRequest{User: q.User, Limit: q.Limit + 1}
	if q.Cursor != "" {
		text, err := base64.RawURLEncoding.DecodeString(q.Cursor)
		if err != nil || json.Unmarshal(text, &ask.After) != nil {
			return chat.ConnectionPage{}, chat.Errorf(chat.BadRequest, "That cursor is not from this list.").WithField("cursor")
		}
	}
	found, silent, err := h.survey(ctx, ask)
	if err != nil {
		return chat.ConnectionPage{}, err
	}
	slices.SortFunc(found, func(a, b chat.Connection) int { return cursorOf(a).compare(cursorOf(b)) })
	page := chat.ConnectionPage{Connections: found, NonResponding: silent}
	if len(found) > q.Limit {
		page.Connections = found[:q.Limit]
		text, _ := json.Marshal(cursorOf(found[q.Limit-1])) // plain
		page.NextCursor = base64.RawURLEncoding.EncodeToString(text)
	}
	return page, nil
}

// CloseConnection asks all nodes to close the connection of that name.
func (h *Hub) CloseConnection(ctx context.Context, id string) (chat.Connection, error) {
	closed, _, err := h.survey(ctx, surveyRequest{Close: id})
	if err != nil {
		return chat.Connection{}, err
	}
	if len(closed) == 0 {
		return chat.Connection{}, chat.ErrNotFound()
	}
	return closed[0], nil
}

// survey asks all nodes and gathers what they answer; silent are those that did
// not.
func (h *Hub) survey(ctx context.Context, q surveyRequest) (found []chat.Connection, silent int, err error) {
	frame, err := json.Marshal(q)
	if err != nil {
		return nil, 0, err
	}
	name, answers := rand.Text(), make(chan []byte, maxSurveyResponses)
	h.surveyMu.Lock()
	h.surveys[name] = answers
	h.surveyMu.Unlock()
	defer func() {
		h.surveyMu.Lock()
		delete(h.surveys, name)
		h.surveyMu.Unlock()
	}()
	silent, err = h.bus.Ask(ctx, wire.Envelope{Kind: wire.SurveyRequest, Except: name, Frame: frame})
	if err != nil {
		return nil, 0, err
	}
	if silent == 0 { // not even we hear ourselves
		return nil, 0, chat.ErrUnavailable(errors.New("no node hears a question"))
	}
	found = []chat.Connection{}
	patience := time.NewTimer(surveyTimeout)
	defer patience.Stop()
	for ; silent > 0; silent-- {
		select {
		case frame := <-answers:
			var some []chat.Connection
			if err := json.Unmarshal(frame, &some); err != nil {
				return nil, 0, err
			}
			found = append(found, some...)
		case <-patience.C:
			return found, silent, nil
		case <-ctx.Done():
			return nil, 0, chat.ErrUnavailable(ctx.Err())
		}
	}
	return found, 0, nil
}

// receiveSurveyRequest answers a question, outside of the bus's goroutine.
func (h *Hub) receiveSurveyRequest(n wire.Envelope) {
	var q surveyRequest
	if err := json.Unmarshal(n.Frame, &q); err != nil {
		h.log.Warn("question not understood", "err", err)
		return
	}
	h.spawn(func(context.Context) {
		answer := h.surveyPage
		if q.Close != "" {
			answer = h.surveyClose
		}
		frame, err := json.Marshal(answer(q))
		if err != nil { // our own types always encode
			panic("encode answer: " + err.Error())
		}
		h.bus.Publish(wire.Envelope{Kind: wire.SurveyResponse, Except: n.Except, Frame: frame})
	})
}

// receiveSurveyResponse hands an answer to who waits for it on this node.
func (h *Hub) receiveSurveyResponse(n wire.Envelope) {
	h.surveyMu.Lock()
	defer h.surveyMu.Unlock()
	select {
	case h.surveys[n.Except] <- n.Frame: // nil blocks: nobody waits here
	default:
	}
}

// surveyPage is what this node has of an asked page.
func (h *Hub) surveyPage(q surveyRequest) []chat.Connection {
	conns := h.allConns()
	if q.User != 0 {
		conns = h.connsOf(q.User)
	}
	if q.After.ID != "" {
		conns = slices.DeleteFunc(conns, func(c *Conn) bool { return c.cursor().compare(q.After) <= 0 })
	}
	slices.SortFunc(conns, func(a, b *Conn) int { return a.cursor().compare(b.cursor()) })
	found := []chat.Connection{}
	for _, c := range conns[:min(len(conns), max(q.Limit, 0))] {
		found = append(found, c.describe())
	}
	return found
}

// surveyClose closes the connection that is asked, if it is here.
func (h *Hub) surveyClose(q surveyRequest) []chat.Connection {
	for _, c := range h.allConns() {
		if c.id == q.Close {
			c.close(websocket.StatusTryAgainLater, "closed by an admin")
			return []chat.Connection{c.describe()}
		}
	}
	return []chat.Connection{}
}

func (c *Conn) cursor() surveyCursor { return surveyCursor{chat.At(c.opened), c.id} }

func (c *Conn) describe() chat.Connection {
	u := c.caller.User
	return chat.Connection{
		ID: c.id, User: chat.Author{ID: u.ID, Username: u.Username, DisplayName: u.DisplayName, AvatarURL: u.AvatarURL},
		SessionID: c.caller.Session, Node: c.hub.node, Address: c.device.IP, UserAgent: c.device.UserAgent,
		ConnectedAt: chat.At(c.opened), Rooms: append([]chat.RoomID{}, slices.Sorted(maps.Keys(c.subscriptions()))...),
	}
}
