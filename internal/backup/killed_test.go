package backup

import (
	"bufio"
	"context"
	"encoding/json"
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

// The processes that are killed or measured run this test binary.
const childVariable = "CHILLIN_TEST_CHILD"

// stuckBlobs is a storage that stops answering after two blobs.
type stuckBlobs struct {
	chat.Blobs
	left int
}

func (s *stuckBlobs) Get(ctx context.Context, key string) (chat.Blob, error) {
	s.wait()
	return s.Blobs.Get(ctx, key)
}

func (s *stuckBlobs) Put(ctx context.Context, key string, r io.Reader, size int64, contentType string) error {
	s.wait()
	return s.Blobs.Put(ctx, key, r, size, contentType)
}

func (s *stuckBlobs) wait() {
	if s.left--; s.left < 0 {
		fmt.Println("stuck")
		time.Sleep(time.Hour) // select {} could end the process as a deadlock
	}
}

// child is the work of a separate process.
type child struct {
	Do, Path string
	DSN, Dir string
	S3       blob.S3Options
	Stop     int // after this many requests to the storage; 0 for never
}

func runChild() int {
	var c child
	err := json.Unmarshal([]byte(os.Getenv(childVariable)), &c)
	if err == nil {
		err = c.run(context.Background())
	}
	peak, peakErr := peakMemory()
	if err := errors.Join(err, peakErr); err != nil {
		fmt.Println("ended:", err)
		return 1
	}
	fmt.Println(peak)
	return 0
}

func (c child) run(ctx context.Context) (err error) {
	p := place{dsn: c.DSN, dir: c.Dir, s3: c.S3}
	var blobs chat.Blobs
	if p.s3.Endpoint != "" {
		blobs, err = blob.NewS3(p.s3)
	} else {
		blobs, err = blob.OpenDisk(filepath.Join(p.dir, "blobs"))
	}
	if err != nil {
		return err
	}
	if c.Stop > 0 {
		blobs = &stuckBlobs{blobs, c.Stop}
	}
	switch c.Do {
	case "backup":
		s, err := p.store(ctx, store.Options{Shared: true})
		if err != nil {
			return err
		}
		defer s.Close()
		_, err = Create(ctx, Source{Store: s, Snapshot: p.snapshot, Blobs: blobs, Now: time.Now}, c.Path, 0, Keys{})
		return err
	case "check":
		_, err = Check(ctx, c.Path, Keys{}, p.scratch)
	case "restore":
		_, err = Restore(ctx, c.Path, Keys{}, Target{Database: p.restore, Blobs: func() (chat.Blobs, error) { return blobs, nil }})
	}
	return err
}

// start starts a process that works on the chat at p.
func (c child) start(t *testing.T, p place) (*exec.Cmd, *bufio.Reader) {
	t.Helper()
	c.DSN, c.Dir, c.S3 = p.dsn, p.dir, p.s3
	args, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"="+string(args))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, bufio.NewReader(out)
}

// killed runs a backup or restore in a separate process and kills it in the middle.
func killed(t *testing.T, do, path string, p place) {
	t.Helper()
	stop := 2
	if do == "restore" {
		stop = 4 // it checks for a blob before it stores it
	}
	cmd, out := child{Do: do, Path: path, Stop: stop}.start(t, p)
	line, err := out.ReadString('\n')
	if err != nil || line != "stuck\n" {
		t.Errorf("the child prints %q, %v, want that it is stuck", line, err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
}

func TestKilledBackupLeavesNoArchive(t *testing.T) {
	onBothEngines(t, func(t *testing.T, place func(t *testing.T) place) {
		from := newTestChat(t, place(t))
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

func TestKilledRestoreIsRefusedByNodesAndResumed(t *testing.T) {
	onBothEngines(t, func(t *testing.T, place func(t *testing.T) place) {
		from, to := newTestChat(t, place(t)), place(t)
		from.fill(t, 10, 5)
		path := makeBackup(t, from.place, Keys{})
		killed(t, "restore", path, to)
		schema, err := to.migrator(t.Context())
		if err == nil || !strings.Contains(err.Error(), "run chillin restore again") {
			t.Errorf("a node on the target: %v, want an error", err)
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
