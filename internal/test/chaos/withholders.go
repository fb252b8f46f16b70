package chaos

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/client"
	"github.com/chillin-chat/chillin/internal/wire"
)

const (
	// withholders is the number of clients that never complete a close.
	withholders = 3
	// closedWithin is the maximum time from the decision to close a connection to its end (10 s), with
	// a margin for a busy machine.
	closedWithin = 15 * time.Second
	// withheldAtMost is when a client stops waiting for the end.
	withheldAtMost = time.Minute
)

// withholder is a client that makes the server close its connection, and then sends endless data that
// never completes the close.
type withholder struct {
	clients *Clients
	user    *client.Client
}

func (c *Clients) newWithholder(ctx context.Context, i int) (*withholder, error) {
	user := client.New(c.options.Targets[i%len(c.options.Targets)])
	user.HTTP = httpFrom(i)
	if err := user.Guest(ctx, fmt.Sprintf("Withholder %d", i)); err != nil {
		return nil, fmt.Errorf("register withholder %d: %w", i, err)
	}
	return &withholder{c, user}, nil
}

// run makes the server close one connection after the other, until ctx ends.
func (w *withholder) run(ctx context.Context, target func() string) {
	for ctx.Err() == nil {
		began := w.clients.history.Now()
		ended, err := w.withhold(ctx, target())
		if ended {
			w.clients.mu.Lock()
			w.clients.withheld = append(w.clients.withheld, Span{began, w.clients.history.Now()})
			w.clients.mu.Unlock()
		}
		if err == nil {
			continue
		}
		select {
		case <-time.After(firstBackoff):
		case <-ctx.Done():
		}
	}
}

// withhold opens a connection, makes the server close it and keeps it open as long as possible. ended
// reports that the server ended it, or should have.
func (w *withholder) withhold(ctx context.Context, base string) (ended bool, err error) {
	conn, in, err := w.open(ctx, base)
	if err != nil {
		return false, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	_ = conn.SetDeadline(time.Now().Add(withheldAtMost))
	text := []byte{0x81, 0x81, 0, 0, 0, 0, 'x'} // not a command; more than 100 of them are abuse
	if _, err := conn.Write(bytes.Repeat(text, 110)); err != nil {
		return false, err
	}
	huge := []byte{0x81, 0x80 | 127, 0, 0, 1, 0, 0, 0, 0, 0} // the header of a text of 2^40 bytes
	var drip sync.WaitGroup
	drip.Go(func() {
		for data := append(huge, 0, 0, 0, 0); ; data = data[:1] {
			if _, err := conn.Write(data); err != nil {
				return
			}
			time.Sleep(50 * time.Millisecond)
		}
	})
	_, err = io.Copy(io.Discard, in)
	_ = conn.Close()
	drip.Wait()
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return true, err
	}
	return true, nil
}

// open upgrades a connection manually.
func (w *withholder) open(ctx context.Context, base string) (net.Conn, *bufio.Reader, error) {
	addr := strings.TrimPrefix(base, "http://")
	dial := w.user.HTTP.Transport.(*http.Transport).DialContext
	conn, err := dial(ctx, "tcp", addr)
	if err != nil {
		return nil, nil, err
	}
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	_, err = fmt.Fprintf(conn, "GET /ws HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"+
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: %s\r\nAuthorization: Bearer %s\r\n\r\n", addr, wire.Protocol, w.user.Token)
	in := bufio.NewReader(conn)
	if err == nil {
		var answer *http.Response
		answer, err = http.ReadResponse(in, nil) //nolint:bodyclose // the connection continues as a WebSocket
		if err == nil && answer.StatusCode != http.StatusSwitchingProtocols {
			err = &client.Error{Status: answer.StatusCode, Code: chat.Unavailable}
		}
	}
	if err != nil {
		_ = conn.Close()
		return nil, nil, err
	}
	return conn, in, nil
}

// checkCloses reports connections that did not end in time. During a fault, connections may not end.
func (r *Run) checkCloses() {
	r.Clients.mu.Lock()
	defer r.Clients.mu.Unlock()
	count, slowest := 0, time.Duration(0)
	for _, s := range r.Clients.withheld {
		if s.To < r.Broken.From || s.From > r.Broken.To+r.recovery {
			count++
			slowest = max(slowest, s.To-s.From)
		}
	}
	r.note("%d closes were not completed; the slowest connection ended after %s", count, short(slowest))
	if slowest > closedWithin {
		r.complain("a connection ended %s after the decision to close it, want at most %s", slowest, closedWithin)
	}
}

// withholdCloses stops a node while many clients do not complete the closes of their connections to it.
func withholdCloses(ctx context.Context, r *Run) error {
	n := r.Nodes[r.chance.IntN(nodes)]
	holding, stop := context.WithCancel(ctx)
	var all sync.WaitGroup
	defer all.Wait()
	defer stop()
	for i := range 30 {
		w, err := r.Clients.newWithholder(ctx, len(r.Clients.members)+i)
		if err != nil {
			return err
		}
		all.Go(func() { w.run(holding, n.URL) })
	}
	if err := r.wait(ctx, r.dur(15*time.Second, 5*time.Second)); err != nil {
		return err
	}
	if err := r.drain(n); err != nil {
		return err
	}
	return n.Start()
}
