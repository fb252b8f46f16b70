package main

import (
	"context"
	"fmt"
	"slices"
)

// job measures a row.
type job struct {
	group   string
	row     Row
	once    bool // not repeated
	long    bool // only if it is named
	measure func(context.Context, *harness, *Row) error
}

// jobs returns all jobs.
func jobs() []*job {
	var all []*job
	for _, w := range workloads {
		all = append(all, &job{group: "workloads", row: w.row(), measure: w.measure})
	}
	all = append(all,
		&job{group: enteringRow, row: Row{Name: enteringRow, Nodes: enteringNodes, Clients: enteringGuests, Rooms: enteringRooms}, measure: measureEntering},
		&job{group: stormRow, row: storm.row(), measure: measureStorm},
		&job{group: historyRow, row: history.row(), measure: measureHistory},
	)
	all = append(all, &job{group: ratesRow, row: rising.row(), once: true, measure: measureRates})
	for _, nodes := range scalingNodes {
		for _, clients := range scalingClients {
			c := scaling{nodes, clients}
			all = append(all, &job{group: "scaling", row: c.workload().row(), once: true, measure: c.measure})
		}
	}
	return append(all,
		&job{group: storageRow, row: Row{Name: storageRow}, once: true, long: true, measure: measureStorage},
		&job{group: enduranceRow, row: visitors.row(), once: true, long: true, measure: measureEndurance})
}

// choose returns the jobs that only contains by name or group. Without only it returns all except the long
// ones, and for "none" no job.
func choose(all []*job, only []string) ([]*job, error) {
	if slices.Equal(only, []string{"none"}) {
		return nil, nil
	}
	for _, name := range only {
		if !slices.ContainsFunc(all, func(j *job) bool { return j.is(name) }) {
			return nil, fmt.Errorf("-only: there is no row or group %q", name)
		}
	}
	return slices.DeleteFunc(all, func(j *job) bool {
		return !slices.ContainsFunc(only, j.is) && (len(only) > 0 || j.long)
	}), nil
}

// is reports whether name is that of the row or its group.
func (j *job) is(name string) bool { return name == j.row.Name || name == j.group }
