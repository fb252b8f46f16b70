package main

import (
	"fmt"
	"slices"
	"strings"
)

// costsOf computes the costs of the model. It returns an error that names the rows that are not measured
// yet.
func costsOf(all rows) (c Costs, err error) {
	small := scalingClients[0]
	one, three := scalingName(1, small), scalingName(3, small)
	large := largest(all)
	var missing []string
	for _, name := range []string{"B", "C", "D", enteringRow, historyRow, one, three} {
		if _, found := all[name]; !found {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return c, fmt.Errorf("the model lacks the rows %s", strings.Join(missing, ", "))
	}
	c.NodePerMessage, c.NodePerDelivery = splitCosts(all["B"], all["C"])
	for _, name := range []string{"B", "C", "D"} {
		row := all[name]
		c.Postgres = append(c.Postgres, Rate{row.Rate, median(row.Steady, func(r Run) float64 { return r.perMessage().Postgres })})
	}
	message := func(name string) Usage { return medianUsage(all[name].Steady, Run.perMessage) }
	c.RedisPerMessage = message("B").Redis
	c.NodePerCopy = max(0, (message(three).Nodes-message(one).Nodes)/2)
	c.RedisPerCopy = max(0, (message(three).Redis-message(one).Redis)/2)
	entry := medianUsage(all[enteringRow].Entries, Entry.perGuest)
	c.NodePerEntry, c.PostgresPerEntry = entry.Nodes, entry.Postgres
	page := medianUsage(all[historyRow].Pages, Run.perPage)
	c.NodePerPage, c.PostgresPerPage = page.Nodes, page.Postgres
	c.ConnBytes = median(all[large].Idle, Idle.connBytes)
	c.NodePerConn = median(all[large].Idle, Idle.micros)
	return c, nil
}

// splitCosts divides the CPU time of the nodes into a part per message and a part per delivery. The
// two rows have rooms of different sizes, so that they determine both. A delivery costs at least a bare
// write: it is written alone in both.
func splitCosts(large, small Row) (perMessage, perDelivery float64) {
	nodes := func(r Run) float64 { return r.perDelivery().Nodes }
	inLarge, inSmall := median(large.Steady, nodes), median(small.Steady, nodes)
	perMessage = (inSmall - inLarge) / (1/small.members() - 1/large.members())
	perDelivery = max(inLarge-perMessage/large.members(), median(large.Steady, Run.floor))
	return max(0, (inLarge-perDelivery)*large.members()), perDelivery
}

// largest returns the name of the measured row with the most connections on one node.
func largest(all rows) (name string) {
	for _, clients := range slices.Sorted(slices.Values(scalingClients)) {
		if _, found := all[scalingName(1, clients)]; found {
			name = scalingName(1, clients)
		}
	}
	return name
}
