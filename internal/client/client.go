// Package client is a client of Chillin's REST and WebSocket API, as an external author would write it.
// The tests, the fault tests and the load command use it. It shares only the types of the protocol with
// the server.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

// Client is one user's client of one server.
type Client struct {
	Base  string // as http: // such as http://127.0.0.1:5000
	HTTP  *http.Client
	Token string
	User  chat.User
	// Patience is how long a request, command or connection is tried again while the server answers
	// UNAVAILABLE, as the protocol advises. Zero means that it is tried once.
	Patience time.Duration
}

// New returns a client of the server at base, without a session.
func New(base string) *Client {
	return &Client{Base: strings.TrimSuffix(base, "/"), HTTP: http.DefaultClient}
}

// Error is an error of the server: a REST problem or an error frame.
type Error struct {
	Status       int       `json:"status"` // 0 for frames
	Code         chat.Code `json:"code"`
	Detail       string    `json:"detail"`
	Message      string    `json:"message"`
	RetryAfterMs int64     `json:"retryAfterMs"`
}

func (e *Error) Error() string {
	return fmt.Sprintf("%d %s %s%s", e.Status, e.Code, e.Detail, e.Message)
}

// Do sends a request to path under /api/v1 and decodes the response into out, if it is not nil. An
// error response is returned as *Error.
func (c *Client) Do(ctx context.Context, method, path string, in, out any) error {
	if in == nil {
		return repeat(ctx, c.Patience, func() error { return c.send(ctx, method, path, http.NoBody, "", out) })
	}
	data, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("encode request: %w", err)
	}
	return repeat(ctx, c.Patience, func() error { return c.send(ctx, method, path, bytes.NewReader(data), "application/json", out) })
}

// repeat calls send again while the server is unavailable, for as long as patience.
func repeat(ctx context.Context, patience time.Duration, send func() error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		err := send()
		refusal, ok := errors.AsType[*Error](err)
		if !ok || refusal.Code != chat.Unavailable || ctx.Err() != nil {
			return err
		}
		select {
		case <-time.After(time.Duration(refusal.RetryAfterMs) * time.Millisecond):
		case <-ctx.Done():
			return err
		}
	}
}

func (c *Client) send(ctx context.Context, method, path string, body io.Reader, contentType string, out any) error {
	request, err := http.NewRequestWithContext(ctx, method, c.Base+"/api/v1"+path, body)
	if err != nil {
		return fmt.Errorf("make request: %w", err)
	}
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	if c.Token != "" {
		request.Header.Set("Authorization", "Bearer "+c.Token)
	}
	answer, err := c.HTTP.Do(request)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	if err != nil {
		return fmt.Errorf("read response of %s %s: %w", method, path, err)
	}
	if answer.StatusCode >= http.StatusBadRequest {
		refusal := &Error{}
		if json.Unmarshal(data, refusal) != nil {
			refusal.Detail = string(data)
		}
		refusal.Status = answer.StatusCode
		if seconds, err := strconv.Atoi(answer.Header.Get("Retry-After")); err == nil {
			refusal.RetryAfterMs = int64(seconds) * 1000
		}
		return refusal
	}
	if out == nil || len(data) == 0 {
		return nil
	}
	if err := json.Unmarshal(data, out); err != nil {
		return fmt.Errorf("decode response of %s %s: %w", method, path, err)
	}
	return nil
}

type signedIn struct {
	User  chat.User `json:"user"`
	Token string    `json:"token"`
}

// Register creates an account and signs in.
func (c *Client) Register(ctx context.Context, username, password string) error {
	return c.signIn(ctx, "/auth/register", map[string]string{"username": username, "password": password})
}

// Login signs in.
func (c *Client) Login(ctx context.Context, username, password string) error {
	return c.signIn(ctx, "/auth/login", map[string]string{"username": username, "password": password})
}

// Guest signs in as a guest.
func (c *Client) Guest(ctx context.Context, name string) error {
	return c.signIn(ctx, "/auth/guest", map[string]string{"displayName": name})
}

func (c *Client) signIn(ctx context.Context, path string, in any) error {
	var done signedIn
	if err := c.Do(ctx, http.MethodPost, path, in, &done); err != nil {
		return err
	}
	c.Token, c.User = done.Token, done.User
	return nil
}

// CreateRoom creates a room. options may contain private, password and description.
func (c *Client) CreateRoom(ctx context.Context, name string, options map[string]any) (chat.Room, error) {
	in := map[string]any{"name": name}
	maps.Copy(in, options)
	var out struct {
		Room chat.Room `json:"room"`
	}
	err := c.Do(ctx, http.MethodPost, "/rooms", in, &out)
	return out.Room, err
}

// Upload uploads a file to send it with a message.
func (c *Client) Upload(ctx context.Context, name string, data []byte) (chat.MessageAttachment, error) {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", name)
	if err == nil {
		_, err = part.Write(data)
	}
	if err := errors.Join(err, form.Close()); err != nil {
		return chat.MessageAttachment{}, fmt.Errorf("make form: %w", err)
	}
	var out struct {
		Attachment chat.MessageAttachment `json:"attachment"`
	}
	err = c.send(ctx, http.MethodPost, "/uploads", &body, form.FormDataContentType(), &out)
	return out.Attachment, err
}

// JoinRoom makes the user a member.
func (c *Client) JoinRoom(ctx context.Context, room chat.RoomID, password string) error {
	return c.Do(ctx, http.MethodPost, fmt.Sprintf("/rooms/%d/join", room), map[string]string{"password": password}, nil)
}

// History returns the messages of a room for a query such as "before=7&limit=50".
func (c *Client) History(ctx context.Context, room chat.RoomID, query string) ([]chat.Message, error) {
	var out struct {
		Messages []chat.Message `json:"messages"`
	}
	err := c.Do(ctx, http.MethodGet, fmt.Sprintf("/rooms/%d/messages?%s", room, query), nil, &out)
	return out.Messages, err
}
