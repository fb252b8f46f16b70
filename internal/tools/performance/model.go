package main

import (
	"cmp"
	"math"
	"slices"
)

// Costs are the measured costs of the servers. Times are µs of CPU time.
type Costs struct {
	NodePerMessage   float64 // of all nodes together, on two nodes
	NodePerCopy      float64 // of each further node that receives the message
	NodePerDelivery  float64 // to one connection, written alone
	NodePerEntry     float64 // a new guest with a connection in a room
	NodePerPage      float64 // a page of messages
	NodePerConn      float64 // an idle connection, per second
	ConnBytes        float64 // memory of a connection
	Postgres         []Rate  // per message, by the rate of messages: at higher rates a commit contains more
	PostgresPerEntry float64
	PostgresPerPage  float64
	RedisPerMessage  float64 // on two nodes
	RedisPerCopy     float64 // of each further node that receives the message
}

// Rate is a cost that was measured at a rate of messages per second.
type Rate struct{ PerSecond, Micros float64 }

// Assumptions are what the model assumes about users and machines.
type Assumptions struct {
	Online   float64     // share of the users that are connected at the peak
	Messages float64     // of a user per day
	Entries  float64     // connections that a user opens per day
	Pages    float64     // pages of messages that a user reads per day
	Peak     float64     // the busiest second, as a multiple of the average one
	Rooms    []RoomShare // where messages are sent

	Busy          float64 // share of a CPU or a memory that is used at the peak
	NodeCores     float64
	NodeBytes     float64
	NodeFiles     float64
	PostgresCores float64
}

// RoomShare is the share of the messages that is sent in rooms of a size.
type RoomShare struct{ Members, Share float64 }

// Plan is what a number of users needs.
type Plan struct {
	Users, Online        float64
	Messages, Deliveries float64 // per second, at the peak
	Nodes, Shards        int     // Nodes without a spare one
	Replica              bool
	PostgresCores        float64 // of the primary
	Removed              []Limit // bottlenecks that were removed, in the order in which they appear
	Next                 Limit   // the next one
	NextUsers            float64 // the number of users at which it appears
}

// Limit is a resource that can be the bottleneck.
type Limit string

// The limits. Each is removed as described in remedies.
const (
	NodeCPU         Limit = "CPU of the nodes"
	NodeMemory      Limit = "memory of the nodes"
	NodeFiles       Limit = "open files of the nodes"
	RedisCPU        Limit = "CPU of Redis"
	PostgresReads   Limit = "reads on Postgres"
	PostgresCommits Limit = "commits on Postgres"
)

var remedies = map[Limit]struct {
	text  string
	apply func(*Plan)
}{
	NodeCPU:         {"more nodes", func(p *Plan) { p.Nodes++ }},
	NodeMemory:      {"more nodes", func(p *Plan) { p.Nodes++ }},
	NodeFiles:       {"more nodes", func(p *Plan) { p.Nodes++ }},
	RedisCPU:        {"more shards of Redis Cluster", func(p *Plan) { p.Shards++ }},
	PostgresReads:   {"a read replica", func(p *Plan) { p.Replica = true }},
	PostgresCommits: {"a primary with more cores and a faster disk", func(p *Plan) { p.PostgresCores *= 2 }},
}

// plan returns what users need. It begins with one node, one Redis and one Postgres, and removes the
// worst bottleneck until there is none.
func (c Costs) plan(users float64, a Assumptions) Plan {
	perSecond := users * a.Peak / (24 * 60 * 60)
	p := Plan{
		Users: users, Online: users * a.Online,
		Messages: perSecond * a.Messages, Nodes: 1, Shards: 1, PostgresCores: a.PostgresCores,
	}
	for _, r := range a.Rooms {
		p.Deliveries += p.Messages * r.Share * r.online(a)
	}
	for {
		limit, used := worst(c.used(p, a))
		if used <= 1 {
			p.Next, p.NextUsers = limit, users/used
			return p
		}
		if !slices.Contains(p.Removed, limit) {
			p.Removed = append(p.Removed, limit)
		}
		remedies[limit].apply(&p)
	}
}

// used returns the part of each resource that p uses; more than 1 is too much.
func (c Costs) used(p Plan, a Assumptions) map[Limit]float64 {
	const core = 1e6 // µs per second
	perSecond := p.Users * a.Peak / (24 * 60 * 60)
	copies := a.receivers(p.Nodes) - a.receivers(2)
	node := p.Messages*(c.NodePerMessage+copies*c.NodePerCopy) + p.Deliveries*c.NodePerDelivery +
		perSecond*(a.Entries*c.NodePerEntry+a.Pages*c.NodePerPage) + p.Online*c.NodePerConn
	redis := p.Messages * (c.RedisPerMessage + copies*c.RedisPerCopy)
	if p.Nodes == 1 {
		redis = 0
	}
	reads := perSecond * a.Pages * c.PostgresPerPage
	if p.Replica {
		reads = 0
	}
	postgres := reads + p.Messages*c.postgresPerMessage(p.Messages) + perSecond*a.Entries*c.PostgresPerEntry
	used := map[Limit]float64{
		NodeCPU:    node / (float64(p.Nodes) * a.NodeCores * a.Busy * core),
		NodeMemory: p.Online * c.ConnBytes / (float64(p.Nodes) * a.NodeBytes * a.Busy),
		NodeFiles:  p.Online / (float64(p.Nodes) * a.NodeFiles),
		RedisCPU:   redis / (float64(p.Shards) * a.Busy * core), // a Redis uses one core
	}
	limit := PostgresCommits
	if reads > 0 {
		limit = PostgresReads
	}
	used[limit] = postgres / (p.PostgresCores * a.Busy * core)
	return used
}

// postgresPerMessage returns the cost at the highest measured rate that is not above perSecond, or else
// at the lowest one.
func (c Costs) postgresPerMessage(perSecond float64) (micros float64) {
	byRate := func(a, b Rate) int { return cmp.Compare(a.PerSecond, b.PerSecond) }
	for i, r := range slices.SortedFunc(slices.Values(c.Postgres), byRate) {
		if i == 0 || r.PerSecond <= perSecond {
			micros = r.Micros
		}
	}
	return micros
}

// online returns the members of such a room that are connected at the peak: at least the author.
func (r RoomShare) online(a Assumptions) float64 { return max(1, r.Members*a.Online) }

// receivers returns how many of the nodes have a connected member in the room of a message, on average,
// if members are spread evenly: the expected number of different nodes among them.
func (a Assumptions) receivers(nodes int) (n float64) {
	for _, r := range a.Rooms {
		n += r.Share * float64(nodes) * (1 - math.Pow(1-1/float64(nodes), r.online(a)))
	}
	return n
}

// worst returns the resource of which most is used; the first by name if several are equal.
func worst(used map[Limit]float64) (limit Limit, most float64) {
	for l, u := range used {
		if u > most || u == most && l < limit || limit == "" {
			limit, most = l, u
		}
	}
	return limit, most
}
