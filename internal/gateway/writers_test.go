package gateway

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/chillin-chat/chillin/internal/service"
	"github.com/chillin-chat/chillin/internal/socket"
)

// connect returns a connection of r's hub and the client at its other end. The connection
// is served without the event connected.
func (r *testHub) connect() (*Conn, *websocket.Conn) {
	r.t.Helper()
	conns := make(chan *Conn, 1)
	client := r.dial(conns)
	c, ended := <-conns, make(chan struct{})
	go func() {
		defer close(ended)
		c.read(context.Background())
		c.endAndWait()
	}()
	r.t.Cleanup(func() {
		_ = client.CloseNow()
		<-ended
	})
	return c, client
}

// dial opens a connection that is not served, and sends it to conns.
func (r *testHub) dial(conns chan<- *Conn) *websocket.Conn {
	r.t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		s, err := socket.Accept(w, req, websocket.AcceptOptions{InsecureSkipVerify: true})
		if err != nil {
			r.t.Error(err)
			return
		}
		conns <- newConn(r.hub, &service.Service{}, s, r.alice, "test")
	}))
	client, _, err := websocket.Dial(r.t.Context(), server.URL, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	client.SetReadLimit(-1)
	r.t.Cleanup(func() {
		_ = client.CloseNow()
		server.Close()
	})
	return client
}

// queuedLines returns the number of queued lines.
func (w *connWriter) queuedLines() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.lines)
}

// queuedEventBytes returns the size of the queued events.
func (w *connWriter) queuedEventBytes() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.bytes
}

func TestLinesAreWrittenOnceInOrderAndBeforeTheClose(t *testing.T) {
	r := newTestHub(t)
	c, client := r.connect()
	const n = 3000
	go func() {
		for i := range n {
			line := fmt.Appendf(nil, "%d %s", i, strings.Repeat("x", i%2000))
			for !c.pushEvent(line) {
				if drained := c.drainedIfFull(); drained != nil { // the client is slow
					<-drained
				}
			}
		}
		c.close(closeSessionEnded, "enough")
	}()
	next := 0
	for {
		_, message, err := client.Read(t.Context())
		if err != nil {
			if code := websocket.CloseStatus(err); code != closeSessionEnded || next != n {
				t.Fatalf("after %d of %d lines: %v, want code %d", next, n, err, closeSessionEnded)
			}
			return
		}
		for line := range bytes.SplitSeq(message, []byte{'\n'}) {
			if want := fmt.Sprintf("%d %s", next, strings.Repeat("x", next%2000)); string(line) != want {
				t.Fatalf("line %d = %.20q, want %.20q", next, line, want)
			}
			next++
		}
		if next == 100 { // the next lines fill the socket, then the queue
			eventually(t, "a full queue", func() bool { return c.queuedEventBytes() > maxQueuedBytes/2 })
		}
	}
}

func TestAClientThatDoesNotReadIsClosedAndDelaysNoOther(t *testing.T) {
	r := newTestHub(t)
	slow, _ := r.connect()
	quick, client := r.connect()
	line := bytes.Repeat([]byte("x"), 2000)
	for pushed := 0; !slow.closing(); pushed++ {
		if pushed > 10_000 {
			t.Fatal("not closed after 20 MB")
		}
		slow.sendEvent(line)
		quick.sendEvent(line)
		if _, got, err := client.Read(t.Context()); err != nil || !bytes.Equal(got, line) {
			t.Fatalf("the other client reads %d bytes, %v, want %d", len(got), err, len(line))
		}
	}
	if slow.code != closeTooSlow {
		t.Errorf("close code = %d, want %d", slow.code, closeTooSlow)
	}
	if queued := slow.queuedEventBytes(); queued > maxQueuedBytes {
		t.Errorf("queued bytes = %d, want at most %d", queued, maxQueuedBytes)
	}
}

func TestConcurrentPushesKeepTheirOrder(t *testing.T) {
	r := newTestHub(t)
	c, client := r.connect()
	var running sync.WaitGroup
	const pushers, each = 8, 200
	for pusher := range pushers {
		running.Go(func() {
			for i := range each {
				c.pushResponse(fmt.Appendf(nil, "%d %d", pusher, i))
			}
		})
	}
	var next [pushers]int
	for range pushers * each {
		_, message, err := client.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.SplitSeq(message, []byte{'\n'}) {
			var pusher, i int
			if _, err := fmt.Sscanf(string(line), "%d %d", &pusher, &i); err != nil || i != next[pusher] {
				t.Fatalf("line = %q, want line %d of pusher %d (%v)", line, next[pusher], pusher, err)
			}
			next[pusher]++
		}
		if next == [pushers]int{each, each, each, each, each, each, each, each} {
			break
		}
	}
	running.Wait()
}

func TestWritersEndWhenNothingIsQueued(t *testing.T) {
	r := newTestHub(t)
	c, client := r.connect()
	c.sendEvent([]byte(`{}`))
	if _, _, err := client.Read(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the end of the writers", func() bool {
		r.hub.writers.mu.Lock()
		defer r.hub.writers.mu.Unlock()
		return r.hub.writers.running == 0
	})
	_ = client.Close(websocket.StatusNormalClosure, "")
	ended := make(chan struct{})
	go func() { c.done.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Fatal("the connection has not ended 10 s after its client closed")
	}
}
