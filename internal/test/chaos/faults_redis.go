package chaos

import (
	"context"
	"fmt"
	"time"
)

// away records the time during which the nodes could not communicate.
func (r *Run) away(from time.Duration) {
	r.History.RedisAway = append(r.History.RedisAway, Span{from, r.History.Now() + 5*time.Second})
}

func restartRedis(ctx context.Context, r *Run) error {
	defer r.away(r.History.Now())
	if err := r.Redis.Restart(); err != nil {
		return err
	}
	return r.wait(ctx, r.dur(10*time.Second, 3*time.Second))
}

func flushRedis(ctx context.Context, r *Run) error {
	defer r.away(r.History.Now())
	for range 3 {
		if err := r.Redis.FlushAll(); err != nil {
			return err
		}
		if err := r.wait(ctx, time.Second); err != nil {
			return err
		}
	}
	return nil
}

func stopRedis(ctx context.Context, r *Run) error {
	defer r.away(r.History.Now())
	if err := r.Redis.Kill(); err != nil {
		return err
	}
	if err := r.wait(ctx, r.dur(60*time.Second, 12*time.Second)); err != nil {
		return err
	}
	if r.Clients.unknowns.Load() == 0 {
		r.complain("unknown presence was not reported to any client")
	}
	return r.Redis.Start()
}

func freezeRedis(ctx context.Context, r *Run) error {
	defer r.away(r.History.Now())
	r.Redis.Pause()
	defer r.Redis.Resume()
	return r.wait(ctx, 12*time.Second)
}

// withoutRedis expects that messages are confirmed immediately and delivered slightly later, and that no
// session ends.
func withoutRedis(r *Run, f Figures) []string {
	var all []string
	if f.P99Delivery > 2*time.Second {
		all = append(all, fmt.Sprintf("delivery p99 is %s, want at most 2 s", f.P99Delivery))
	}
	r.note("slowest delivery %s, slowest confirmation p99 %s", short(f.SlowestDelivery), short(f.P99Confirm))
	if f.Refused+f.Unavailable > 0 {
		all = append(all, fmt.Sprintf("%d refused and %d retries requested, want none", f.Refused, f.Unavailable))
	}
	return append(all, expectNoLogouts(r)...)
}

func expectNoLogouts(r *Run) []string {
	counts, _, closes := r.Clients.Faults()
	if closes[4001]+counts["dial 401"] > 0 {
		return []string{fmt.Sprintf("%d sessions closed, %d refused", closes[4001], counts["dial 401"])}
	}
	return nil
}

// blackholeRedis makes all data between Redis and the nodes vanish on the current connections, in both
// directions. There is no error; new connections work.
func blackholeRedis(ctx context.Context, r *Run) error {
	defer r.away(r.History.Now())
	dropping := 0
	for _, k := range r.ToRedis {
		dropping += k.Blackhole()
	}
	r.note("%d connections were silenced", dropping)
	return r.wait(ctx, r.dur(20*time.Second, 12*time.Second))
}

// expectDetection expects that nodes detect the failure within 5 s. Until then they read the heads every
// 5 s. A node that detected the failure without acting would read them every second, and so be late by
// half a second or more.
func expectDetection(r *Run, f Figures) []string {
	r.note("delivery p99 %s, slowest %s", short(f.P99Delivery), short(f.SlowestDelivery))
	var all []string
	late := Span{r.Broken.From + 7*time.Second, r.Broken.To}
	if p99, _ := r.deliveries(late); p99 > 500*time.Millisecond {
		all = append(all, fmt.Sprintf("7 s later the delivery p99 is still %s, want at most 500 ms", p99))
	}
	if f.SlowestDelivery > 6500*time.Millisecond {
		all = append(all, fmt.Sprintf("the slowest delivery took %s, want at most 6.5 s", f.SlowestDelivery))
	}
	if f.Refused+f.Unavailable > 0 {
		all = append(all, fmt.Sprintf("%d refused and %d retries requested, want none", f.Refused, f.Unavailable))
	}
	return all
}
