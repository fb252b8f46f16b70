package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// enduranceRow is measured only if it is named.
const enduranceRow = "endurance"

// visitors are half of workload B. Two of them run at a time, one beginning in the middle of the other:
// while the clients of one send and receive, those of the other leave, and new ones enter.
var visitors = workload{name: enduranceRow, nodes: 2, clients: 500, rooms: 5, rate: 50}

const visitTime = time.Minute

// measureEndurance lets visitors come and leave for the time of h, on the same servers. The runs are in the
// order of their ends.
func measureEndurance(ctx context.Context, h *harness, row *Row) error {
	return h.withStack(row.Nodes, func(s *stack) error {
		end := time.Now().Add(h.endurance)
		var mu sync.Mutex
		group, ctx := errgroup.WithContext(ctx)
		for i := range 2 {
			group.Go(func() error {
				select {
				case <-time.After(time.Duration(i) * visitTime / 2):
				case <-ctx.Done():
				}
				for time.Now().Before(end) && ctx.Err() == nil {
					// Without the metrics: the tool would measure the floor, beside the other visitors.
					run, err := s.load(ctx, h.binary, nil, append(visitors.arguments(visitTime), s.urls()...)...)
					if err != nil {
						return err
					}
					mu.Lock()
					row.Steady = append(row.Steady, run)
					mu.Unlock()
				}
				return ctx.Err()
			})
		}
		return group.Wait()
	})
}

// enduranceTable compares the first tenth of the runs with the last.
func enduranceTable(all rows) string {
	row, found := all[enduranceRow]
	if !found {
		return ""
	}
	runs := row.Steady
	tenth := max(1, len(runs)/10)
	t := newTable(":runs", "p50, ms", "p99, ms", "memory of the nodes, MiB")
	add := func(what string, runs []Run) {
		t.row(what, figure(median(runs, func(r Run) float64 { return r.Load.Delivered.P50 })),
			figure(median(runs, func(r Run) float64 { return r.Load.Delivered.P99 })),
			figure(median(runs, func(r Run) float64 { return float64(r.phase(sending).Resident) / (1 << 20) })))
	}
	add(fmt.Sprintf("the first %d of %d", tenth, len(runs)), runs[:tenth])
	add(fmt.Sprintf("the last %d", tenth), runs[len(runs)-tenth:])
	return t.String() + fmt.Sprintf("\nMedians. At any time %d connections; each run lasts %s, and half of the clients change every %s.\n",
		2*visitors.clients, visitTime, visitTime/2)
}
