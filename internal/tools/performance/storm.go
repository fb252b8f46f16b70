package main

import (
	"context"
	"fmt"
	"time"
)

const stormRow = "storm"

// storm is the load beside the clients that come back: one client in each room stays connected and sends.
var storm = workload{name: stormRow, nodes: 2, clients: 5000, rooms: 50, rate: 20}

const stormTime = 15 * time.Second

// measureStorm kills the node to which the clients are connected. They are known: they go to the other
// node, without a delay, and request what they missed.
func measureStorm(ctx context.Context, h *harness, row *Row) error {
	return h.withStack(row.Nodes, func(s *stack) error {
		w := storm
		w.clients += w.rooms // those who stay
		dying := s.nodes[len(s.nodes)-1]
		kill := func(phase string) error {
			if phase != "disconnecting" {
				return nil
			}
			return dying.Kill()
		}
		arguments := append(w.arguments(stormTime), "--scenario", "storm", "--reconnect-immediately",
			"--url", dying.URL(), "--return-to", s.nodes[0].URL())
		run, err := s.load(ctx, h.binary, kill, arguments...)
		if err != nil {
			return err
		}
		if dying.Running() {
			return fmt.Errorf("no node was killed: the phases were %v", run.Phases)
		}
		row.Storm = append(row.Storm, run)
		return nil
	})
}

// stormFigures are the figures of a storm, in seconds.
var stormFigures = []struct {
	what   string
	of     func(Run) float64
	target float64
}{
	{"until all known clients of a killed node are back, s", func(r Run) float64 { return r.Load.Storm.Seconds }, 5},
	{"slowest confirmation of messages beside them, s", func(r Run) float64 { return r.Load.Storm.SlowestConfirmed / 1000 }, 3},
}
