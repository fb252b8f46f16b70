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

// served returns a connection of r's hub and the client at its other end. Nobody
// said hello to it.
func (r *rig) served() (*Conn, *websocket.Conn) {
	r.t.Helper()
	conns := make(chan *Conn, 1)
	client := r.dials(conns)
	c, ended := <-conns, make(chan struct{})
	go func() {
		defer close(ended)
		c.read(context.Background())
		c.end()
		c.written.Wait()
		c.cutoff.Stop()
	}()
	r.t.Cleanup(func() {
		_ = client.CloseNow()
		<-ended
	})
	return c, client
}

// dials opens a connection that nobody serves. conns receives it.
func (r *rig) dials(conns chan<- *Conn) *websocket.Conn {
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

// waiting tells how many lines wait.
func (q *queue) waiting() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.lines)
}

// load is how many bytes of events wait.
func (q *queue) load() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.bytes
}

func TestWhatIsPushedComesOnceAndInOrderAndThenTheClose(t *testing.T) {
	r := newRig(t)
	c, client := r.served()
	const n = 3000
	go func() {
		for i := range n {
			line := fmt.Appendf(nil, "%d %s", i, strings.Repeat("x", i%2000))
			for !c.queue.pushEvent(line) {
				if full := c.queue.drainedWhenFull(); full != nil { // the client is slow
					<-full
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
				t.Fatalf("line %d is %.20q", next, line)
			}
			next++
		}
		if next == 100 { // what comes now waits in the kernel, and then in the queue
			eventually(t, "a full queue", func() bool { return c.queue.load() > maxQueuedBytes/2 })
		}
	}
}

func TestWhoReadsNothingIsClosedAndHoldsNobodyUp(t *testing.T) {
	r := newRig(t)
	slow, _ := r.served()
	quick, client := r.served()
	line := bytes.Repeat([]byte("x"), 2000)
	for pushed := 0; !slow.closing(); pushed++ {
		if pushed > 10_000 {
			t.Fatal("20 MB wait for one who reads nothing")
		}
		slow.sendEvent(line)
		quick.sendEvent(line)
		if _, got, err := client.Read(t.Context()); err != nil || !bytes.Equal(got, line) {
			t.Fatalf("who reads got %d bytes, %v", len(got), err)
		}
	}
	if slow.code != closeTooSlow {
		t.Errorf("closed with %d, want %d", slow.code, closeTooSlow)
	}
	if waits := slow.queue.load(); waits > maxQueuedBytes {
		t.Errorf("%d bytes wait, want at most %d", waits, maxQueuedBytes)
	}
}

func TestManyPushAtOnce(t *testing.T) {
	r := newRig(t)
	c, client := r.served()
	var all sync.WaitGroup
	const pushers, each = 8, 200
	for who := range pushers {
		all.Go(func() {
			for i := range each {
				c.queue.pushAnswer(fmt.Appendf(nil, "%d %d", who, i))
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
			var who, i int
			if _, err := fmt.Sscanf(string(line), "%d %d", &who, &i); err != nil || i != next[who] {
				t.Fatalf("%q came, want %d of %d (%v)", line, next[who], who, err)
			}
			next[who]++
		}
		if next == [pushers]int{each, each, each, each, each, each, each, each} {
			break
		}
	}
	all.Wait()
}

func TestWritersEndWhenNothingWaits(t *testing.T) {
	r := newRig(t)
	c, client := r.served()
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
	gone := make(chan struct{})
	go func() { c.written.Wait(); close(gone) }()
	select {
	case <-gone:
	case <-time.After(10 * time.Second):
		t.Fatal("a connection whose client is gone does not end")
	}
}
