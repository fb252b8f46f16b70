package gateway

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/chillin-chat/chillin/internal/presence"
	"github.com/chillin-chat/chillin/internal/service"
	"github.com/chillin-chat/chillin/internal/socket"
)

func TestADeadConnectionIsCutAndAnIdleOneKept(t *testing.T) {
	r := newTestHub(t)
	conns := make(chan *Conn, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		socket, err := socket.Accept(w, req, websocket.AcceptOptions{InsecureSkipVerify: true})
		if err != nil {
			t.Error(err)
			return
		}
		c := newConn(r.hub, &service.Service{Dependencies: service.Dependencies{Rooms: r.store, Blocks: r.store, Presence: r.hub.presence, Settings: service.NewSettings(nil, nil, nil)}}, socket, r.alice, "test")
		c.token = r.tokenOf("alice")
		r.hub.add(c)
		go c.serve(context.Background())
		conns <- c
	}))
	defer server.Close()

	idle, _, err := websocket.Dial(t.Context(), server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer idle.CloseNow()
	go func() { // a client that reads responds to pings
		for {
			if _, _, err := idle.Read(context.Background()); err != nil {
				return
			}
		}
	}()
	idleConn := <-conns

	dead, err := net.Dial("tcp", strings.TrimPrefix(server.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer dead.Close()
	_, err = io.WriteString(dead, "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
	if err != nil {
		t.Fatal(err)
	}
	deadConn := <-conns

	r.hub.pingIdle(deadConn.socket.LastRead().Add(pingAfter + time.Second))
	eventually(t, "the pong of the idle client", func() bool { return idleConn.socket.LastRead().After(deadConn.socket.LastRead()) })
	r.hub.pingIdle(idleConn.socket.LastRead().Add(deadAfter))
	eventually(t, "the end of the dead connection", func() bool { return len(r.hub.allConns()) == 1 })
	if r.hub.allConns()[0] != idleConn || idleConn.closing() {
		t.Error("the idle connection was closed as well")
	}
}

// TestUsersAreShownOfflineInTime adds up the consecutive delays until other users see that a
// user is offline (promise G5).
func TestUsersAreShownOfflineInTime(t *testing.T) {
	const promised = 35 * time.Second
	const roundTrip = time.Second // of Redis, at most: then it times out
	for name, delay := range map[string]time.Duration{
		"a client that stops responding": deadAfter + keepaliveInterval + roundTrip + offlineWithin,
		"a node that is killed":          presence.Lease + roundTrip + offlineWithin,
	} {
		if delay > promised {
			t.Errorf("%s is shown online for up to %s, want at most %s", name, delay, promised)
		}
	}
}

// eventually waits until ok returns true.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(20 * time.Second); !ok(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("timed out waiting for %s", what)
		}
	}
}
