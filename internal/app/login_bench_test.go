package app_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/chillin-chat/chillin/internal/app"
)

// BenchmarkMessagesUnderLogins compares the duration of sends alone and during continuous sign-ins of
// 200 clients. "ratio" should be at most about 2, if TMPDIR is on an idle disk and the machine is not
// busy.
func BenchmarkMessagesUnderLogins(b *testing.B) {
	procs := runtime.GOMAXPROCS(0)
	b.Cleanup(func() { runtime.GOMAXPROCS(procs) })
	app.AddSpareThread()
	n := startNode(b, map[string]string{"DATA_DIR": b.TempDir()}, map[string]string{"RATE_LIMIT_AUTH": "1000000", "RATE_LIMIT_MESSAGES": "1000000"})
	alice := newClient(n.base)
	if err := alice.Register(b.Context(), "alice", "correct horse"); err != nil {
		b.Fatal(err)
	}
	room, err := alice.CreateRoom(b.Context(), "Lobby", nil)
	if err != nil {
		b.Fatal(err)
	}
	socket, err := alice.Dial(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(socket.Cut)
	send := func() time.Duration {
		began := time.Now()
		in := map[string]any{"roomId": room.ID, "cid": uuid.NewString(), "text": "hello"}
		if err := socket.Do(b.Context(), "message:send", in, nil); err != nil {
			b.Fatal(err)
		}
		return time.Since(began)
	}
	p99 := func() time.Duration {
		const sends = 1000
		took := make([]time.Duration, sends)
		tick := time.NewTicker(3 * time.Millisecond)
		defer tick.Stop()
		for i := range took {
			<-tick.C
			took[i] = send()
		}
		slices.Sort(took)
		return took[sends*99/100]
	}
	var alone, beside time.Duration
	for b.Loop() {
		alone += p99()
		stop := loginLoad(b, n.base)
		beside += p99()
		b.ReportMetric(stop(), "logins/s")
	}
	b.ReportMetric(alone.Seconds()*1000/float64(b.N), "ms-p99-alone")
	b.ReportMetric(beside.Seconds()*1000/float64(b.N), "ms-p99-beside")
	b.ReportMetric(beside.Seconds()/alone.Seconds(), "ratio")
}

// loginLoad makes 200 clients sign in repeatedly until stop is called, which returns the number of
// responses per second.
func loginLoad(b *testing.B, base string) (stop func() float64) {
	b.Helper()
	ctx, cancel := context.WithCancel(b.Context())
	var all sync.WaitGroup
	var tried, answered atomic.Int64
	began := time.Now()
	for range 200 {
		all.Go(func() {
			for ctx.Err() == nil {
				name := fmt.Sprintf("nobody-%d", tried.Add(1)) // each name has its own limit
				if newClient(base).Login(ctx, name, "correct horse") != nil {
					answered.Add(1)
				}
			}
		})
	}
	return func() float64 {
		cancel()
		all.Wait()
		return float64(answered.Load()) / time.Since(began).Seconds()
	}
}
