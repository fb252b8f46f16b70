package app_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/client"
)

func TestJoinRate(t *testing.T) {
	d := embedded(t, map[string]string{"RATE_LIMIT_JOINS": "2"})
	alice, bob, carol := d.user("alice", 0), d.user("bob", 0), d.user("carol", 0)
	rooms := []chat.Room{alice.room("One", nil), alice.room("Two", nil), alice.room("Three", nil)}
	bob.join(rooms[0].ID, nil)
	if err := bob.JoinRoom(ctx(t), rooms[1].ID, ""); err != nil {
		t.Fatal(err)
	}
	wantCode(t, bob.JoinRoom(ctx(t), rooms[2].ID, ""), chat.RateLimited)
	bob.join(rooms[0].ID, nil) // members can rejoin without limit
	carol.join(rooms[2].ID, nil)
}

func TestRoomCreationRate(t *testing.T) {
	d := embedded(t, map[string]string{"RATE_LIMIT_ROOMS": "2"})
	alice, bob := d.user("alice", 0), d.user("bob", 0)
	alice.room("One", nil)
	alice.room("Two", nil)
	_, err := alice.CreateRoom(ctx(t), "Three", nil)
	wantCode(t, err, chat.RateLimited)
	bob.room("Three", nil)
}

func TestRoomMessageRateExcludesNonMembers(t *testing.T) {
	t.Parallel()
	d := embedded(t, map[string]string{"RATE_LIMIT_MESSAGES": "1"})
	room := d.user("alice", 0).room("Busy", nil)
	guest := func() *client.Client {
		c := newClient(d.nodes[0])
		if err := c.Guest(ctx(t), "guest"); err != nil {
			t.Fatal(err)
		}
		return c
	}
	send := func(c *client.Client) error {
		return c.Do(ctx(t), http.MethodPost, path("/rooms/%d/messages", room.ID), map[string]string{"cid": uuid.NewString(), "text": "hello"}, nil)
	}
	wantCode(t, send(guest()), chat.NotAMember)
	stranger, members := guest(), make([]*client.Client, 200)
	for i := range members {
		members[i] = guest()
		if err := members[i].JoinRoom(ctx(t), room.ID, ""); err != nil {
			t.Fatal(err)
		}
	}
	// Several at a time: during the test, the limit of the room allows ten more per second.
	answers := make(chan error, len(members))
	for some := range slices.Chunk(members, 20) {
		go func() {
			for _, c := range some {
				answers <- send(c)
			}
		}()
	}
	taken := 0
	for i := range members {
		err := <-answers
		if err == nil {
			taken++
			continue
		}
		wantCode(t, err, chat.RateLimited)
		if i == taken { // the first that is refused
			wantCode(t, send(stranger), chat.NotAMember) // non-members get the error about membership
		}
	}
	if taken < 100 || taken == len(members) { // a hundred times the limit of one user
		t.Errorf("the room accepted %d of %d messages, want at least 100 and not all", taken, len(members))
	}
}

func cid(n int) string { return fmt.Sprintf("6f0b1c1e-7f2d-4c1a-9d52-%012d", n) }

// clientFromAddress returns a client that sends its requests as if they came from an address, through a proxy.
func clientFromAddress(base, ip string) *client.Client {
	c := newClient(base)
	c.HTTP = &http.Client{Transport: forwarded(ip)}
	return c
}

type forwarded string

func (f forwarded) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("X-Forwarded-For", string(f))
	return http.DefaultTransport.RoundTrip(r)
}

func TestSignInsAreLimitedPerAddress(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, trust string
		first, next string
		refused     bool
	}{
		{"the same address", "loopback", "203.0.113.7", "203.0.113.7", true},
		{"another address", "loopback", "203.0.113.7", "203.0.113.8", false},
		{"another address of one IPv6 network", "loopback", "2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true},
		{"another IPv6 network", "loopback", "2001:db8:1:2::1", "2001:db8:1:3::1", false},
		{"a forged address without a proxy", "", "203.0.113.7", "203.0.113.8", true},
		{"a forged address before that of the proxy", "loopback", "203.0.113.7", "198.51.100.1, 203.0.113.7", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := signedInTwice(t, c.trust, c.first)
			err := clientFromAddress(d.nodes[0], c.next).Guest(ctx(t), "guest")
			if c.refused {
				wantCode(t, err, chat.RateLimited)
			} else if err != nil {
				t.Fatal(err)
			}
		})
	}
}

// signedInTwice starts a node that allows two sign-ins per address and minute, and uses them. It starts
// over if one was counted that a busy node refused as unavailable.
func signedInTwice(t *testing.T, trust, address string) *deployment {
	t.Helper()
	for attempt := 1; ; attempt++ {
		d := embedded(t, map[string]string{"RATE_LIMIT_AUTH": "2", "TRUST_PROXY": trust})
		var err error
		for i := 0; i < 2 && err == nil; i++ {
			guest := clientFromAddress(d.nodes[0], address)
			guest.Patience = 0
			err = guest.Guest(ctx(t), "guest")
		}
		if err == nil {
			return d
		}
		if refusal, ok := errors.AsType[*client.Error](err); !ok || refusal.Code != chat.Unavailable || attempt == 5 {
			t.Fatal(err)
		}
	}
}

func TestSocketsAreLimitedPerAddress(t *testing.T) {
	d := embedded(t, map[string]string{"MAX_SOCKETS_PER_IP": "2", "TRUST_PROXY": "loopback"})
	var sockets []*client.Socket
	dial := func(ip string) error {
		c := clientFromAddress(d.nodes[0], ip)
		if err := c.Guest(ctx(t), "guest"); err != nil {
			t.Fatal(err)
		}
		s, err := c.Dial(ctx(t))
		if err == nil {
			t.Cleanup(s.Cut)
			sockets = append(sockets, s)
		}
		return err
	}
	for range 2 {
		if err := dial("203.0.113.7"); err != nil {
			t.Fatal(err)
		}
	}
	if err := dial("203.0.113.7"); err == nil || !strings.Contains(err.Error(), "429") {
		t.Fatalf("a third socket of an address: err = %v, want 429", err)
	}
	if err := dial("203.0.113.8"); err != nil {
		t.Fatalf("another address: %v", err)
	}
	sockets[0].Close()
	for { // the server notices the end a moment later
		if err := dial("203.0.113.7"); err == nil {
			return
		}
		if t.Context().Err() != nil || ctx(t).Err() != nil {
			t.Fatal("a closed socket still counts")
		}
	}
}

func TestRefusedUpgradesAreLimitedPerAddress(t *testing.T) {
	d := embedded(t, map[string]string{"TRUST_PROXY": "loopback"})
	host := strings.TrimPrefix(d.nodes[0], "http://")
	alice := d.user("alice", 0)
	good := map[string]string{"X-Forwarded-For": "203.0.113.7", "Authorization": "Bearer TOKEN"}
	bad := map[string]string{"X-Forwarded-For": "203.0.113.7", "Authorization": "Bearer guess"}
	if got := upgrade(t, host, alice.Token, good); got != "101" {
		t.Fatalf("before: %s, want 101", got)
	}
	for range 100 {
		if got := upgrade(t, host, alice.Token, bad); got != "401" {
			t.Fatalf("a guess: %s, want 401", got)
		}
	}
	// A busy machine may take longer than the 0.6 s that give the address another attempt.
	refused := false
	for attempt := 0; attempt < 50 && !refused; attempt++ {
		refused = upgrade(t, host, alice.Token, bad) == "429" && upgrade(t, host, alice.Token, good) == "429"
	}
	if !refused {
		t.Error("after a hundred guesses an address is not refused, with a wrong and the right token")
	}
	good["X-Forwarded-For"] = "203.0.113.8"
	if got := upgrade(t, host, alice.Token, good); got != "101" {
		t.Errorf("from another address: %s, want 101", got)
	}
}

func TestSlowRequestsTimeOut(t *testing.T) {
	t.Parallel()
	host := strings.TrimPrefix(embedded(t, nil).nodes[0], "http://")
	for name, beginning := range map[string]string{
		"headers that never end":     "GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: ",
		"a body that never ends":     "POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{",
		"an unexpected body":         "POST /api/v1/rooms HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{",
		"a body for an unknown path": "POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn, err := net.Dial("tcp", host)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, err := io.WriteString(conn, beginning); err != nil {
				t.Fatal(err)
			}
			_ = conn.SetReadDeadline(time.Now().Add(30 * time.Second))
			// Whatever the response, the server must close the connection.
			if _, err := io.Copy(io.Discard, bufio.NewReader(conn)); err != nil {
				t.Fatalf("the server still waits: %v", err)
			}
		})
	}
}

func TestFloodDoesNotAffectOthers(t *testing.T) {
	d := embedded(t, nil)
	alice, bob, mallory := d.user("alice", 0), d.user("bob", 0), d.user("mallory", 0)
	room := alice.room("Lobby", nil)
	for _, p := range []*testUser{bob, mallory} {
		p.join(room.ID, nil)
	}
	bob.receives(2) // mallory joined
	began := time.Now()
	flood, stop := context.WithCancel(t.Context())
	written := make(chan int)
	go func() {
		n := 0
		line := []byte(strings.Repeat(`{"id":1,"type":"ping"}`+"\n", 1000))
		for mallory.Write(flood, line) == nil {
			n += 1000
		}
		written <- n
	}()
	pongs := make(chan int)
	go func() {
		n := 0
		for f := range mallory.Events {
			if f.Type == "pong" {
				n++
			}
		}
		pongs <- n
	}()
	for range 100 {
		done := alice.send(room.ID, "hello")
		bob.receives(done.Seq)
	}
	stop()
	<-written
	mallory.Cut()
	// The flood was throttled: 100 per second, and a burst of 200.
	if n, most := <-pongs, 200+int(110*time.Since(began).Seconds())+10; n > most {
		t.Errorf("%d commands of the flood were executed, want at most %d", n, most)
	}
}
