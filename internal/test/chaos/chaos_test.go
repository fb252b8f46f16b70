package chaos

import (
	"flag"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	testenv "github.com/chillin-chat/chillin/internal/test/env"
)

var (
	all      = flag.Bool("all", false, "run every scenario, not only the short set")
	long     = flag.Bool("long", false, "use the full duration of every fault")
	seedFlag = flag.Uint64("seed", 0, "the seed of the random choices of clients and faults; 0 for a random one")
	only     = flag.String("only", "", "run the scenarios whose name contains this text")
	binary   = flag.String("binary", "", "the node's executable; empty builds it from this tree")
	markdown = flag.String("markdown", "", "write the table of results to this file")
	soakTime = flag.Duration("soak", 0, "run one fault after the other for this time, and nothing else")
	balance  = flag.String("balancing", "", "how nginx chooses a node: ip_hash (the default in nginx.conf) or least_conn")
	redis    = flag.String("redis", string(SingleRedis), "the kind of Redis: single, cluster or sentinel")
	herd     = flag.Int("herd", 0, "how many clients reconnect at once")
)

// TestScenarios runs the short set, or all scenarios with -all, on one rig.
func TestScenarios(t *testing.T) {
	seed := *seedFlag
	if seed == 0 {
		seed = rand.Uint64N(1 << 32)
	}
	t.Logf("seed %d", seed)
	var results []Result
	var shared *Rig
	t.Cleanup(func() {
		if shared != nil {
			if err := shared.Close(); err != nil {
				t.Errorf("close the rig: %v", err)
			}
		}
	})
	scenarios, all := Scenarios(), *all
	if *soakTime > 0 {
		scenarios, all = []Scenario{Soak(*soakTime)}, true
	}
	for _, s := range scenarios {
		chosen := all || s.Short
		if *only != "" {
			chosen = strings.Contains(s.Name, *only)
		}
		if !chosen || !s.RunsOn(RedisKind(*redis)) {
			continue
		}
		t.Run(s.Name, func(t *testing.T) {
			rig := shared
			if rig == nil || s.ownRig() {
				var err error
				if rig, err = NewRig(t.Context(), RigOptions{
					Binary: *binary, Disk: s.Disk, Redis: RedisKind(*redis), Pooled: s.Pooled, Replica: s.Replica, Balancing: testenv.Balancing(*balance),
				}); err != nil {
					t.Fatalf("rig: %v", err)
				}
			}
			if !s.ownRig() {
				shared = rig
			} else {
				defer func() {
					if err := rig.Close(); err != nil {
						t.Errorf("close the rig: %v", err)
					}
				}()
			}
			result := Play(t.Context(), rig, s, RunOptions{Seed: seed, Long: *long, Herd: *herd, Log: t.Logf})
			results = append(results, result)
			report(t, seed, rig, result)
			if err := rig.Heal(); err != nil {
				t.Fatalf("the rig did not recover after the scenario: %v", err)
			}
		})
	}
	text := Table(results, seed)
	t.Logf("\n%s", text)
	if *markdown != "" {
		if err := os.WriteFile(*markdown, []byte(text), 0o644); err != nil {
			t.Error(err)
		}
	}
}

func report(t *testing.T, seed uint64, rig *Rig, r Result) {
	t.Helper()
	for _, note := range r.Notes {
		t.Log(note)
	}
	if r.Err != nil {
		t.Errorf("seed %d: %v", seed, r.Err)
	}
	for _, v := range r.Violations {
		t.Errorf("seed %d: %v", seed, v)
	}
	for _, c := range r.Complaints {
		t.Errorf("seed %d: %s", seed, c)
	}
	if t.Failed() {
		t.Logf("last output of the nodes:\n%s", rig.Logs(15))
	}
}
