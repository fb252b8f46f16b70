package app_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chillin-chat/chillin/internal/blob"
	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/service"
	"github.com/chillin-chat/chillin/internal/store"
	"github.com/chillin-chat/chillin/internal/store/schema"
	testenv "github.com/chillin-chat/chillin/internal/test/env"
)

// failingBlobs is a storage that can be made unavailable. It reports each deleted blob.
type failingBlobs struct {
	chat.Blobs
	is   atomic.Bool
	gone chan string
}

func (a *failingBlobs) Delete(ctx context.Context, key string) error {
	if a.is.Load() {
		return chat.ErrUnavailable(errors.New("away"))
	}
	err := a.Blobs.Delete(ctx, key)
	a.gone <- key
	return err
}

// warnings is a log handler that forwards messages.
type warnings struct {
	slog.Handler
	warned chan string
}

func (warnings) Enabled(context.Context, slog.Level) bool { return true }

func (h warnings) Handle(_ context.Context, r slog.Record) error {
	h.warned <- r.Message
	return nil
}

// TestGarbageCollectorsOfSeveralNodes checks that each blob is deleted once although two nodes collect,
// that a failed deletion is retried, and that blobs in use are kept.
func TestGarbageCollectorsOfSeveralNodes(t *testing.T) {
	dsn := testenv.Postgres(t)
	migrator, err := schema.OpenPostgres(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(migrator.Up(t.Context()), migrator.Close()); err != nil {
		t.Fatal(err)
	}
	var later atomic.Int64
	s, err := store.OpenPostgres(t.Context(), dsn, store.Options{Now: func() time.Time { return time.Now().Add(time.Duration(later.Load())) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	disk, err := blob.OpenDisk(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	blobs := &failingBlobs{Blobs: disk, gone: make(chan string, 100)}
	alice, err := s.Register(t.Context(), chat.NewAccount{Username: "alice", DisplayName: "Alice", Guest: true},
		chat.NewSession{TokenHash: make([]byte, 32), ExpiresAt: chat.At(time.Now().Add(time.Hour))})
	if err != nil {
		t.Fatal(err)
	}
	upload := func(key string) {
		t.Helper()
		if err := errors.Join(s.ScheduleBlobDeletion(t.Context(), []string{key}, time.Hour), disk.Put(t.Context(), key, strings.NewReader("x"), 1, "text/plain")); err != nil {
			t.Fatal(err)
		}
		a := chat.NewAttachment{Owner: alice.User.ID, Name: "x", Size: 1, ContentType: "text/plain", BlobKey: key}
		if _, err := s.AddAttachment(t.Context(), a, chat.MaxUnused, chat.Quota{PerDay: 1 << 40, Stored: 1 << 40}); err != nil {
			t.Fatal(err)
		}
	}
	var old []string
	for name := range strings.SplitSeq("abcdefgh", "") {
		old = append(old, "files/"+name)
		upload("files/" + name)
	}
	later.Store(int64(23 * time.Hour))
	upload("files/young")
	later.Store(int64(25 * time.Hour))
	blobs.is.Store(true)

	life, end := context.WithCancel(t.Context())
	var nodes sync.WaitGroup
	warned := make(chan string, 10)
	sweepers := []*service.GarbageCollector{}
	for range 2 {
		sweeper := service.NewGarbageCollector(s, s, s, blobs, slog.New(warnings{slog.DiscardHandler, warned}))
		sweepers = append(sweepers, sweeper)
		nodes.Go(func() { sweeper.Run(life) })
	}
	if got := <-warned; got != "garbage collection failed" {
		t.Errorf("warning = %q", got)
	}
	blobs.is.Store(false)
	later.Store(int64(26 * time.Hour))
	for _, sweeper := range sweepers {
		sweeper.Wake()
	}
	var gone []string
	for range old {
		select {
		case key := <-blobs.gone:
			gone = append(gone, key)
		case <-time.After(15 * time.Second):
			t.Fatalf("deleted: %v, want %v", gone, old)
		}
	}
	end()
	nodes.Wait()
	slices.Sort(gone)
	if !slices.Equal(gone, old) || len(blobs.gone) > 0 {
		t.Errorf("deleted: %v and %d more, want %v, each once", gone, len(blobs.gone), old)
	}
	if young, err := disk.Get(t.Context(), "files/young"); err != nil {
		t.Errorf("young: %v, want it kept", err)
	} else {
		_ = young.Body.Close()
	}
}
