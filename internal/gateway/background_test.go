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

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/presence"
	"github.com/chillin-chat/chillin/internal/service"
	"github.com/chillin-chat/chillin/internal/socket"
)

func TestADeadSocketIsLetGoAndAnIdleOneKept(t *testing.T) {
	r := newRig(t)
	conns := make(chan *Conn, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		socket, err := socket.Accept(w, req, websocket.AcceptOptions{InsecureSkipVerify: true})
		if err != nil {
			t.Error(err)
			return
		}
		c := newConn(r.hub, &service.Service{Dependencies: service.Dependencies{Rooms: r.store, Presence: r.hub.presence, Limits: service.NewEffectiveLimits(chat.Limits{}, nil, nil)}}, socket, r.alice, "test")
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
	go func() { // whoever reads answers pings
		for {
			if _, _, err := idle.Read(context.Background()); err != nil {
				return
			}
		}
	}()
	living := <-conns

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
	gone := <-conns

	r.hub.pingIdle(gone.socket.Heard().Add(pingAfter + time.Second))
	eventually(t, "the pong of the idle socket", func() bool { return living.socket.Heard().After(gone.socket.Heard()) })
	r.hub.pingIdle(living.socket.Heard().Add(deadAfter))
	eventually(t, "the end of the dead socket", func() bool { return len(r.hub.allConns()) == 1 })
	if r.hub.allConns()[0] != living || living.closing() {
		t.Error("the idle socket was let go as well")
	}
}

// TestNobodyIsShownOnlineForLongerThanPromised adds up what happens one after the other
// until others are told that somebody is offline (promise G5).
func TestNobodyIsShownOnlineForLongerThanPromised(t *testing.T) {
	const promised = 35 * time.Second
	const trip = time.Second // to Redis, which is given up after that
	for what, took := range map[string]time.Duration{
		"a socket that falls silent": deadAfter + keepaliveInterval + trip + offlineWithin,
		"a node that is killed":      presence.Lease + trip + offlineWithin,
	} {
		if took > promised {
			t.Errorf("%s is shown online for up to %s, want at most %s", what, took, promised)
		}
	}
}

// eventually waits for what must come.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(20 * time.Second); !ok(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("%s did not come", what)
		}
	}
}
