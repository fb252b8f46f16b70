package load

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"time"
)

// Storm is what happened when all clients but one per room were disconnected at once.
type Storm struct {
	Clients int     `json:"clients"` // that were disconnected
	Back    int     `json:"back"`    // that have joined again and received everything they missed
	Seconds float64 `json:"seconds"` // until all of them were back
	// BackAfter is the time from the disconnection until a client was back, including its delays between
	// attempts.
	BackAfter Latency        `json:"backAfter"`
	Failed    map[string]int `json:"failed"` // failed attempts, by reason
	// SlowestConfirmed is the longest confirmation of the messages that the other clients sent beside it.
	SlowestConfirmed float64 `json:"slowestConfirmed"`
}

func stormScenario() scenario {
	return scenario{
		name:          "storm",
		summary:       "all but one client per room disconnected at once",
		defaults:      defaults{clients: 1000, rooms: 10, perUser: 1, rate: 20, duration: 15 * time.Second},
		reconnects:    true,
		storms:        true,
		steadyClients: func(o Options) int { return o.Rooms },
		check: func(o Options, fault func(wrong bool, format string, args ...any)) {
			fault(o.Clients <= o.Rooms, "--clients: the scenario storm requires more clients than rooms")
		},
		measure: measureStorm,
	}
}

func measureStorm(ctx context.Context, r *run) error {
	crowd := r.conns[r.plan.active:]
	s := &Storm{Clients: len(crowd)}
	r.out.Storm = s
	r.progress("disconnecting %d clients at once", len(crowd))
	began := time.Now()
	for _, c := range crowd {
		c.raw.close()
	}
	var after histogram
	var back atomic.Int64
	var returning sync.WaitGroup
	limited, cancel := context.WithTimeout(ctx, reconnectTimeout)
	defer cancel()
	for _, c := range crowd {
		returning.Go(func() {
			if c.reconnect(limited) == nil {
				after.add(time.Since(began))
				back.Add(1)
			}
		})
	}
	err := r.sendAll(ctx)
	returning.Wait()
	if err != nil {
		return err
	}
	s.Back, s.BackAfter, s.Failed = int(back.Load()), after.latency(), maps.Clone(r.failures)
	s.Seconds = s.BackAfter.Max / 1000
	err = r.settle(ctx)
	s.SlowestConfirmed = r.confirmation.latency().Max
	return err
}

func (s *Storm) write(row func(format string, args ...any)) {
	row("storm\t%d of %d clients back in %.2f s, %d attempts failed%s", s.Back, s.Clients, s.Seconds, sum(s.Failed), named(s.Failed))
	row("\tslowest confirmation beside it %.0f ms", s.SlowestConfirmed)
}

func (s *Storm) latencies() []namedLatency {
	return []namedLatency{{"back after", s.BackAfter}}
}

func (s *Storm) violations() []violation {
	return []violation{{s.Clients - s.Back, fmt.Sprintf("clients not back after %s", reconnectTimeout)}}
}
