package app_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// loginFrom signs in from an address, with the device cookie of an earlier sign-in or "". It returns
// the status and the new device cookie.
func loginFrom(t *testing.T, base, address, name, password, device string) (status int, cookie string) {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx(t), http.MethodPost, base+"/api/v1/auth/login", strings.NewReader(fmt.Sprintf(`{"username":%q,"password":%q}`, name, password)))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-Forwarded-For", address)
	if device != "" {
		request.AddCookie(&http.Cookie{Name: "device", Value: device})
	}
	answer, _ := fetch(t, request)
	for _, one := range answer.Cookies() {
		if one.Name == "device" {
			cookie = one.Value
		}
	}
	return answer.StatusCode, cookie
}

// Guesses from elsewhere are limited, and do not keep the owner out.
func TestStrangersDoNotLockOutTheOwner(t *testing.T) {
	d := embedded(t, map[string]string{"TRUST_PROXY": "loopback", "RATE_LIMIT_AUTH": "22"})
	d.user("alice", 0)
	d.user("mallory", 0)
	login := func(address, name, password, device string, want int) string {
		t.Helper()
		got, cookie := loginFrom(t, d.nodes[0], address, name, password, device)
		if got != want {
			t.Fatalf("login of %s with %q from %s = %d, want %d", name, password, address, got, want)
		}
		return cookie
	}
	const right, wrong = "correct horse", "wrong horse"
	const home, cafe = "198.51.100.1", "198.51.100.2"
	device := login(home, "alice", right, "", http.StatusOK)
	stolen := login(cafe, "mallory", right, "", http.StatusOK)
	for _, name := range []string{"alice", "nobody"} { // known and unknown alike
		for range 10 {
			login(cafe, name, wrong, "", http.StatusUnauthorized)
		}
		for i := range 20 {
			login(fmt.Sprintf("203.0.113.%d", i), name, wrong, "", http.StatusUnauthorized)
		}
		// 30 attempts have failed. From now on, an address has three.
		for range 2 {
			login("203.0.113.1", name, wrong, "", http.StatusUnauthorized)
		}
		login("203.0.113.1", name, right, "", http.StatusTooManyRequests)
		login("2001:db8::1", name, wrong, "", http.StatusUnauthorized)
	}
	for address, want := range map[string]int{home: http.StatusOK, "192.0.2.1": http.StatusOK, "2001:db8:1::9": http.StatusOK, "203.0.113.1": http.StatusTooManyRequests} {
		login(address, "alice", right, "", want)
	}
	// The address of the cafe has no attempts left, for anyone but devices that have signed in before.
	login(cafe, "alice", right, "", http.StatusTooManyRequests)
	login(cafe, "alice", right, device, http.StatusOK)
	for name, forged := range map[string]string{"of another user": stolen, "forged": strings.Replace(device, "-", "-A", 1), "cut": device[:30], "long": device + strings.Repeat("x", 2000)} {
		if got, _ := loginFrom(t, d.nodes[0], cafe, "alice", right, forged); got != http.StatusTooManyRequests {
			t.Errorf("with a device cookie %s = %d, want 429", name, got)
		}
	}
	both := login(home, "mallory", right, device, http.StatusOK)
	login(cafe, "alice", right, both, http.StatusOK)
	// A known device cannot guess without limit either.
	for status := 0; status != http.StatusTooManyRequests; {
		if status, _ = loginFrom(t, d.nodes[0], home, "alice", wrong, device); status != http.StatusUnauthorized && status != http.StatusTooManyRequests {
			t.Fatalf("a guess of a known device = %d", status)
		}
	}
	login("192.0.2.2", "alice", right, "", http.StatusOK)
}

// Guesses by several spellings of one name share its limit, whether the name exists or not.
func TestSpellingsOfANameShareALimit(t *testing.T) {
	d := embedded(t, map[string]string{"TRUST_PROXY": "loopback"})
	d.user("strasse", 0)
	for _, spellings := range [][]string{{"strasse", "straße"}, {"gasse", "gaße"}, {"οδος", "οδοσ"}} {
		began, attempts := time.Now(), 0
		for status := 0; status != http.StatusTooManyRequests; attempts++ {
			status, _ = loginFrom(t, d.nodes[0], "203.0.113.1", spellings[attempts%2], "wrong horse", "")
		}
		// Ten, and one more for every six seconds.
		if most := 10 + int(time.Since(began)/(6*time.Second)); attempts-1 > most {
			t.Errorf("%v: %d attempts were allowed in %s, want at most %d", spellings, attempts-1, time.Since(began), most)
		}
	}
}
