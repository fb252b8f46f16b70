package chaos

import (
	"context"
	"fmt"
	"time"
)

// soakFaults are the faults that can be repeated: no user is lost permanently.
var soakFaults = []struct {
	name  string
	fault func(ctx context.Context, r *Run) error
}{
	{"kill", restartNode}, {"SIGTERM", drainNode}, {"rolling restart", rollingRestart}, {"freeze", freezeNode},
	{"Redis restart", restartRedis}, {"FLUSHALL", flushRedis}, {"Redis gone", stopRedis}, {"Redis deaf", blackholeRedis},
	{"COMMIT replies lost", loseCommitReplies}, {"Postgres killed", restartPostgres}, {"Postgres frozen", freezePostgres},
	{"bad network", badNetwork}, {"nginx reload", reloadNginx},
}

// Soak returns a scenario in which one fault follows the other for d, chosen by the seed.
func Soak(d time.Duration) Scenario {
	return Scenario{
		Name: fmt.Sprintf("soak: %s of one fault after the other", d), Presence: true, Takes: d,
		Fault: func(ctx context.Context, r *Run) error { return soak(ctx, r, d) },
	}
}

func soak(ctx context.Context, r *Run, d time.Duration) error {
	random, end := r.chance, time.Now().Add(d)
	times := map[string]int{}
	for time.Now().Before(end) {
		f := soakFaults[random.IntN(len(soakFaults))]
		times[f.name]++
		if err := f.fault(ctx, r); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		if err := r.wait(ctx, time.Second+time.Duration(random.Int64N(int64(4*time.Second)))); err != nil {
			return err
		}
	}
	r.note("faults: %v", times)
	return nil
}

func restartNode(_ context.Context, r *Run) error {
	n := r.Nodes[r.chance.IntN(nodes)]
	if err := n.Kill(); err != nil {
		return err
	}
	return n.Start()
}
