package blob_test

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/chillin-chat/chillin/internal/blob"
	"github.com/chillin-chat/chillin/internal/chat"
	testenv "github.com/chillin-chat/chillin/internal/test/env"
)

// answerWithin is how soon an unavailable store must be detected.
const answerWithin = 2 * time.Second

// ownStore starts an S3 server only for t, which may break it.
func ownStore(t *testing.T) (*testenv.ObjectStore, *blob.S3) {
	t.Helper()
	server, err := testenv.New(t).ObjectStore()
	if err != nil {
		t.Fatal(err)
	}
	at, err := server.Create(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return server, openS3(t, at)
}

func TestS3CreatesItsBucket(t *testing.T) {
	at := testenv.S3(t)
	at.Bucket += "-new"
	s := openS3(t, at)
	put(t, s, "k", []byte("x"), "text/plain")
	if err := s.Ready(t.Context()); err != nil {
		t.Errorf("ready: %v", err)
	}
}

func TestS3ReportsAWrongSecret(t *testing.T) {
	at := testenv.S3(t)
	at.SecretKey = "wrong"
	if err := openS3(t, at).Ready(t.Context()); err == nil {
		t.Error("ready with a wrong secret: no error")
	}
}

func TestS3OutageIsDetectedSoonAndEnds(t *testing.T) {
	for name, fault := range map[string]struct {
		breaks func(*testenv.ObjectStore) error
		mends  func(*testenv.ObjectStore) error
	}{
		"stopped": {
			func(s *testenv.ObjectStore) error { return s.Kill() },
			func(s *testenv.ObjectStore) error { return s.Start() },
		},
		"frozen": {
			func(s *testenv.ObjectStore) error { s.Pause(); return nil },
			func(s *testenv.ObjectStore) error { s.Resume(); return nil },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, s := ownStore(t)
			put(t, s, "before", []byte("kept"), "text/plain")
			if err := fault.breaks(server); err != nil {
				t.Fatal(err)
			}
			large := bytesOf(10 << 20) // more than the kernel's buffers hold
			for op, do := range map[string]func(context.Context) error{
				"put": func(ctx context.Context) error { return s.Put(ctx, "while", strings.NewReader("x"), 1, "text/plain") },
				"upload": func(ctx context.Context) error {
					return s.Put(ctx, "large", bytes.NewReader(large), 10<<20, "image/png")
				},
				"get":    func(ctx context.Context) error { _, err := s.Get(ctx, "before"); return err },
				"delete": func(ctx context.Context) error { return s.Delete(ctx, "before") },
				"ready":  s.Ready,
			} {
				start := time.Now()
				err := do(t.Context())
				if took := time.Since(start); took > answerWithin {
					t.Errorf("%s took %s, want at most %s", op, took, answerWithin)
				}
				if got := chat.CodeOf(err); got != chat.Unavailable {
					t.Errorf("%s: %v, want UNAVAILABLE", op, err)
				}
			}
			if err := fault.mends(server); err != nil {
				t.Fatal(err)
			}
			if err := server.AwaitReady(t.Context()); err != nil {
				t.Fatal(err)
			}
			put(t, s, "after", []byte("x"), "text/plain")
		})
	}
}

func TestS3StallDuringADownloadIsUnavailable(t *testing.T) {
	t.Parallel()
	server, s := ownStore(t)
	const size = 16 << 20
	put(t, s, "k", bytesOf(size), "image/png")
	blob := open(t, s, "k")
	if _, err := io.CopyN(io.Discard, blob.Body, 1<<10); err != nil {
		t.Fatal(err)
	}
	server.Pause()
	defer server.Resume()
	start := time.Now()
	_, err := io.Copy(io.Discard, blob.Body)
	if got := chat.CodeOf(err); got != chat.Unavailable {
		t.Errorf("read: %v, want UNAVAILABLE", err)
	}
	if took := time.Since(start); took > answerWithin {
		t.Errorf("read took %s, want at most %s", took, answerWithin)
	}
}

// slowly returns its bytes one by one, with pauses longer than idleTimeout.
type slowly struct {
	text string
	wait <-chan time.Time
}

func (s *slowly) Read(p []byte) (int, error) {
	if s.text == "" {
		return 0, io.EOF
	}
	<-s.wait
	p[0], s.text = s.text[0], s.text[1:]
	return 1, nil
}

func TestSlowSourceIsNotAnIdleStore(t *testing.T) {
	t.Parallel()
	s := openS3(t, testenv.S3(t))
	tick := time.NewTicker(800 * time.Millisecond)
	defer tick.Stop()
	if err := s.Put(t.Context(), "slow", &slowly{"slow", tick.C}, 4, "text/plain"); err != nil {
		t.Fatalf("put: %v", err)
	}
	if got, _ := get(t, s, "slow"); string(got) != "slow" {
		t.Errorf("blob = %q, want slow", got)
	}
}
