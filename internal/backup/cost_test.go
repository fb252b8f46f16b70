package backup

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/store"
)

// peakMemory returns the peak memory of this process, in KiB.
func peakMemory() (int, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	match := regexp.MustCompile(`VmHWM:\s*(\d+)`).FindSubmatch(status)
	if match == nil {
		return 0, errors.New("/proc/self/status has no VmHWM")
	}
	return strconv.Atoi(string(match[1]))
}

// peaks backs up, checks and restores in separate processes. It returns the peak memory of each, in
// MiB.
func peaks(t *testing.T, from, to place) (mib map[string]int) {
	t.Helper()
	mib = map[string]int{}
	path := filepath.Join(t.TempDir(), "chat.tar.zst")
	for _, step := range []struct {
		do string
		at place
	}{{"backup", from}, {"check", from}, {"restore", to}} {
		began := time.Now()
		cmd, out := child{Do: step.do, Path: path}.start(t, step.at)
		line, _ := out.ReadString('\n')
		if err := cmd.Wait(); err != nil {
			t.Fatalf("%s: %s %v", step.do, line, err)
		}
		peak, err := strconv.Atoi(strings.TrimSpace(line))
		if err != nil {
			t.Fatalf("%s prints %q, want its peak memory", step.do, line)
		}
		mib[step.do] = peak >> 10
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %v, %d MiB of memory, archive of %d bytes", step.do, time.Since(began).Round(10*time.Millisecond), peak>>10, info.Size())
	}
	return mib
}

// TestMemoryDoesNotGrowWithTheChat ensures that rows and files are streamed.
func TestMemoryDoesNotGrowWithTheChat(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector needs several times the memory; make test-backup runs this without it")
	}
	const most = 110 // additional MiB for the large chat, half of it for SQLite's cache; its files are larger
	rows, textSize, files, fileSize := 20_000, 2<<10, 1, 128<<20
	if *large {
		rows, textSize, files, fileSize = 100_000, 256, 1_000, 256<<10
	}
	onBothEngines(t, func(t *testing.T, place func(t *testing.T) place) {
		little, much := newTestChat(t, place(t)), newTestChat(t, place(t))
		little.fill(t, 10, 1)
		much.textSize, much.fileSize = textSize, fileSize
		much.fill(t, rows, files)
		few, many := peaks(t, little.place, place(t)), peaks(t, much.place, place(t))
		for step, mib := range many {
			if mib > few[step]+most {
				t.Errorf("%s takes %d MiB for %d rows and %d MiB of files, and %d for a small chat", step, mib, rows, files*fileSize>>20, few[step])
			}
		}
	})
}

// pausingBlobs blocks the first read of a blob until it is released.
type pausingBlobs struct {
	chat.Blobs
	reached chan<- struct{}
	goOn    <-chan struct{}
	once    *sync.Once
}

func (h pausingBlobs) Get(ctx context.Context, key string) (chat.Blob, error) {
	h.once.Do(func() {
		h.reached <- struct{}{}
		<-h.goOn
	})
	return h.Blobs.Get(ctx, key)
}

// TestBackupBlocksNoOne pauses a backup with its snapshot open, and again at its files. All user
// actions succeed meanwhile without waiting.
func TestBackupBlocksNoOne(t *testing.T) {
	onBothEngines(t, func(t *testing.T, place func(t *testing.T) place) {
		from, to := newTestChat(t, place(t)), place(t)
		from.fill(t, 1_000, 3)
		reached, goOn := make(chan struct{}), make(chan struct{})
		source := from.source(t)
		source.Blobs = pausingBlobs{source.Blobs, reached, goOn, &sync.Once{}}
		source.Snapshot = func(ctx context.Context) (*store.Snapshot, error) {
			snapshot, err := from.snapshot(ctx)
			if err == nil {
				reached <- struct{}{}
				<-goOn
			}
			return snapshot, err
		}
		path := filepath.Join(t.TempDir(), "chat.tar.zst")
		done := make(chan error)
		go func() {
			_, err := Create(t.Context(), source, path, 0, Keys{})
			done <- err
		}()
		for range 2 {
			<-reached
			useChat(t, from)
			goOn <- struct{}{}
		}
		if err := <-done; err != nil {
			t.Fatalf("back up: %v", err)
		}
		r, err := Restore(t.Context(), path, Keys{}, to.target(t))
		if err != nil || r.Messages != 1_003 || r.Missing != 0 {
			t.Errorf("restore = %+v, %v, want the 1,003 messages of before", r, err)
		}
	})
}

// useChat performs typical user actions: it sends, edits, deletes, uploads and creates a room.
func useChat(t *testing.T, town *testChat) {
	t.Helper()
	always := func(chat.Membership, chat.Message) error { return nil }
	m, err := town.send(t.Context(), town.rooms[2], "during the backup", "file.txt")
	if err != nil {
		t.Fatalf("send during the backup: %v", err)
	}
	if _, _, err := town.store.Delete(t.Context(), m.Ref(), town.alice.User.ID, always); err != nil {
		t.Errorf("delete during the backup: %v", err)
	}
	name := fmt.Sprintf("room %d", m.ID)
	if _, _, err := town.store.CreateRoom(t.Context(), chat.NewRoom{Name: name, NameKey: name, Owner: town.alice.User.ID}); err != nil {
		t.Errorf("create a room during the backup: %v", err)
	}
}

// TestSendersDuringABackup compares the duration of a send with and without a backup at full speed on
// the same machine.
func TestSendersDuringABackup(t *testing.T) {
	const (
		minSends = 200  // sends during backups
		slow     = 20.0 // factor: the backup and the senders share CPU and disk
	)
	messages, files := 5_000, 20
	if *large {
		messages, files = 100_000, 1_000
	}
	onBothEngines(t, func(t *testing.T, place func(t *testing.T) place) {
		from := newTestChat(t, place(t))
		if *large {
			from.fileSize = 256 << 10
		}
		from.fill(t, messages, files)
		dir, source := t.TempDir(), from.source(t)
		var alone, during []time.Duration
		// Alternating, so that other load on this machine affects both.
		for backups := 0; len(during) < minSends && !t.Failed(); backups++ {
			alone = append(alone, latencies(t, from, func(sends func() int) {
				for sends() < minSends/4 {
					time.Sleep(time.Millisecond)
				}
			})...)
			during = append(during, latencies(t, from, func(func() int) {
				if _, err := Create(t.Context(), source, filepath.Join(dir, strconv.Itoa(backups)), 0, Keys{}); err != nil {
					t.Errorf("back up: %v", err)
				}
			})...)
		}
		if t.Failed() {
			return
		}
		slices.Sort(alone)
		slices.Sort(during)
		t.Logf("%d sends alone: half of them within %v, 99 %% %v, all %v", len(alone), alone[len(alone)/2], alone[len(alone)*99/100], alone[len(alone)-1])
		t.Logf("%d sends during backups: half of them within %v, 99 %% %v, all %v", len(during), during[len(during)/2], during[len(during)*99/100], during[len(during)-1])
		if ratio := float64(during[len(during)/2]) / float64(alone[len(alone)/2]); ratio > slow {
			t.Errorf("a send takes %.1f times as long during a backup", ratio)
		}
	})
}

// latencies sends into every room, one message after the other, until work is done. It returns the
// durations. A send that fails on a busy disk counts as slow.
func latencies(t *testing.T, town *testChat, work func(sends func() int)) (all []time.Duration) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var lock sync.Mutex
	var senders sync.WaitGroup
	for _, room := range town.rooms {
		senders.Go(func() {
			for ctx.Err() == nil {
				began := time.Now()
				// Not until ctx ends: a canceled send would not be measured.
				if _, err := town.send(t.Context(), room, "how long does this take?"); err != nil && chat.CodeOf(err) != chat.Unavailable {
					t.Errorf("send: %v", err)
					return
				}
				lock.Lock()
				all = append(all, time.Since(began))
				lock.Unlock()
			}
		})
	}
	work(func() int {
		lock.Lock()
		defer lock.Unlock()
		if t.Failed() {
			return math.MaxInt
		}
		return len(all)
	})
	stop()
	senders.Wait()
	return all
}
