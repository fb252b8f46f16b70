package store

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/service"
)

const (
	stormPeople = 512 // enough that what queues while a batch commits is a large batch
	stormEach   = 16
)

// BenchmarkAppend tells what a saturated Append costs: by turns the storm and a bare
// loop that numbers and inserts as many messages in batches of the same size, into
// tables of which nothing else is asked; the fastest of each as a ratio. Give it rounds
// (-benchtime 10x): a busy machine disturbs single ones by far more than that.
func BenchmarkAppend(b *testing.B) {
	for _, e := range engines {
		for _, rooms := range []int{1, 64} {
			b.Run(fmt.Sprintf("%s/rooms=%d", e.name, rooms), func(b *testing.B) {
				s := e.open(b)
				storm, floor := newStorm(b, s, rooms), newFloor(b, s, rooms)
				storm.run(b) // how large its batches are
				for b.Loop() {
					storm.run(b)
					floor.run(b, int(storm.batch()))
				}
				b.ReportMetric(storm.fastest()/floor.fastest(), "times-the-floor")
				b.ReportMetric(storm.batch(), "messages/batch")
				b.ReportMetric(storm.perMessage(), "µs/message")
				b.ReportMetric(storm.slowest(0.5), "p50-ms")
				b.ReportMetric(storm.slowest(0.99), "p99-ms")
				if onPostgres(s) {
					b.ReportMetric(storm.work(), "server-µs/message")
					b.ReportMetric(floor.work(), "floor-server-µs/message")
				}
			})
		}
	}
}

// BenchmarkAppendIndexed tells what search costs the senders: by turns the storm with
// and without an indexer behind it, and what the indexer does later for each message.
func BenchmarkAppendIndexed(b *testing.B) {
	for _, e := range engines {
		b.Run(e.name, func(b *testing.B) {
			with, without := newStorm(b, e.open(b), 64), newStorm(b, e.open(b), 64)
			later := &runs{store: without.store}
			for b.Loop() {
				ctx, stop := context.WithCancel(b.Context())
				var indexer sync.WaitGroup
				indexer.Go(func() { (&service.Indexer{Store: eager{with.store}, Log: slog.Default()}).Run(ctx) })
				with.run(b)
				stop()
				indexer.Wait()
				without.run(b)
				later.run(func() { index(b, without.store) })
			}
			b.ReportMetric(with.fastest()/without.fastest(), "times-as-long")
			b.ReportMetric(with.slowest(0.99), "p99-with-ms")
			b.ReportMetric(without.slowest(0.99), "p99-without-ms")
			b.ReportMetric(later.perMessage(), "µs/message-later")
			if onPostgres(without.store) {
				b.ReportMetric(later.work(), "server-µs/message-later")
			}
		})
	}
}

// eager has an indexer go on where it would wait for more messages.
type eager struct{ *Store }

func (e eager) IndexMessages(ctx context.Context, f chat.Folding) (chat.IndexProgress, error) {
	p, err := e.Store.IndexMessages(ctx, f)
	p.More = true
	return p, err
}

// runs are how long the runs of one thing took.
type runs struct {
	store  *Store
	times  []time.Duration
	server []time.Duration // processor time of Postgres
}

func (r *runs) run(do func()) {
	before, began := r.serverTime(), time.Now()
	do()
	r.times = append(r.times, time.Since(began))
	r.server = append(r.server, r.serverTime()-before)
}

func (r *runs) fastest() float64 { return slices.Min(r.times).Seconds() }

func (r *runs) perMessage() float64 { return r.fastest() / (stormPeople * stormEach) * 1e6 }

// work is the server's processor time for a message, in microseconds.
func (r *runs) work() float64 {
	return float64(slices.Min(r.server).Microseconds()) / (stormPeople * stormEach)
}

// serverTime is how long the processes that serve our database have worked: 0 where
// the server is none of this machine's.
func (r *runs) serverTime() (sum time.Duration) {
	p, ok := r.store.engine.(*postgres)
	if !ok {
		return 0
	}
	rows, err := p.pool.Query(context.Background(), `SELECT pid FROM pg_stat_activity WHERE datname = current_database()`)
	if err != nil {
		return 0
	}
	pids, _ := pgx.CollectRows(rows, pgx.RowTo[int])
	for _, pid := range pids {
		var ran time.Duration
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/schedstat", pid))
		_, _ = fmt.Sscan(string(text), (*int64)(&ran))
		sum += ran
	}
	return sum
}

// storm is many people who all say something in one of some rooms.
type storm struct {
	runs
	people []chat.Caller
	rooms  []chat.Room

	batches, stored atomic.Int64

	mu    sync.Mutex
	waits []time.Duration
}

func newStorm(b *testing.B, s *Store, rooms int) *storm {
	st := &storm{runs: runs{store: s}}
	for i := range 64 {
		st.people = append(st.people, register(b, s, fmt.Sprint("user", i)))
	}
	for i := range rooms {
		st.rooms = append(st.rooms, createRoom(b, s, st.people[0], fmt.Sprint("room", i)))
	}
	_, err := s.write.ExecContext(b.Context(), `INSERT INTO room_members (room_id, user_id, joined_at)
		SELECT r.id, u.id, 1 FROM rooms r, users u WHERE u.id <> r.owner_id`)
	if err != nil {
		b.Fatal(err)
	}
	s.queue.observe = func(stored int, _ time.Duration) {
		st.batches.Add(1)
		st.stored.Add(int64(stored))
	}
	return st
}

func (s *storm) run(b *testing.B) {
	s.runs.run(func() {
		var people sync.WaitGroup
		for i := range stormPeople {
			people.Go(func() {
				for range stormEach {
					asked := time.Now()
					d := draft(s.rooms[i%len(s.rooms)], s.people[i*7%len(s.people)], sentence())
					if _, _, err := s.store.Append(b.Context(), d, chat.CanSend); err != nil {
						b.Error(err)
						return
					}
					s.mu.Lock()
					s.waits = append(s.waits, time.Since(asked))
					s.mu.Unlock()
				}
			})
		}
		people.Wait()
	})
}

// batch is how many messages one transaction stored.
func (s *storm) batch() float64 { return float64(s.stored.Load()) / float64(s.batches.Load()) }

// slowest is how long a part of the sends took at most, in milliseconds.
func (s *storm) slowest(part float64) float64 {
	slices.Sort(s.waits)
	return float64(s.waits[int(float64(len(s.waits)-1)*part)].Microseconds()) / 1000
}

// sentence makes twelve words of a vocabulary of 20,000: about 80 letters.
func sentence() string {
	words := make([]string, 12)
	for i := range words {
		n := rand.IntN(20_000)
		for range 3 {
			words[i] += string(rune('a'+n%26)) + string("aeiou"[n%5])
			n /= 27
		}
	}
	return strings.Join(words, " ")
}
