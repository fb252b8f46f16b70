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
	senderCount  = 512 // enough for large batches: the messages that queue while a batch commits
	messagesEach = 16
)

// BenchmarkAppend measures a saturated Append. It alternates between many concurrent senders
// and a bare loop that numbers and inserts the same number of messages in batches of the same
// size, into tables without further indexes. It reports the ratio of the fastest runs. Use
// several rounds (-benchtime 10x): on a busy machine single runs vary by far more than the
// difference.
func BenchmarkAppend(b *testing.B) {
	for _, e := range engines {
		for _, rooms := range []int{1, 64} {
			b.Run(fmt.Sprintf("%s/rooms=%d", e.name, rooms), func(b *testing.B) {
				s := e.open(b)
				load, floor := newSenders(b, s, rooms), newFloor(b, s, rooms)
				load.run(b) // measures the batch size
				for b.Loop() {
					load.run(b)
					floor.run(b, int(load.batch()))
				}
				b.ReportMetric(load.fastest()/floor.fastest(), "times-the-floor")
				b.ReportMetric(load.batch(), "messages/batch")
				b.ReportMetric(load.perMessage(), "µs/message")
				b.ReportMetric(load.percentile(0.5), "p50-ms")
				b.ReportMetric(load.percentile(0.99), "p99-ms")
				if onPostgres(s) {
					b.ReportMetric(load.work(), "server-µs/message")
					b.ReportMetric(floor.work(), "floor-server-µs/message")
				}
			})
		}
	}
}

// BenchmarkAppendIndexed measures what search costs the senders: it alternates between runs
// with and without a concurrent indexer. It also measures the later indexing work per
// message.
func BenchmarkAppendIndexed(b *testing.B) {
	for _, e := range engines {
		b.Run(e.name, func(b *testing.B) {
			with, without := newSenders(b, e.open(b), 64), newSenders(b, e.open(b), 64)
			later := &runs{store: without.store, messages: senderCount * messagesEach}
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
			b.ReportMetric(with.percentile(0.99), "p99-with-ms")
			b.ReportMetric(without.percentile(0.99), "p99-without-ms")
			b.ReportMetric(later.perMessage(), "µs/message-later")
			if onPostgres(without.store) {
				b.ReportMetric(later.work(), "server-µs/message-later")
			}
		})
	}
}

// eager makes an indexer continue when it would wait for more messages.
type eager struct{ *Store }

func (e eager) IndexMessages(ctx context.Context, f chat.Folding) (chat.IndexProgress, error) {
	p, err := e.Store.IndexMessages(ctx, f)
	p.More = true
	return p, err
}

// runs records the durations of repeated runs, each of the same number of messages.
type runs struct {
	store    *Store
	messages int
	times    []time.Duration
	server   []time.Duration // CPU time of Postgres
}

func (r *runs) run(fn func()) {
	before, began := r.serverTime(), time.Now()
	fn()
	r.times = append(r.times, time.Since(began))
	r.server = append(r.server, r.serverTime()-before)
}

func (r *runs) fastest() float64 { return slices.Min(r.times).Seconds() }

func (r *runs) perMessage() float64 { return r.fastest() / float64(r.messages) * 1e6 }

// work returns the CPU time of the server per message, in microseconds.
func (r *runs) work() float64 {
	return float64(slices.Min(r.server).Microseconds()) / float64(r.messages)
}

// serverTime returns the CPU time of the processes that serve this database, 0 if the server
// runs on another machine.
func (r *runs) serverTime() (sum time.Duration) {
	p, ok := r.store.dialect.(*postgresDialect)
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

// senders are many clients that send messages to some rooms at the same time.
type senders struct {
	runs
	users []chat.Caller
	rooms []chat.Room

	batches, stored atomic.Int64

	mu    sync.Mutex
	waits []time.Duration
}

func newSenders(b *testing.B, s *Store, rooms int) *senders {
	st := &senders{runs: runs{store: s, messages: senderCount * messagesEach}}
	for i := range 64 {
		st.users = append(st.users, register(b, s, fmt.Sprint("user", i)))
	}
	for i := range rooms {
		st.rooms = append(st.rooms, createRoom(b, s, st.users[0], fmt.Sprint("room", i)))
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

func (s *senders) run(b *testing.B) {
	s.runs.run(func() {
		var wg sync.WaitGroup
		for i := range senderCount {
			wg.Go(func() {
				for range messagesEach {
					start := time.Now()
					d := draft(s.rooms[i%len(s.rooms)], s.users[i*7%len(s.users)], sentence())
					if _, _, err := s.store.Append(b.Context(), d, chat.CanSend); err != nil {
						b.Error(err)
						return
					}
					s.mu.Lock()
					s.waits = append(s.waits, time.Since(start))
					s.mu.Unlock()
				}
			})
		}
		wg.Wait()
	})
}

// batch returns the average number of messages per transaction.
func (s *senders) batch() float64 { return float64(s.stored.Load()) / float64(s.batches.Load()) }

// percentile returns the duration within which a part of the sends finished, in milliseconds.
func (s *senders) percentile(part float64) float64 {
	slices.Sort(s.waits)
	return float64(s.waits[int(float64(len(s.waits)-1)*part)].Microseconds()) / 1000
}

// sentence returns twelve words of a vocabulary of 20,000, about 80 letters.
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
