package origin

import "testing"

func TestNormalize(t *testing.T) {
	for text, want := range map[string]string{
		"https://chat.example.org":        "https://chat.example.org",
		"HTTPS://Chat.Example.ORG/":       "https://chat.example.org",
		"https://chat.example.org:443":    "https://chat.example.org",
		"http://chat.example.org:80":      "http://chat.example.org",
		"http://chat.example.org:443":     "http://chat.example.org:443",
		"https://chat.example.org:":       "https://chat.example.org",
		"https://chat.example.org.":       "https://chat.example.org",
		"https://chat.example.org.:443/":  "https://chat.example.org",
		"http://localhost:3000":           "http://localhost:3000",
		"http://[::1]:80":                 "http://[::1]",
		"http://[0:0:0:0:0:0:0:1]:8080":   "http://[::1]:8080",
		"https://[2001:DB8::1]":           "https://[2001:db8::1]",
		"https://bücher.example":          "https://xn--bcher-kva.example",
		"https://BÜCHER.example":          "https://xn--bcher-kva.example",
		"http://my_host:5000":             "http://my_host:5000",
		"https://*.example.org":           "",
		"*":                               "",
		"https://example.org/path":        "",
		"https://user@example.org":        "",
		"https://example.org?":            "",
		"https://example.org#x":           "",
		"ftp://example.org":               "",
		"example.org":                     "",
		"https://":                        "",
		"https://.":                       "",
		"null":                            "",
		"":                                "",
		"https://a.example https://b.exa": "",
	} {
		got, ok := Normalize(text)
		if got != want || ok != (want != "") {
			t.Errorf("Normalize(%q) = %q, %v, want %q", text, got, ok, want)
		}
		if again, _ := Normalize(got); again != got {
			t.Errorf("Normalize(%q) = %q, want the same", got, again)
		}
	}
}

func TestSameHost(t *testing.T) {
	for _, c := range []struct {
		origin, host string
		want         bool
	}{
		{"https://chat.example.org", "chat.example.org", true},
		{"https://chat.example.org", "chat.example.org:443", true},
		{"http://chat.example.org", "chat.example.org:80", true},
		{"https://chat.example.org", "chat.example.org:80", true}, // the proxy added its own port
		{"https://chat.example.org:443", "chat.example.org", true},
		{"https://chat.example.org", "Chat.Example.Org", true},
		{"https://chat.example.org", "chat.example.org.", true},
		{"https://chat.example.org.", "chat.example.org:443", true},
		{"http://[::1]:5000", "[0:0::1]:5000", true},
		{"http://[::1]", "[::1]:80", true},
		{"http://chat.example.org:5000", "chat.example.org:5000", true},
		{"https://xn--bcher-kva.example", "bücher.example", true},
		{"https://chat.example.org:8443", "chat.example.org", false},
		{"https://chat.example.org:8443", "chat.example.org:443", false},
		{"https://chat.example.org", "chat.example.org:8443", false},
		{"https://chat.example.org", "example.org", false},
		{"https://chat.example.org.evil.example", "chat.example.org", false},
		{"https://evil.example", "chat.example.org:443", false},
		{"https://chat.example.org/", "chat.example.org", false},
		{"https://user@chat.example.org", "chat.example.org", false},
		{"ftp://chat.example.org", "chat.example.org", false},
		{"null", "null", false},
		{"", "", false},
		{"https://", "", false},
		{"https://chat.example.org", "user@chat.example.org", false},
	} {
		if got := SameHost(c.origin, c.host); got != c.want {
			t.Errorf("SameHost(%q, %q) = %v, want %v", c.origin, c.host, got, c.want)
		}
	}
}

func FuzzSameHost(f *testing.F) {
	f.Add("https://chat.example.org", "chat.example.org:443")
	f.Add("http://[::1]:5000", "[::1%25eth0]:5000")
	f.Fuzz(func(t *testing.T, text, host string) {
		if normal, ok := Normalize(text); ok {
			if again, ok := Normalize(normal); !ok || again != normal {
				t.Fatalf("Normalize(%q) = %q, and of that %q", text, normal, again)
			}
		}
		SameHost(text, host)
	})
}
