package app_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	testenv "github.com/chillin-chat/chillin/internal/test/env"
)

// inEachBalancing runs test for both ways in which nginx.conf chooses a node.
func inEachBalancing(t *testing.T, test func(t *testing.T, by testenv.Balancing)) {
	for _, by := range []testenv.Balancing{testenv.IPHash, testenv.LeastConn} {
		t.Run(string(by), func(t *testing.T) { test(t, by) })
	}
}

// networks is how many /24 networks the requests of a test come from: ip_hash sends about half of them
// to each of two nodes.
const networks = 32

// clientFrom returns a client with the address 127.0.network.1, which opens a new connection for each
// request.
func clientFrom(network int) *http.Client {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, byte(network), 1)}}
	return &http.Client{Transport: &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true}}
}

// request sends one request from a network and returns its status.
func request(t *testing.T, network int, method, url, body string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx(t), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	res, err := clientFrom(network).Do(req)
	if err != nil {
		t.Fatalf("%s %s: %v", method, url, err)
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		t.Fatalf("%s %s: %v", method, url, err)
	}
	return res.StatusCode
}

// answering returns the address of a node that answers every request.
func answering(t *testing.T) string {
	node := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
	}))
	t.Cleanup(node.Close)
	return node.Listener.Addr().String()
}

// unresponsiveAddr returns an address that neither accepts nor refuses connections, like that of a stopped
// container.
func unresponsiveAddr(t *testing.T) string {
	t.Helper()
	socket, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(socket) })
	if err := syscall.Bind(socket, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(socket, 0); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(socket)
	if err != nil {
		t.Fatal(err)
	}
	addr := fmt.Sprintf("127.0.0.1:%d", name.(*syscall.SockaddrInet4).Port)
	// Unaccepted connections fill the queue; the kernel drops further ones.
	for range 16 {
		conn, err := net.DialTimeout("tcp", addr, 300*time.Millisecond)
		if err != nil {
			return addr
		}
		t.Cleanup(func() { _ = conn.Close() })
	}
	t.Fatal("the connection queue did not fill up")
	return ""
}

// refusing returns an address that refuses connections until a test listens on it.
func refusing(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// upstreamsOf returns the addresses that nginx tried for each request, from the lines for path in its
// access log.
func upstreamsOf(n *testenv.Nginx, path string) (tried []string) {
	line := regexp.MustCompile(`"[A-Z]+ ` + regexp.QuoteMeta(path) + `" [^"\n]*"([^"\n]*)"`)
	for _, found := range line.FindAllStringSubmatch(n.Log(), -1) {
		tried = append(tried, found[1])
	}
	return tried
}

// TestStoppedNodeCostsOneSlowRequestPerSecond counts the requests for which nginx waited for a
// connection to the stopped node.
func TestStoppedNodeCostsOneSlowRequestPerSecond(t *testing.T) {
	inEachBalancing(t, func(t *testing.T, by testenv.Balancing) {
		stopped := unresponsiveAddr(t)
		proxy := testenv.BalancedProxyTo(t, by, answering(t), stopped)
		for network := range networks {
			if got := request(t, network, http.MethodGet, proxy.URL()+"/first", ""); got != http.StatusOK {
				t.Fatalf("status = %d, want 200", got)
			}
		}
		var sent, answered atomic.Int64
		began := time.Now()
		var clients sync.WaitGroup
		for client := range 8 {
			clients.Go(func() {
				for network := client; time.Since(began) < 4*time.Second; network++ {
					sent.Add(1)
					if request(t, network%networks, http.MethodGet, proxy.URL()+"/then", "") == http.StatusOK {
						answered.Add(1)
					}
				}
			})
		}
		clients.Wait()
		seconds := time.Since(began).Seconds()
		slow := 0
		for _, tried := range upstreamsOf(proxy, "/then") {
			if strings.Contains(tried, stopped) {
				slow++
			}
		}
		t.Logf("%d of %d answered, %d waited for the stopped node in %.1f s", answered.Load(), sent.Load(), slow, seconds)
		if sent.Load() != answered.Load() || sent.Load() < 50 {
			t.Errorf("%d of %d requests answered, want all of at least 50", answered.Load(), sent.Load())
		}
		if slow == 0 || float64(slow) > seconds+1 {
			t.Errorf("%d requests waited for the stopped node in %.1f s, want about 1 per second", slow, seconds)
		}
	})
}

// TestNoRequestIsLostWhenNodesFailInTurn starts one node again and stops the other one before nginx has
// tried the first one again.
func TestNoRequestIsLostWhenNodesFailInTurn(t *testing.T) {
	inEachBalancing(t, func(t *testing.T, by testenv.Balancing) {
		addresses := []string{refusing(t), refusing(t)}
		proxy := testenv.BalancedProxyTo(t, by, addresses...)
		for turn := range 4 {
			node := serveAt(t, addresses[turn%2])
			for network := range networks {
				for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete} {
					if got := request(t, network, method, proxy.URL()+"/", "x"); got != http.StatusOK {
						t.Fatalf("turn %d: %s: status = %d, want 200: a node was available", turn, method, got)
					}
				}
			}
			node.Close()
		}
	})
}

func serveAt(t *testing.T, addr string) *httptest.Server {
	t.Helper()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	node := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	_ = node.Listener.Close()
	node.Listener = l
	node.Start()
	return node
}

// TestUnsafeRequestsAreSentOnce uses nodes that execute a request and stop before they answer.
func TestUnsafeRequestsAreSentOnce(t *testing.T) {
	inEachBalancing(t, func(t *testing.T, by testenv.Balancing) {
		var sent atomic.Int64
		var nodes []string
		for range 2 {
			node := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				sent.Add(1)
				panic(http.ErrAbortHandler)
			}))
			t.Cleanup(node.Close)
			nodes = append(nodes, node.Listener.Addr().String())
		}
		proxy := testenv.BalancedProxyTo(t, by, nodes...)
		every := []string{http.MethodPost, http.MethodPatch, http.MethodPut, http.MethodDelete}
		for path, methods := range map[string][]string{
			"/api/v1/rooms/1":         every,
			"/api/v1/users/me/avatar": every,
			"/api/v1/hooks/token":     every,
			"/api/v1/invites/token":   every,
			"/api/v1/uploads":         {http.MethodPost, http.MethodPatch},
		} {
			for _, method := range methods {
				for _, body := range []string{"", "x", strings.Repeat("x", 100_000)} {
					sent.Store(0)
					status := request(t, 0, method, proxy.URL()+path, body)
					if got := sent.Load(); got != 1 || status != http.StatusBadGateway {
						t.Errorf("%s %s with %d bytes: sent %d times, status %d; want 1 and 502", method, path, len(body), got, status)
					}
				}
			}
		}
		// A request without effect may be sent to another node.
		sent.Store(0)
		if request(t, 0, http.MethodGet, proxy.URL()+"/", ""); sent.Load() < 2 {
			t.Errorf("GET: sent %d times, want more than once", sent.Load())
		}
	})
}
