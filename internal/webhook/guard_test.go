package webhook

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chillin-chat/chillin/internal/chat"
)

func TestURLs(t *testing.T) {
	for text, want := range map[string]string{
		"https://example.org/hook?key=1":      "https://example.org/hook?key=1",
		" http://example.org:8080 ":           "http://example.org:8080",
		"https://example.org/a#part":          "https://example.org/a",
		"http://8.8.8.8/":                     "http://8.8.8.8/",
		"http://[2606:4700:4700::1111]/":      "http://[2606:4700:4700::1111]/",
		"":                                    "",
		"example.org":                         "",
		"//example.org/":                      "",
		"ftp://example.org/":                  "",
		"file:///etc/passwd":                  "",
		"gopher://example.org/":               "",
		"http:example.org":                    "",
		"http://":                             "",
		"http:///path":                        "",
		"http://user:pass@example.org/":       "",
		"http://example.org@127.0.0.1/":       "",
		"http://example.org:0/":               "",
		"http://example.org:99999/":           "",
		"http://exa mple.org/":                "",
		"http://127.0.0.1/":                   "",
		"http://127.0.0.1:6379/":              "",
		"http://10.1.2.3/":                    "",
		"http://172.16.0.1/":                  "",
		"http://192.168.1.1/":                 "",
		"http://169.254.169.254/latest/":      "", // metadata of most clouds
		"http://100.100.100.200/":             "", // Alibaba, within CGNAT
		"http://168.63.129.16/":               "", // Azure
		"http://192.0.0.192/":                 "", // Oracle
		"http://100.64.0.1/":                  "", // CGNAT
		"http://0.0.0.0/":                     "",
		"http://0.1.2.3/":                     "",
		"http://224.0.0.1/":                   "",
		"http://255.255.255.255/":             "",
		"http://198.18.0.1/":                  "",
		"http://[::]/":                        "",
		"http://[::1]/":                       "",
		"http://[::ffff:127.0.0.1]/":          "", // IPv4-mapped
		"http://[::ffff:8.8.8.8]/":            "",
		"http://[::127.0.0.1]/":               "", // IPv4-compatible
		"http://[64:ff9b::7f00:1]/":           "", // NAT64
		"http://[64:ff9b:1::a00:1]/":          "",
		"http://[2002:7f00:1::]/":             "", // 6to4
		"http://[2001:0:7f00:1::]/":           "", // Teredo
		"http://[fe80::1]/":                   "",
		"http://[fe80::1%25eth0]/":            "",
		"http://[2606:4700:4700::1%25eth0]/":  "",
		"http://[fc00::1]/":                   "",
		"http://[fd00:ec2::254]/":             "", // Amazon metadata
		"http://[fec0::1]/":                   "",
		"http://[ff02::1]/":                   "",
		"http://[2001:db8::1]/":               "",
		"http://" + strings.Repeat("a", 2000): "",
	} {
		got, err := Guard{}.Check(text)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("Check(%q) = %q, %v, want %q", text, got, err, want)
		}
	}
	if got, err := (Guard{AllowPrivate: true}).Check("http://127.0.0.1:9/"); err != nil || got != "http://127.0.0.1:9/" {
		t.Errorf("with AllowPrivate: %q, %v", got, err)
	}
	if _, err := (Guard{AllowPrivate: true}).Check("file:///etc/passwd"); chat.CodeOf(err) != chat.BadRequest {
		t.Errorf("a file URL with AllowPrivate: %v, want BAD_REQUEST", err)
	}
}

// TestNothingConnectsToThisMachine tries to connect, because the address of a host name or of an unusual
// spelling is known only then.
func TestNothingConnectsToThisMachine(t *testing.T) {
	var hits atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits.Add(1) }))
	defer server.Close()
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"localhost", "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0", "[::1]", "[::ffff:127.0.0.1]", "[::]", "LOCALHOST."} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+host+":"+port+"/", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if answer, err := (Guard{}).client().Do(request); err == nil {
			_ = answer.Body.Close()
			t.Errorf("%s was reached", host)
		}
	}
	if n := hits.Load(); n != 0 {
		t.Errorf("%d requests received, want none", n)
	}
	request, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, http.NoBody)
	answer, err := Guard{AllowPrivate: true}.client().Do(request)
	if err != nil || hits.Load() != 1 {
		t.Fatalf("with AllowPrivate: %v, %d requests, want one", err, hits.Load())
	}
	_ = answer.Body.Close()
}

func FuzzGuard(f *testing.F) {
	for _, text := range []string{"http://127.0.0.1/", "https://[::ffff:10.0.0.1]:80/x", "http://8.8.8.8", "http://[64:ff9b::1]/", "http://a@b"} {
		f.Add(text, []byte{127, 0, 0, 1})
	}
	f.Fuzz(func(t *testing.T, text string, raw []byte) {
		if clean, err := (Guard{}).Check(text); err == nil {
			u, err := url.Parse(clean)
			if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
				t.Fatalf("%q was accepted as %q", text, clean)
			}
			if again, err := (Guard{}).Check(clean); err != nil || again != clean {
				t.Fatalf("%q was accepted, but then %q, %v", clean, again, err)
			}
			if ip := net.ParseIP(u.Hostname()); ip != nil && local(ip) {
				t.Fatalf("%q was accepted: %v is local", text, ip)
			}
		}
		addr, ok := netip.AddrFromSlice(raw)
		if !ok {
			return
		}
		err := Guard{}.control(context.Background(), "tcp", netip.AddrPortFrom(addr, 80).String(), nil)
		if ip := net.IP(raw); err == nil && local(ip) {
			t.Fatalf("%v may be dialed", ip)
		}
	})
}

// local is the standard library's opinion on the address, as a cross-check.
func local(ip net.IP) bool {
	return ip.IsLoopback() || ip.IsPrivate() || ip.IsUnspecified() || ip.IsLinkLocalUnicast() || ip.IsMulticast() ||
		ip.IsInterfaceLocalMulticast() || ip.IsLinkLocalMulticast()
}
