package main

import (
	"fmt"
	"slices"
	"strings"
)

// sectionsOf returns the tables of the stored rows. A table without rows is left out. It returns an error
// if the capacity model lacks rows; the other tables are returned all the same.
func sectionsOf(all rows) (made []section, err error) {
	for _, s := range []section{
		{"machine", "Machine", machineTable(all)},
		{"workloads", "Cost and latency", workloadTable(all)},
		{"scaling", "Connections and nodes", scalingTable(all)},
		{"arrivals", "Arrivals", arrivalTable(all)},
		{"endurance", "Endurance", enduranceTable(all)},
		{"storage", "Storage", storageTable(all)},
	} {
		if s.text != "" {
			made = append(made, s)
		}
	}
	costs, err := costsOf(all)
	if err != nil {
		return made, err
	}
	return append(made,
		section{"costs", "Costs and assumptions of the model", costTable(costs, assumed)},
		section{"capacity", "Capacity", planTable(costs, assumed)}), nil
}

// machineTable lists where the rows were measured.
func machineTable(all rows) string {
	if len(all) == 0 {
		return ""
	}
	names := map[Machine][]string{}
	for name, row := range all {
		names[row.Machine] = append(names[row.Machine], name)
	}
	machines := make([]Machine, 0, len(names))
	for m := range names {
		slices.Sort(names[m])
		machines = append(machines, m)
	}
	slices.SortFunc(machines, func(a, b Machine) int { return strings.Compare(names[a][0], names[b][0]) })
	t := newTable(":date", ":machine", ":system", ":version", ":rows")
	for _, m := range machines {
		t.row(m.Date, fmt.Sprintf("%d × %s, %.0f GiB", m.Processors, m.Processor, m.GiB), m.System, m.Version, strings.Join(names[m], ", "))
	}
	return t.String()
}

func workloadTable(all rows) string {
	t, empty := newTable(":", ":load", ":nodes", "CPU per delivery, µs", "floor, µs", "× floor", ":target", "p50, ms", "p99, ms", ":target"), true
	var runs []Run
	for _, w := range workloads {
		row, found := all[w.name]
		if !found {
			continue
		}
		empty = false
		runs = row.Steady
		ratio := median(runs, Run.ratio)
		p99 := median(runs, func(r Run) float64 { return r.Load.Delivered.P99 })
		t.row(w.name, row.title(), nodeText(row.Nodes), split(medianUsage(runs, Run.perDelivery), row.Nodes),
			figure(median(runs, Run.floor)), figure(ratio), atMost(ratio, w.target.ratio),
			figure(median(runs, func(r Run) float64 { return r.Load.Delivered.P50 })), figure(p99), atMost(p99, w.target.p99))
	}
	if empty {
		return ""
	}
	return t.String() + "\nMedians. The parts of the CPU time are nodes + Postgres + Redis. " + runText(runs)
}

// runText says how often and how long a row was measured.
func runText(runs []Run) string {
	if len(runs) == 0 {
		return ""
	}
	if len(runs) == 1 {
		return fmt.Sprintf("One run of %.0f s.\n", runs[0].Load.Seconds)
	}
	return fmt.Sprintf("%d runs of %.0f s.\n", len(runs), runs[0].Load.Seconds)
}

func nodeText(nodes int) string {
	if nodes == embedded {
		return "1, SQLite"
	}
	return fmt.Sprint(nodes)
}

func scalingTable(all rows) string {
	t, empty := newTable("nodes", "connections", "CPU per delivery, µs", "floor, µs", "p50, ms", "p99, ms",
		"memory per connection, KiB", "idle CPU per connection, µs/s", "connected per second"), true
	for _, nodes := range scalingNodes {
		for _, clients := range scalingClients {
			row, found := all[scalingName(nodes, clients)]
			if !found {
				continue
			}
			empty = false
			t.row(fmt.Sprint(nodes), thousands(float64(clients)), split(medianUsage(row.Steady, Run.perDelivery), nodes),
				figure(median(row.Steady, Run.floor)),
				figure(median(row.Steady, func(r Run) float64 { return r.Load.Delivered.P50 })),
				figure(median(row.Steady, func(r Run) float64 { return r.Load.Delivered.P99 })),
				figure(median(row.Idle, Idle.connBytes)/1024), figure(median(row.Idle, Idle.micros)),
				figure(median(row.Idle, Idle.perSecond)))
		}
	}
	if empty {
		return ""
	}
	return t.String()
}

// The target of memory.
const (
	memoryTarget        = 10.5 // KiB per idle connection
	memoryTargetClients = 5000
)

// arrivalTable compares single figures with their targets.
func arrivalTable(all rows) string {
	t, empty := newTable(":what", "measured", ":target"), true
	add := func(what, measured, target string) {
		empty = false
		t.row(what, measured, target)
	}
	if row, found := all[enteringRow]; found {
		rate := median(row.Entries, Entry.perSecond)
		add(fmt.Sprintf("%s guests registered, connected and joined, per second", thousands(float64(row.Clients))), figure(rate), atLeast(rate, enteringTarget))
		add("CPU per guest, µs: nodes + Postgres + Redis", split(medianUsage(row.Entries, Entry.perGuest), row.Nodes), "–")
	}
	if row, found := all[stormRow]; found {
		for _, f := range stormFigures {
			seconds := median(row.Storm, f.of)
			add(thousands(float64(row.Clients))+" clients: "+f.what, figure(seconds), atMost(seconds, f.target))
		}
	}
	if row, found := all[historyRow]; found {
		add("CPU per page of 50 messages, µs: nodes + Postgres + Redis", split(medianUsage(row.Pages, Run.perPage), row.Nodes), "–")
	}
	if row, found := all[scalingName(1, memoryTargetClients)]; found {
		kib := median(row.Idle, Idle.connBytes) / 1024
		add(fmt.Sprintf("memory per idle connection at %s, KiB", thousands(memoryTargetClients)), figure(kib), atMost(kib, memoryTarget))
	}
	if row, found := all[largest(all)]; found {
		add(fmt.Sprintf("%s connections held by one node: memory per connection, KiB", thousands(float64(row.Clients))), figure(median(row.Idle, Idle.connBytes)/1024), "held")
	}
	if empty {
		return ""
	}
	return t.String()
}
