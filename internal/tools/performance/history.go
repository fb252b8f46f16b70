package main

import (
	"context"
	"strconv"
)

// historyRow is the row of the pages that users read.
const historyRow = "history"

// history is its load. The rate is in pages.
var history = workload{name: historyRow, nodes: 2, clients: 100, rooms: 5, rate: 200}

// historyFill is the number of messages in each room: enough that old pages are not in memory.
const historyFill = 2000

func measureHistory(ctx context.Context, h *harness, row *Row) error {
	return h.withStack(row.Nodes, func(s *stack) error {
		arguments := append(history.arguments(h.seconds), "--scenario", "history", "--fill", strconv.Itoa(historyFill))
		run, err := s.load(ctx, h.binary, nil, append(arguments, s.urls()...)...)
		if err == nil {
			row.Pages = append(row.Pages, run)
		}
		return err
	})
}

// perPage returns the CPU time of the servers for each page, in µs. Half of the pages are the newest ones
// of their rooms.
func (r Run) perPage() Usage {
	return r.phase("reading").CPU.microsPer(float64(r.Load.History.Newest.Count + r.Load.History.Random.Count))
}
