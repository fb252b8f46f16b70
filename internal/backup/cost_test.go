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

// peakMemory returns the most memory that this process has had at a time, in KiB.
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

// peaks backs up, checks and restores in processes of their own. It returns the peak
// memory of each, in MiB.
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

// TestMemoryDoesNotGrowWithTheChat: rows and files are streamed.
func TestMemoryDoesNotGrowWithTheChat(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector needs several times the memory; make test-backup runs this without it")
	}
	const most = 110 // MiB more for the large chat, which SQLite's cache takes half of; its files are more
	rows, textSize, files, fileSize := 20_000, 2<<10, 1, 128<<20
	if *large {
		rows, textSize, files, fileSize = 100_000, 256, 1_000, 256<<10
	}
	onEachPlace(t, func(t *testing.T, place func(t *testing.T) place) {
		little, much := newTown(t, place(t)), newTown(t, place(t))
		little.fill(t, 10, 1)
		much.textSize, much.fileSize = textSize, fileSize
		much.fill(t, rows, files)
		few, many := peaks(t, little.place, place(t)), peaks(t, much.place, place(t))
		for step, mib := range many {
			if mib > few[step]+most {
				t.Errorf("%s takes %d MiB for %d rows and %d MiB of files, and %d for almost nothing", step, mib, rows, files*fileSize>>20, few[step])
			}
		}
	})
}

// halting stops the first read of a blob until it may go on.
type halting struct {
	chat.Blobs
	reached chan<- struct{}
	goOn    <-chan struct{}
	once    *sync.Once
}

func (h halting) Get(ctx context.Context, key string) (chat.Blob, error) {
	h.once.Do(func() {
		h.reached <- struct{}{}
		<-h.goOn
	})
	return h.Blobs.Get(ctx, key)
}

// TestABackupHoldsNobodyUp stops a backup with its snapshot open, and then at its files.
// Everything that people do meanwhile succeeds: it does not wait for the backup.
func TestABackupHoldsNobodyUp(t *testing.T) {
	onEachPlace(t, func(t *testing.T, place func(t *testing.T) place) {
		from, to := newTown(t, place(t)), place(t)
		from.fill(t, 1_000, 3)
		reached, goOn := make(chan struct{}), make(chan struct{})
		source := from.source(t)
		source.Blobs = halting{source.Blobs, reached, goOn, &sync.Once{}}
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
			live(t, from)
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

// live does what people do: it sends, edits, deletes, uploads and creates a room.
func live(t *testing.T, town *town) {
	t.Helper()
	always := func(chat.Membership, chat.Message) error { return nil }
	m, err := town.say(t.Context(), town.rooms[2], "during the backup", "file.txt")
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

// TestSendersBesideABackup compares how long a send takes with and without a backup that
// runs at full speed, on a machine that both share.
func TestSendersBesideABackup(t *testing.T) {
	const (
		least = 200  // sends beside backups
		slow  = 20.0 // times as long: the backup and the senders share the processors and the disk
	)
	messages, files := 5_000, 20
	if *large {
		messages, files = 100_000, 1_000
	}
	onEachPlace(t, func(t *testing.T, place func(t *testing.T) place) {
		from := newTown(t, place(t))
		if *large {
			from.fileSize = 256 << 10
		}
		from.fill(t, messages, files)
		dir, source := t.TempDir(), from.source(t)
		var alone, beside []time.Duration
		// In turns, so that other work on this machine slows both.
		for backups := 0; len(beside) < least && !t.Failed(); backups++ {
			alone = append(alone, latencies(t, from, func(sends func() int) {
				for sends() < least/4 {
					time.Sleep(time.Millisecond)
				}
			})...)
			beside = append(beside, latencies(t, from, func(func() int) {
				if _, err := Create(t.Context(), source, filepath.Join(dir, strconv.Itoa(backups)), 0, Keys{}); err != nil {
					t.Errorf("back up: %v", err)
				}
			})...)
		}
		if t.Failed() {
			return
		}
		slices.Sort(alone)
		slices.Sort(beside)
		t.Logf("%d sends alone: half of them within %v, 99 %% %v, all %v", len(alone), alone[len(alone)/2], alone[len(alone)*99/100], alone[len(alone)-1])
		t.Logf("%d sends beside backups: half of them within %v, 99 %% %v, all %v", len(beside), beside[len(beside)/2], beside[len(beside)*99/100], beside[len(beside)-1])
		if ratio := float64(beside[len(beside)/2]) / float64(alone[len(alone)/2]); ratio > slow {
			t.Errorf("a send takes %.1f times as long beside a backup", ratio)
		}
	})
}

// latencies sends into every room, one message after the other, until work is done. It
// returns how long the sends took. A send that a busy disk makes fail has taken long.
func latencies(t *testing.T, town *town, work func(sends func() int)) (all []time.Duration) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var lock sync.Mutex
	var senders sync.WaitGroup
	for _, room := range town.rooms {
		senders.Go(func() {
			for ctx.Err() == nil {
				began := time.Now()
				// Not until ctx ends: a send that is cut off says nothing.
				if _, err := town.say(t.Context(), room, "how long does this take?"); err != nil && chat.CodeOf(err) != chat.Unavailable {
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
