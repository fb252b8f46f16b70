package backup

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chillin-chat/chillin/internal/blob"
	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/store"
)

// A killed process is this test's binary, which stops at its third blob and says so.
const childVariable = "CHILLIN_TEST_CHILD"

// stuck is a storage that does not answer any more after two blobs.
type stuck struct {
	chat.Blobs
	left int
}

func (s *stuck) Get(ctx context.Context, key string) (chat.Blob, error) {
	s.wait()
	return s.Blobs.Get(ctx, key)
}

func (s *stuck) Put(ctx context.Context, key string, r io.Reader, size int64, contentType string) error {
	s.wait()
	return s.Blobs.Put(ctx, key, r, size, contentType)
}

func (s *stuck) wait() {
	if s.left--; s.left < 0 {
		fmt.Println("stuck")
		select {}
	}
}

func runChild() int {
	ctx := context.Background()
	args := strings.Split(os.Getenv(childVariable), "|")
	do, path := args[0], args[1]
	p := place{dsn: args[2], dir: args[3], s3: blob.S3Options{Endpoint: args[4], AccessKey: args[5], SecretKey: args[6], Bucket: args[7], Region: args[8]}}
	var blobs chat.Blobs
	var err error
	if p.s3.Endpoint != "" {
		blobs, err = blob.NewS3(p.s3)
	} else {
		blobs, err = blob.OpenDisk(filepath.Join(p.dir, "blobs"))
	}
	if err == nil && do == "backup" {
		var s *store.Store
		if s, err = p.store(ctx, store.Options{Beside: true}); err == nil {
			_, err = Create(ctx, Source{Store: s, Snapshot: p.snapshot, Blobs: &stuck{blobs, 2}, Now: time.Now}, path, 0, Keys{})
		}
	}
	if err == nil && do == "restore" {
		_, err = Restore(ctx, path, Keys{}, Target{
			Database: p.restore,
			// A restore looks for a blob before it puts it.
			Blobs: func() (chat.Blobs, error) { return &stuck{blobs, 4}, nil },
		})
	}
	fmt.Println("ended:", err)
	return 1
}

// killed runs a backup or restore in a process of its own and kills it in the middle.
func killed(t *testing.T, do, path string, p place) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"="+strings.Join([]string{
		do, path, p.dsn, p.dir, p.s3.Endpoint, p.s3.AccessKey, p.s3.SecretKey, p.s3.Bucket, p.s3.Region}, "|"))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || line != "stuck\n" {
		t.Errorf("the child says %q, %v, want that it is stuck", line, err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
}

func TestAKilledBackupLeavesNoArchive(t *testing.T) {
	onEachPlace(t, func(t *testing.T, place func(t *testing.T) place) {
		from := newTown(t, place(t))
		from.fill(t, 10, 5)
		path := filepath.Join(t.TempDir(), "chat.tar.zst")
		killed(t, "backup", path, from.place)
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("archive: %v, want none", err)
		}
		if n := from.count(t, `SELECT count(*) FROM backups WHERE held_until > 0 AND finished_at IS NULL`); n != 1 {
			t.Errorf("%d holds, want the one of the killed backup until it expires", n)
		}
		r, err := Create(t.Context(), from.source(t), path, 0, Keys{})
		if err != nil || r.Blobs != 5 {
			t.Fatalf("the next backup: %+v, %v", r, err)
		}
		if _, err := Check(t.Context(), path, Keys{}, from.scratch); err != nil {
			t.Errorf("check: %v", err)
		}
	})
}

func TestAKilledRestoreIsRefusedByNodesAndResumed(t *testing.T) {
	onEachPlace(t, func(t *testing.T, place func(t *testing.T) place) {
		from, to := newTown(t, place(t)), place(t)
		from.fill(t, 10, 5)
		path := makeBackup(t, from.place, Keys{})
		killed(t, "restore", path, to)
		schema, err := to.schema(t.Context())
		if err == nil || !strings.Contains(err.Error(), "run chillin restore again") {
			t.Errorf("a node on the target: %v, want that it is refused", err)
			if schema != nil {
				_ = schema.Close()
			}
		}
		r, err := Restore(t.Context(), path, Keys{}, to.target(t))
		if err != nil || !r.Resumed || r.Kept != 2 || r.Blobs != 5 {
			t.Fatalf("the next restore: %+v, %v, want 2 of 5 files kept", r, err)
		}
		wantWhole(t, to)
		to.open(t)
	})
}
