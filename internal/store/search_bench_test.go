package store

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

// withoutSearch is what an append would not have to do without search.
var withoutSearch = map[string]string{
	"sqlite":   `DROP TRIGGER messages_written; DROP INDEX messages_room_id_id_idx`,
	"postgres": `DROP INDEX messages_search_idx; DROP INDEX messages_room_id_id_idx`,
}

// BenchmarkAppendIndexed tells what search costs the senders: the same storm by
// turns with and without the indexes, the fastest of each as a ratio. Give it rounds
// (-benchtime 10x): a busy machine disturbs single ones by far more than that.
func BenchmarkAppendIndexed(b *testing.B) {
	for _, e := range engines {
		b.Run(e.name, func(b *testing.B) {
			with, without := e.open(b), e.open(b)
			for statement := range strings.SplitSeq(withoutSearch[e.name], ";") {
				if _, err := without.write.ExecContext(b.Context(), statement); err != nil {
					b.Fatal(err)
				}
			}
			storms := []*storm{newStorm(b, with), newStorm(b, without)}
			for b.Loop() {
				for _, i := range rand.Perm(len(storms)) {
					storms[i].run(b)
				}
			}
			b.ReportMetric(slices.Min(storms[0].runs).Seconds()/slices.Min(storms[1].runs).Seconds(), "times-as-long")
			for i, name := range []string{"with", "without"} {
				b.ReportMetric(storms[i].slowest(0.5), "p50-"+name+"-ms")
				b.ReportMetric(storms[i].slowest(0.99), "p99-"+name+"-ms")
			}
		})
	}
}

// storm is 64 people who each say 50 things in one of four rooms.
type storm struct {
	store  *Store
	author chat.Caller
	rooms  []chat.Room

	runs []time.Duration

	mu    sync.Mutex
	waits []time.Duration
}

func newStorm(b *testing.B, s *Store) *storm {
	st := &storm{store: s, author: register(b, s, "alice")}
	for i := range 4 {
		st.rooms = append(st.rooms, createRoom(b, s, st.author, fmt.Sprint("room", i)))
	}
	return st
}

func (s *storm) run(b *testing.B) {
	began := time.Now()
	var people sync.WaitGroup
	for i := range 64 {
		people.Go(func() {
			for range 50 {
				asked := time.Now()
				if _, _, err := s.store.Append(b.Context(), draft(s.rooms[i%4], s.author, sentence())); err != nil {
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
	s.runs = append(s.runs, time.Since(began))
}

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
