package auth

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

// newCheapHasher returns a Hasher with minimal cost.
func newCheapHasher() *Hasher {
	return NewHasher(2, Cost{Memory: 8, Passes: 1, Threads: 1})
}

func TestHashAndVerify(t *testing.T) {
	h := NewHasher(0, OWASP)
	stored, err := h.Hash(t.Context(), "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	if want := "$argon2id$v=19$m=19456,t=2,p=1$"; !strings.HasPrefix(string(stored), want) {
		t.Errorf("hash = %s, want it to begin with %s", stored, want)
	}
	for password, want := range map[string]bool{"correct horse": true, "correct horse ": false, "Correct horse": false, "": false} {
		got, err := h.Verify(t.Context(), password, stored)
		if err != nil || got != want {
			t.Errorf("Verify(%q) = %t, %v, want %t", password, got, err, want)
		}
	}
}

func TestPasswordsInOtherNormalForms(t *testing.T) {
	h := newCheapHasher()
	hashes := 0
	key := h.key
	h.key = func(password, salt []byte, passes, memory uint32, threads uint8, length uint32) []byte {
		hashes++
		return key(password, salt, passes, memory, threads, length)
	}
	// old is a hash from before passwords were normalized.
	old := func(password string) chat.PasswordHash {
		salt := []byte("0123456789abcdef")
		return chat.PasswordHash(phc{cost: h.cost, salt: salt, key: key([]byte(password), salt, h.cost.Passes, h.cost.Memory, h.cost.Threads, keyBytes)}.String())
	}
	const composed, decomposed = "caf\u00e9 \u212bngstr\u00f6m", "cafe\u0301 A\u030angstro\u0308m"
	for _, c := range []struct {
		name, set, entered string
		old, want          bool
		hashes             int
	}{
		{"the same", composed, composed, false, true, 1},
		{"decomposed", composed, decomposed, false, true, 1},
		{"composed", decomposed, composed, false, true, 1},
		{"a wide space", "two\u3000words here", "two words here", false, true, 1},
		{"wide letters stay different", "\uff41bcdefgh", "abcdefgh", false, false, 1},
		{"capitals stay different", "\u00c9t\u00e9 2026", "\u00e9t\u00e9 2026", false, false, 2},
		{"an old hash, the same", decomposed, decomposed, true, true, 2},
		{"an old hash, decomposed", "caf\u00e9 caf\u00e9", "cafe\u0301 cafe\u0301", true, true, 1},
		{"an old hash, composed", "cafe\u0301 cafe\u0301", "caf\u00e9 caf\u00e9", true, true, 2},
		{"ASCII", "correct horse", "wrong horse", true, false, 1},
		{"not allowed by the profile", "tab\tand \u0000 \u00e9", "tab\tand \u0000 e\u0301", false, true, 1},
		{"emoji", "\U0001fae9\U0001f600 house", "\U0001fae9\U0001f600 house", false, true, 1},
	} {
		stored, err := h.Hash(t.Context(), c.set)
		if c.old {
			stored = old(c.set)
		}
		hashes = 0
		ok, verifyErr := h.Verify(t.Context(), c.entered, stored)
		if err = errors.Join(err, verifyErr); err != nil || ok != c.want || hashes != c.hashes {
			t.Errorf("%s: Verify = %t, %v with %d hashes, want %t with %d", c.name, ok, err, hashes, c.want, c.hashes)
		}
	}
	for _, password := range []string{composed, decomposed, "ascii", "", "\xff\xfe", strings.Repeat("\u00e9", 300)} {
		hashes = 0
		if _, err := h.Verify(t.Context(), password, old("another")); err != nil {
			t.Fatal(err)
		}
		wrong := hashes
		hashes = 0
		if err := h.VerifyDummy(t.Context(), password); err != nil || hashes != wrong {
			t.Errorf("%q: an unknown name takes %d hashes, %v, a wrong password %d", password, hashes, err, wrong)
		}
	}
}

func TestEveryHashHasItsOwnSalt(t *testing.T) {
	h := newCheapHasher()
	a, errA := h.Hash(t.Context(), "same")
	b, errB := h.Hash(t.Context(), "same")
	if errA != nil || errB != nil || a == b {
		t.Errorf("hashes %s (%v) and %s (%v), want two different", a, errA, b, errB)
	}
}

func TestVerifyKnownVector(t *testing.T) {
	// From the reference implementation: argon2 "somesalt" -id -t 2 -m 16 -p 1 -e, password "password".
	const stored = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	if ok, err := newCheapHasher().Verify(t.Context(), "password", stored); err != nil || !ok {
		t.Errorf("Verify = %t, %v, want true", ok, err)
	}
}

func TestVerifyUsesTheStoredCost(t *testing.T) {
	stored, err := newCheapHasher().Hash(t.Context(), "x")
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := NewHasher(1, OWASP).Verify(t.Context(), "x", stored); err != nil || !ok {
		t.Errorf("Verify = %t, %v, want true", ok, err)
	}
}

func TestVerifyRefusesOtherFormats(t *testing.T) {
	const salt, key = "c29tZXNhbHQ", "CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	for name, stored := range map[string]chat.PasswordHash{
		"nothing":          "",
		"plain text":       "password",
		"bcrypt":           "$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
		"argon2i":          "$argon2i$v=19$m=19456,t=2,p=1$" + salt + "$" + key,
		"old version":      "$argon2id$v=16$m=19456,t=2,p=1$" + salt + "$" + key,
		"no version":       "$argon2id$m=19456,t=2,p=1$" + salt + "$" + key,
		"4 GiB":            "$argon2id$v=19$m=4194304,t=2,p=1$" + salt + "$" + key,
		"overflow":         "$argon2id$v=19$m=99999999999999999999,t=2,p=1$" + salt + "$" + key,
		"negative":         "$argon2id$v=19$m=-1,t=2,p=1$" + salt + "$" + key,
		"too little":       "$argon2id$v=19$m=7,t=2,p=1$" + salt + "$" + key,
		"no pass":          "$argon2id$v=19$m=19456,t=0,p=1$" + salt + "$" + key,
		"a million passes": "$argon2id$v=19$m=19456,t=1000000,p=1$" + salt + "$" + key,
		"no thread":        "$argon2id$v=19$m=19456,t=2,p=0$" + salt + "$" + key,
		"300 threads":      "$argon2id$v=19$m=19456,t=2,p=300$" + salt + "$" + key,
		"more parameters":  "$argon2id$v=19$m=19456,t=2,p=1,x=1$" + salt + "$" + key,
		"sign":             "$argon2id$v=19$m=+19456,t=2,p=1$" + salt + "$" + key,
		"no salt":          "$argon2id$v=19$m=19456,t=2,p=1$$" + key,
		"no key":           "$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$",
		"padding":          "$argon2id$v=19$m=19456,t=2,p=1$" + salt + "=$" + key,
		"more":             "$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$" + key + "$x",
	} {
		if ok, err := newCheapHasher().Verify(t.Context(), "password", stored); ok || !errors.Is(err, errPHC) {
			t.Errorf("%s: Verify = %t, %v, want false and %v", name, ok, err, errPHC)
		}
	}
}

func TestLongPasswords(t *testing.T) {
	h := newCheapHasher()
	stored, err := h.Hash(t.Context(), strings.Repeat("😀", 128))
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := h.Verify(t.Context(), strings.Repeat("😀", 128), stored); err != nil || !ok {
		t.Errorf("128 characters: Verify = %t, %v, want true", ok, err)
	}
	endless := strings.Repeat("a", 1<<20)
	if _, err := h.Hash(t.Context(), endless); err == nil {
		t.Error("1 MiB: Hash succeeded, want an error")
	}
	if ok, err := h.Verify(t.Context(), endless, stored); err != nil || ok {
		t.Errorf("1 MiB: Verify = %t, %v, want false", ok, err)
	}
}

func TestVerifyDummyCostsAsMuch(t *testing.T) {
	h := NewHasher(1, OWASP)
	stored, err := h.Hash(t.Context(), "known")
	if err != nil {
		t.Fatal(err)
	}
	took := func(f func()) time.Duration {
		start := time.Now()
		f()
		return time.Since(start)
	}
	// Alternating the two makes a busy machine slow down both.
	known, unknown := time.Hour, time.Hour
	for range 10 {
		known = min(known, took(func() { _, _ = h.Verify(t.Context(), "wrong", stored) }))
		unknown = min(unknown, took(func() { _ = h.VerifyDummy(t.Context(), "wrong") }))
	}
	if ratio := float64(unknown) / float64(known); ratio < 0.5 || ratio > 2 {
		t.Errorf("unknown name: %v, known name: %v, want the same", unknown, known)
	}
}

func TestConcurrentHashesAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newCheapHasher()
		for range 2 { // hashes that never finish
			if err := h.queue.acquire(t.Context(), signIns, h.wait); err != nil {
				t.Fatal(err)
			}
		}
		start := time.Now()
		if _, err := h.Hash(t.Context(), "x"); !errors.Is(err, ErrBusy) {
			t.Errorf("Hash: err = %v, want %v", err, ErrBusy)
		}
		if got := time.Since(start); got != hashWait {
			t.Errorf("waited %v, want %v", got, hashWait)
		}
		if err := h.VerifyDummy(t.Context(), "x"); !errors.Is(err, ErrBusy) {
			t.Errorf("VerifyDummy: err = %v, want %v", err, ErrBusy)
		}

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := h.Hash(ctx, "x"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("canceled caller: err = %v, want %v", err, context.DeadlineExceeded)
		}

		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := h.Hash(t.Context(), "x"); err != nil {
				t.Errorf("slot available: err = %v, want nil", err)
			}
		})
		synctest.Wait()
		h.queue.release()
		wg.Wait()
	})
}

func FuzzParsePHC(f *testing.F) {
	f.Add("$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc")
	f.Add("$argon2id$v=19$m=8,t=1,p=1$$")
	f.Fuzz(func(t *testing.T, s string) {
		p, err := parsePHC(s)
		if err != nil {
			return
		}
		if p.cost.Memory > maxMemory || p.cost.Passes > maxPasses || p.cost.Threads > maxThreads || len(p.salt) > 64 || len(p.key) > 64 {
			t.Errorf("%q has cost %+v", s, p.cost)
		}
		if got := p.String(); got != s {
			t.Errorf("%q is formatted as %q", s, got)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	h := NewHasher(1, OWASP)
	for b.Loop() {
		if err := h.VerifyDummy(b.Context(), "password"); err != nil {
			b.Fatal(err)
		}
	}
}
