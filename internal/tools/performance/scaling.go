package main

import (
	"context"
	"fmt"
	"time"
)

// The rooms and the rate of a scaling row are those of workload B for its first thousand clients: a room
// has 100 clients, and 100 messages per second make 10,000 deliveries. Only the number of connections
// differs between the rows, so that their CPU time per delivery can be compared.
const (
	scalingMembers = 100
	scalingRate    = 100
	idleRooms      = 10
)

var (
	scalingClients = []int{1000, 5000, 10_000, 15_000}
	scalingNodes   = []int{1, 2, 3}
)

// scalingName names a row.
func scalingName(nodes, clients int) string { return fmt.Sprintf("scaling-%d-%d", nodes, clients) }

// scaling is a number of connections on a number of nodes.
type scaling struct{ nodes, clients int }

func (c scaling) workload() workload {
	return workload{
		name: scalingName(c.nodes, c.clients), nodes: c.nodes,
		clients: c.clients, rooms: c.clients / scalingMembers, rate: scalingRate,
	}
}

// measure adds an idle time, first because the memory of a new process is exact, and then a steady run.
func (c scaling) measure(ctx context.Context, h *harness, row *Row) error {
	return h.withStack(c.nodes, func(s *stack) error {
		idle, err := c.measureIdle(ctx, h, s)
		if err != nil {
			return err
		}
		row.Idle = append(row.Idle, idle)
		run, err := s.load(ctx, h.binary, nil, append(c.workload().arguments(h.seconds), s.targets()...)...)
		if err != nil {
			return err
		}
		row.Steady = append(row.Steady, run)
		return nil
	})
}

// Idle is what connections cost while nothing is sent.
type Idle struct {
	Clients        int     `json:"clients"`
	ConnectSeconds float64 `json:"connectSeconds"` // until all have joined their rooms
	Seconds        float64 `json:"seconds"`        // of the idle time
	CPU            Usage   `json:"cpu"`            // of the servers in this time
	Before         int64   `json:"before"`         // memory of the nodes before the first connection, in bytes
	Resident       int64   `json:"resident"`       // … at the end of the idle time
}

// connBytes returns the memory of the nodes for each connection.
func (i Idle) connBytes() float64 { return float64(i.Resident-i.Before) / float64(i.Clients) }

// micros returns the CPU time of all servers for each connection and second, in µs.
func (i Idle) micros() float64 { return i.CPU.microsPer(float64(i.Clients) * i.Seconds).Total() }

// perSecond returns how many clients connected per second.
func (i Idle) perSecond() float64 { return float64(i.Clients) / i.ConnectSeconds }

func (c scaling) measureIdle(ctx context.Context, h *harness, s *stack) (idle Idle, err error) {
	const reserve = time.Second // the tool ends the idle time with a ping of each client
	watch := func(phase string) error {
		switch phase {
		case "connecting":
			_, idle.Before, err = s.usage()
		case sending: // it says that it sends nothing
			idle.Seconds, idle.CPU, idle.Resident, err = s.watch(ctx, h.idle)
		}
		return err
	}
	w := workload{clients: c.clients, rooms: idleRooms}
	arguments := append(w.arguments(h.idle+reserve), "--scenario", "idle")
	run, err := s.load(ctx, h.binary, watch, append(arguments, s.urls()...)...)
	if err != nil {
		return idle, err
	}
	idle.Clients, idle.ConnectSeconds = c.clients, run.Load.ConnectSeconds
	return idle, nil
}

// watch returns the CPU time that the servers use in the next time, and the memory of the nodes after it.
func (s *stack) watch(ctx context.Context, d time.Duration) (seconds float64, used Usage, resident int64, err error) {
	before, _, err := s.usage()
	if err != nil {
		return 0, used, 0, err
	}
	began := time.Now()
	select {
	case <-time.After(d):
	case <-ctx.Done():
		return 0, used, 0, ctx.Err()
	}
	after, resident, err := s.usage()
	return time.Since(began).Seconds(), after.since(before), resident, err
}
