package blob_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/chillin-chat/chillin/internal/blob"
	"github.com/chillin-chat/chillin/internal/chat"
	testenv "github.com/chillin-chat/chillin/internal/test/env"
)

func TestMain(m *testing.M) { testenv.Main(m) }

// TestBlobs runs the conformance suite of all implementations.
func TestBlobs(t *testing.T) {
	for name, open := range map[string]func(*testing.T) chat.Blobs{
		"disk": func(t *testing.T) chat.Blobs { return openDisk(t, t.TempDir()) },
		"s3":   func(t *testing.T) chat.Blobs { return openS3(t, testenv.S3(t)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			suite(t, open(t))
		})
	}
}

func openDisk(t *testing.T, dir string) *blob.Disk {
	t.Helper()
	d, err := blob.OpenDisk(dir)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func openS3(t *testing.T, at testenv.Store) *blob.S3 {
	t.Helper()
	s, err := blob.NewS3(blob.S3Options{
		Endpoint: at.Endpoint, Secure: at.Secure, AccessKey: at.AccessKey, SecretKey: at.SecretKey,
		Bucket: at.Bucket, Region: at.Region,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func suite(t *testing.T, b chat.Blobs) {
	ctx := t.Context()

	t.Run("blobs of every size are returned unchanged", func(t *testing.T) {
		for key, size := range map[string]int{"size/0": 0, "size/1": 1, "size/odd": 70_001, "size/full": 12 << 20, "size/over-a-part.bin": 17<<20 + 5} {
			want := bytesOf(size)
			put(t, b, key, want, "image/png")
			got, blob := get(t, b, key)
			if !bytes.Equal(got, want) {
				t.Errorf("%s: got %d bytes, different from the %d stored", key, len(got), len(want))
			}
			if blob.Size != int64(size) || blob.ContentType != "image/png" {
				t.Errorf("%s: size, type = %d, %q; want %d, image/png", key, blob.Size, blob.ContentType, size)
			}
			if age := time.Since(blob.ModTime); age < -time.Minute || age > time.Minute {
				t.Errorf("%s: ModTime = %s, want about now", key, blob.ModTime)
			}
		}
	})

	t.Run("a body can be read from anywhere", func(t *testing.T) {
		want := bytesOf(100_000)
		put(t, b, "seek", want, "application/octet-stream")
		blob := open(t, b, "seek")
		for _, at := range []int64{99_990, 0, 50_000} {
			if _, err := blob.Body.Seek(at, io.SeekStart); err != nil {
				t.Fatalf("seek to %d: %v", at, err)
			}
			got := make([]byte, 10)
			if _, err := io.ReadFull(blob.Body, got); err != nil || !bytes.Equal(got, want[at:at+10]) {
				t.Errorf("10 bytes at %d = %x, %v; want %x", at, got, err, want[at:at+10])
			}
		}
		if end, err := blob.Body.Seek(0, io.SeekEnd); err != nil || end != 100_000 {
			t.Errorf("end = %d, %v; want 100000", end, err)
		}
	})

	t.Run("a key is never written twice", func(t *testing.T) {
		put(t, b, "once", []byte("first"), "text/plain")
		err := b.Put(ctx, "once", strings.NewReader("second"), 6, "text/html")
		if !errors.Is(err, fs.ErrExist) {
			t.Errorf("second put: %v, want fs.ErrExist", err)
		}
		if got, blob := get(t, b, "once"); string(got) != "first" || blob.ContentType != "text/plain" {
			t.Errorf("blob = %q, %s; want first, text/plain", got, blob.ContentType)
		}
	})

	t.Run("one of many concurrent puts of a key succeeds", func(t *testing.T) {
		var wg sync.WaitGroup
		errs := make([]error, 8)
		for i := range errs {
			wg.Go(func() {
				errs[i] = b.Put(ctx, "race", bytes.NewReader(bytes.Repeat([]byte{byte(i)}, 5000)), 5000, "text/plain")
			})
		}
		wg.Wait()
		won := -1
		for i, err := range errs {
			switch {
			case err == nil && won >= 0:
				t.Fatalf("puts %d and %d both succeeded", won, i)
			case err == nil:
				won = i
			case !errors.Is(err, fs.ErrExist):
				t.Errorf("put %d: %v, want fs.ErrExist", i, err)
			}
		}
		if got, _ := get(t, b, "race"); won < 0 || !bytes.Equal(got, bytes.Repeat([]byte{byte(won)}, 5000)) {
			t.Errorf("the blob is not that of put %d", won)
		}
	})

	t.Run("a body of another size is refused and leaves nothing", func(t *testing.T) {
		for key, size := range map[string]int64{"short": 11, "long": 9, "empty": 0} {
			if err := b.Put(ctx, key, strings.NewReader("ten bytes."), size, "text/plain"); err == nil || chat.CodeOf(err) != chat.Internal {
				t.Errorf("%s: %v, want an internal error", key, err)
			}
			wantMissing(t, b, key)
		}
	})

	t.Run("a body that fails is refused and leaves nothing", func(t *testing.T) {
		broken := errors.New("client went away")
		r := io.MultiReader(strings.NewReader("half"), iotest.ErrReader(broken))
		if err := b.Put(ctx, "broken", r, 8, "text/plain"); !errors.Is(err, broken) {
			t.Errorf("put: %v, want the reader's error", err)
		}
		wantMissing(t, b, "broken")
	})

	t.Run("a missing blob is NOT_FOUND", func(t *testing.T) { wantMissing(t, b, "none/such") })

	t.Run("a deleted blob is NOT_FOUND, and deleting it again succeeds", func(t *testing.T) {
		put(t, b, "dir/gone", []byte("x"), "text/plain")
		for range 2 {
			if err := b.Delete(ctx, "dir/gone"); err != nil {
				t.Fatalf("delete: %v", err)
			}
		}
		wantMissing(t, b, "dir/gone")
	})

	t.Run("an invalid key is refused", func(t *testing.T) {
		for _, key := range []string{"", "/", "/a", "a/", "a//b", "..", "../a", "a/../b", "a/..", ".tmp", ".tmp/x", "a/.b", "A", "a b", "a\x00", "a\nb", `a\b`, "ä", "a%2e", strings.Repeat("a", 513)} {
			if err := b.Put(ctx, key, strings.NewReader("x"), 1, "text/plain"); err == nil {
				t.Errorf("put %q: no error", key)
			}
			wantMissing(t, b, key)
			if err := b.Delete(ctx, key); err != nil {
				t.Errorf("delete %q: %v, want nil", key, err)
			}
		}
	})

	t.Run("a folder is not a blob", func(t *testing.T) {
		put(t, b, "folder/leaf", []byte("x"), "text/plain")
		wantMissing(t, b, "folder")
	})

	t.Run("a canceled caller gets the error of its context", func(t *testing.T) {
		ctx, cancel := context.WithCancel(ctx)
		cancel()
		if err := b.Put(ctx, "late", strings.NewReader("x"), 1, "text/plain"); !errors.Is(err, context.Canceled) {
			t.Errorf("put: %v, want context.Canceled", err)
		}
		wantMissing(t, b, "late")
	})

	t.Run("a working engine is ready", func(t *testing.T) {
		if err := b.Ready(ctx); err != nil {
			t.Errorf("ready: %v", err)
		}
	})
}

func bytesOf(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{byte(n)}).Read(b)
	return b
}

func put(t *testing.T, b chat.Blobs, key string, body []byte, contentType string) {
	t.Helper()
	// A plain io.Reader, as an upload is.
	if err := b.Put(t.Context(), key, io.MultiReader(bytes.NewReader(body)), int64(len(body)), contentType); err != nil {
		t.Fatalf("put %s: %v", key, err)
	}
}

func open(t *testing.T, b chat.Blobs, key string) chat.Blob {
	t.Helper()
	blob, err := b.Get(t.Context(), key)
	if err != nil {
		t.Fatalf("get %s: %v", key, err)
	}
	t.Cleanup(func() { _ = blob.Body.Close() })
	return blob
}

func get(t *testing.T, b chat.Blobs, key string) ([]byte, chat.Blob) {
	t.Helper()
	blob := open(t, b, key)
	got, err := io.ReadAll(blob.Body)
	if err != nil {
		t.Fatalf("read %s: %v", key, err)
	}
	return got, blob
}

func wantMissing(t *testing.T, b chat.Blobs, key string) {
	t.Helper()
	blob, err := b.Get(t.Context(), key)
	if err == nil {
		_ = blob.Body.Close()
	}
	if got := chat.CodeOf(err); err == nil || got != chat.NotFound {
		t.Errorf("get %q: %v, want NOT_FOUND", key, err)
	}
}
