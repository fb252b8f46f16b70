package main

import (
	"context"
	"fmt"
	"strconv"
	"time"
)

// workload is a steady load of chillin load.
type workload struct {
	name           string
	nodes          int
	clients, rooms int
	rate           float64 // messages per second
	target         target
}

// target is what the server is expected to reach; 0 stands for no target.
type target struct {
	ratio float64 // CPU time of all servers per delivery, as a multiple of the floor
	p99   float64 // latency in ms
}

// workloads are the named ones of docs/performance.md.
var workloads = []workload{
	{"B", 2, 1000, 10, 100, target{ratio: 3.0, p99: 6}},
	{"C", 2, 1000, 50, 300, target{ratio: 6.4, p99: 6}},
	{"D", 2, 1000, 10, 500, target{ratio: 2.6, p99: 30}},
	{"embedded", embedded, 1000, 10, 100, target{ratio: 2.0}},
}

func (w workload) row() Row {
	return Row{Name: w.name, Nodes: w.nodes, Clients: w.clients, Rooms: w.rooms, Rate: w.rate}
}

// arguments returns those of chillin load for a duration.
func (w workload) arguments(d time.Duration) []string {
	args := []string{"--clients", strconv.Itoa(w.clients), "--rooms", strconv.Itoa(w.rooms), "--for", d.String()}
	if w.rate > 0 {
		args = append(args, "--rate", fmt.Sprintf("%g", w.rate))
	}
	return args
}

// measure adds one run on new servers to row.
func (w workload) measure(ctx context.Context, h *harness, row *Row) error {
	return h.withStack(w.nodes, func(s *stack) error {
		run, err := s.load(ctx, h.binary, nil, append(w.arguments(h.seconds), s.targets()...)...)
		if err == nil {
			row.Steady = append(row.Steady, run)
		}
		return err
	})
}
