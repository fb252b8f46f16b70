package main

import (
	"fmt"
	"strings"
)

// assumed are the assumptions of docs/performance.md.
var assumed = Assumptions{
	Online: 0.2, Messages: 30, Entries: 5, Pages: 10, Peak: 5,
	Rooms: []RoomShare{{10, 0.5}, {100, 0.4}, {1000, 0.1}},
	Busy:  0.5, NodeCores: 2, NodeBytes: 4 << 30, NodeFiles: 65_536, PostgresCores: 4,
}

// capacityUsers are the steps of the model.
var capacityUsers = []float64{10_000, 100_000, 1_000_000}

// costTable lists the measured costs and the assumptions.
func costTable(c Costs, a Assumptions) string {
	t := newTable(":measured cost", "value")
	for _, row := range []struct {
		what  string
		value float64
	}{
		{"a message: CPU of the nodes, µs", c.NodePerMessage},
		{"… of each node beyond two that has a member in the room, µs", c.NodePerCopy},
		{"a delivery: CPU of a node, µs", c.NodePerDelivery},
		{"a message: CPU of Redis, µs", c.RedisPerMessage},
		{"… for each node beyond two, µs", c.RedisPerCopy},
		{"a new connection of a new guest: CPU of the nodes, µs", c.NodePerEntry},
		{"… CPU of Postgres, µs", c.PostgresPerEntry},
		{"a page of messages: CPU of the nodes, µs", c.NodePerPage},
		{"… CPU of Postgres, µs", c.PostgresPerPage},
		{"an idle connection: memory of a node, KiB", c.ConnBytes / 1024},
		{"… CPU of all servers, µs/s", c.NodePerConn},
	} {
		t.row(row.what, figure(row.value))
	}
	for _, r := range c.Postgres {
		t.row(fmt.Sprintf("a message at %g per second: CPU of Postgres, µs", r.PerSecond), figure(r.Micros))
	}
	rooms := make([]string, len(a.Rooms))
	for i, r := range a.Rooms {
		rooms[i] = fmt.Sprintf("%.0f %% in rooms of %s", 100*r.Share, thousands(r.Members))
	}
	assumptions := newTable(":assumption", ":value")
	assumptions.row("users that are connected at the peak", fmt.Sprintf("%.0f %%", 100*a.Online))
	assumptions.row("of each user and day", fmt.Sprintf("%g messages, %g new connections, %g pages of messages", a.Messages, a.Entries, a.Pages))
	assumptions.row("the busiest second", fmt.Sprintf("%g × the average of the day", a.Peak))
	assumptions.row("members of the rooms", strings.Join(rooms, ", "))
	assumptions.row("a node", fmt.Sprintf("%g cores, %.0f GiB, %s open files", a.NodeCores, a.NodeBytes/(1<<30), thousands(a.NodeFiles)))
	assumptions.row("Postgres at first", fmt.Sprintf("%g cores", a.PostgresCores))
	assumptions.row("used at the peak", fmt.Sprintf("at most %.0f %% of each CPU and memory", 100*a.Busy))
	return t.String() + "\n" + assumptions.String()
}

// planTable lists what the numbers of users need.
func planTable(c Costs, a Assumptions) string {
	t := newTable("users", "connected", "messages/s", "deliveries/s", ":nodes", ":Redis", ":Postgres", ":bottlenecks on the way, and what removes each", ":the next one")
	for _, users := range capacityUsers {
		p := c.plan(users, a)
		t.row(thousands(p.Users), thousands(p.Online), figure(p.Messages), thousands(p.Deliveries),
			p.nodeText(), p.redisText(), p.postgresText(), p.removedText(),
			fmt.Sprintf("%s, at %s users: %s", p.Next, roughly(p.NextUsers), remedies[p.Next].text))
	}
	return t.String()
}

// nodeText contains a spare node, so that one may fail.
func (p Plan) nodeText() string { return fmt.Sprintf("%d + 1 spare", p.Nodes) }

func (p Plan) redisText() string {
	if p.Shards == 1 {
		return "one"
	}
	return fmt.Sprintf("%d shards", p.Shards)
}

func (p Plan) postgresText() string {
	text := fmt.Sprintf("primary with %g cores", p.PostgresCores)
	if p.Replica {
		text += ", a replica"
	}
	return text
}

func (p Plan) removedText() string {
	if len(p.Removed) == 0 {
		return "none"
	}
	parts := make([]string, len(p.Removed))
	for i, limit := range p.Removed {
		parts[i] = fmt.Sprintf("%d. %s: %s", i+1, limit, remedies[limit].text)
	}
	return strings.Join(parts, "; ")
}

// roughly formats a number with two digits.
func roughly(v float64) string {
	unit := 1.0
	for v/unit >= 100 {
		unit *= 10
	}
	return thousands(float64(int(v/unit)) * unit)
}
