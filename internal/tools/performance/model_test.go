package main

import (
	"math"
	"slices"
	"testing"
)

// The costs and assumptions are round, so that the expected plans can be computed by hand: a user sends
// 864 messages a day, which is 0.01 per second, and a message is delivered to 10 connections.
var (
	roundCosts = Costs{
		NodePerMessage: 1000, NodePerDelivery: 100, ConnBytes: 10_000,
		Postgres: []Rate{{100, 1000}, {1000, 450}}, PostgresPerEntry: 1000, PostgresPerPage: 1000,
		RedisPerMessage: 100,
	}
	roundAssumptions = Assumptions{
		Online: 0.1, Messages: 864, Peak: 1, Rooms: []RoomShare{{100, 1}},
		Busy: 0.5, NodeCores: 2, NodeBytes: 1e9, NodeFiles: 20_000, PostgresCores: 2,
	}
)

func TestPlan(t *testing.T) {
	for name, c := range map[string]struct {
		users   float64
		change  func(*Costs, *Assumptions)
		nodes   int
		shards  int
		cores   float64
		replica bool
		removed []Limit
		next    Limit
	}{
		// 10 messages per second: 20,000 µs on the node of 1,000,000, 10,000 µs on Postgres.
		"one node suffices": {users: 1000, nodes: 1, shards: 1, cores: 2, next: NodeCPU},
		// 2,000 µs for each of 1,200 messages: 2.4 nodes; Postgres uses 0.54 s of 1 s, Redis 0.12 of 0.5.
		"more nodes": {users: 120_000, nodes: 3, shards: 1, cores: 2, removed: []Limit{NodeCPU}, next: NodeCPU},
		// 3,800 messages: 7.6 nodes, 1.71 s of Postgres; 0.38 of 0.5 s of Redis.
		"a larger primary": {users: 380_000, nodes: 8, shards: 1, cores: 4, removed: []Limit{NodeCPU, PostgresCommits}, next: NodeCPU},
		// 0.01 pages per second and user: 3.8 s of Postgres more. The replica takes them.
		"a replica before a larger primary": {users: 380_000, change: func(_ *Costs, a *Assumptions) { a.Pages = 864 },
			nodes: 8, shards: 1, cores: 4, replica: true, removed: []Limit{NodeCPU, PostgresReads, PostgresCommits}, next: NodeCPU},
		// 0.57 s of Redis: two shards.
		"more shards": {users: 380_000, change: func(c *Costs, _ *Assumptions) { c.RedisPerMessage = 150 },
			nodes: 8, shards: 2, cores: 4, removed: []Limit{NodeCPU, PostgresCommits, RedisCPU}, next: NodeCPU},
		// 38,000 connections of 100 kB: 3.8 GB, and a node uses 0.5 GB.
		"memory first": {users: 380_000, change: func(c *Costs, _ *Assumptions) { c.ConnBytes = 100_000; c.NodePerMessage, c.NodePerDelivery = 0, 10 },
			nodes: 8, shards: 1, cores: 4, removed: []Limit{NodeMemory, PostgresCommits}, next: NodeMemory},
		// 90 % of the users are connected, with one connection per delivery.
		"files first": {users: 50_000, change: func(c *Costs, a *Assumptions) { a.Online, a.Rooms = 0.9, []RoomShare{{1, 1}}; a.NodeBytes = 1e12 },
			nodes: 3, shards: 1, cores: 2, removed: []Limit{NodeFiles}, next: NodeFiles},
	} {
		t.Run(name, func(t *testing.T) {
			costs, assumptions := roundCosts, roundAssumptions
			if c.change != nil {
				c.change(&costs, &assumptions)
			}
			p := costs.plan(c.users, assumptions)
			if p.Nodes != c.nodes || p.Shards != c.shards || p.PostgresCores != c.cores || p.Replica != c.replica {
				t.Errorf("plan = %d nodes, %d shards, %g cores, replica %t; want %d, %d, %g, %t",
					p.Nodes, p.Shards, p.PostgresCores, p.Replica, c.nodes, c.shards, c.cores, c.replica)
			}
			if !slices.Equal(p.Removed, c.removed) || p.Next != c.next {
				t.Errorf("bottlenecks = %v, then %s; want %v, then %s", p.Removed, p.Next, c.removed, c.next)
			}
			if p.NextUsers < c.users {
				t.Errorf("the next bottleneck is at %g users, want at least %g", p.NextUsers, c.users)
			}
		})
	}
}

func TestEveryLimitHasARemedy(t *testing.T) {
	for _, limit := range []Limit{NodeCPU, NodeMemory, NodeFiles, RedisCPU, PostgresReads, PostgresCommits} {
		if r := remedies[limit]; r.text == "" || r.apply == nil {
			t.Errorf("%s has no remedy", limit)
		}
	}
}

func TestPostgresCostsAtARate(t *testing.T) {
	costs := Costs{Postgres: []Rate{{300, 1500}, {100, 1900}, {2000, 200}}}
	for rate, want := range map[float64]float64{1: 1900, 100: 1900, 299: 1900, 300: 1500, 1999: 1500, 2000: 200, 1e6: 200} {
		if got := costs.postgresPerMessage(rate); got != want {
			t.Errorf("cost at %g per second = %g, want %g", rate, got, want)
		}
	}
}

func TestReceivers(t *testing.T) {
	a := Assumptions{Online: 1, Rooms: []RoomShare{{1, 0.5}, {1000, 0.5}}}
	for nodes, want := range map[int]float64{1: 1, 2: 1.5, 3: 2} { // a room of one member is on one node
		if got := a.receivers(nodes); math.Abs(got-want) > 1e-6 {
			t.Errorf("receivers among %d nodes = %g, want %g", nodes, got, want)
		}
	}
}
