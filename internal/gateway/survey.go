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

// A survey asks every node over the bus about its connections. Each node responds with at
// most one page of them. Without surveys nothing is transported or stored.

// surveyTimeout is how long the nodes have to respond. A node that does not, for example
// because it hangs, is counted as not responding.
const surveyTimeout = time.Second

// maxSurveyResponses is how many responses a survey queues.
const maxSurveyResponses = 256

// surveyRequest asks all nodes for a page of their connections, or to close one.
type surveyRequest struct {
	User  chat.UserID  `json:"user,omitempty"`
	After surveyCursor `json:"after"`
	Limit int          `json:"limit,omitempty"`
	Close string       `json:"close,omitempty"`
}

// surveyCursor is a position in the list of connections, newest first.
type surveyCursor struct {
	At chat.Time `json:"at,omitempty"`
	ID string    `json:"id,omitempty"`
}

func (m surveyCursor) compare(other surveyCursor) int {
	return cmp.Or(cmp.Compare(other.At, m.At), cmp.Compare(m.ID, other.ID))
}

func cursorOf(c chat.Connection) surveyCursor { return surveyCursor{c.ConnectedAt, c.ID} }

// Connections implements chat.Connections: it asks all nodes for a page.
func (h *Hub) Connections(ctx context.Context, q chat.ConnectionQuery) (chat.ConnectionPage, error) {
	request := surveyRequest{User: q.User, Limit: q.Limit + 1}
	if q.Cursor != "" {
		text, err := base64.RawURLEncoding.DecodeString(q.Cursor)
		if err != nil || json.Unmarshal(text, &request.After) != nil {
			return chat.ConnectionPage{}, chat.Errorf(chat.BadRequest, "The cursor is not valid for this list.").WithField("cursor")
		}
	}
	found, nonResponding, err := h.survey(ctx, request)
	if err != nil {
		return chat.ConnectionPage{}, err
	}
	slices.SortFunc(found, func(a, b chat.Connection) int { return cursorOf(a).compare(cursorOf(b)) })
	page := chat.ConnectionPage{Connections: found, NonResponding: nonResponding}
	if len(found) > q.Limit {
		page.Connections = found[:q.Limit]
		text, _ := json.Marshal(cursorOf(found[q.Limit-1])) // always encodes
		page.NextCursor = base64.RawURLEncoding.EncodeToString(text)
	}
	return page, nil
}

// CloseConnection implements chat.Connections: it asks all nodes to close the connection.
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

// survey sends a request to all nodes and collects their responses. nonResponding is the
// number of nodes whose response is missing.
func (h *Hub) survey(ctx context.Context, q surveyRequest) (found []chat.Connection, nonResponding int, err error) {
	frame, err := json.Marshal(q)
	if err != nil {
		return nil, 0, err
	}
	name, responses := rand.Text(), make(chan []byte, maxSurveyResponses)
	h.surveyMu.Lock()
	h.surveys[name] = responses
	h.surveyMu.Unlock()
	defer func() {
		h.surveyMu.Lock()
		delete(h.surveys, name)
		h.surveyMu.Unlock()
	}()
	nonResponding, err = h.bus.Ask(ctx, wire.Envelope{Kind: wire.SurveyRequest, Except: name, Frame: frame})
	if err != nil {
		return nil, 0, err
	}
	if nonResponding == 0 { // not even this node
		return nil, 0, chat.ErrUnavailable(errors.New("no node receives the survey"))
	}
	found = []chat.Connection{}
	timeout := time.NewTimer(surveyTimeout)
	defer timeout.Stop()
	for ; nonResponding > 0; nonResponding-- {
		select {
		case frame := <-responses:
			var conns []chat.Connection
			if err := json.Unmarshal(frame, &conns); err != nil {
				return nil, 0, err
			}
			found = append(found, conns...)
		case <-timeout.C:
			return found, nonResponding, nil
		case <-ctx.Done():
			return nil, 0, chat.ErrUnavailable(ctx.Err())
		}
	}
	return found, 0, nil
}

// receiveSurveyRequest responds to a survey in a goroutine of its own, so that it does not
// delay the bus.
func (h *Hub) receiveSurveyRequest(e wire.Envelope) {
	var q surveyRequest
	if err := json.Unmarshal(e.Frame, &q); err != nil {
		h.log.Warn("decode survey request failed", "err", err)
		return
	}
	h.spawn(func(context.Context) {
		respond := h.surveyPage
		if q.Close != "" {
			respond = h.surveyClose
		}
		frame, err := json.Marshal(respond(q))
		if err != nil { // our own types can always be encoded
			panic("encode survey response: " + err.Error())
		}
		h.bus.Publish(wire.Envelope{Kind: wire.SurveyResponse, Except: e.Except, Frame: frame})
	})
}

// receiveSurveyResponse queues a response if the survey is one of this node.
func (h *Hub) receiveSurveyResponse(e wire.Envelope) {
	h.surveyMu.Lock()
	defer h.surveyMu.Unlock()
	select {
	case h.surveys[e.Except] <- e.Frame: // a nil channel, of an unknown survey, blocks
	default:
	}
}

// surveyPage returns the connections of this node that belong to the requested page.
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

// surveyClose closes the requested connection if it is on this node, and returns it.
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
