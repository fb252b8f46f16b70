package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/chillin-chat/chillin/internal/load"
)

// Row is what was measured for one row of a table.
type Row struct {
	Name    string  `json:"name"`
	Nodes   int     `json:"nodes"` // 0: one node on SQLite
	Clients int     `json:"clients"`
	Rooms   int     `json:"rooms,omitempty"`
	Rate    float64 `json:"rate,omitempty"` // messages per second
	Machine Machine `json:"machine"`

	Steady  []Run   `json:"steady,omitempty"`  // while messages are sent
	Idle    []Idle  `json:"idle,omitempty"`    // without messages
	Entries []Entry `json:"entries,omitempty"` // of new guests
	Storm   []Run   `json:"storm,omitempty"`   // clients that come back
	Pages   []Run   `json:"pages,omitempty"`   // reads of history

	Rates      []*load.Report `json:"rates,omitempty"`      // at rising rates
	Benchmarks []Benchmark    `json:"benchmarks,omitempty"` // of the store
}

// rows are stored rows by name.
type rows map[string]Row

// readRows reads the rows that were stored in dir.
func readRows(dir string) (rows, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, fmt.Errorf("list the stored rows: %w", err)
	}
	all := rows{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read a row: %w", err)
		}
		var row Row
		if err := json.Unmarshal(text, &row); err != nil {
			return nil, fmt.Errorf("read a row: %s: %w", path, err)
		}
		all[strings.TrimSuffix(filepath.Base(path), ".json")] = row
	}
	return all, nil
}

// store writes the row into dir, in place of an earlier one.
func (r Row) store(dir string) error {
	text, err := json.MarshalIndent(r, "", "\t")
	if err == nil {
		err = os.MkdirAll(dir, 0o755)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, r.Name+".json"), text, 0o644)
	}
	if err != nil {
		return fmt.Errorf("store a row: %w", err)
	}
	return nil
}

// members returns the connections in each room.
func (r Row) members() float64 { return float64(r.Clients) / float64(max(1, r.Rooms)) }

// title names the load of a row, such as "1,000 clients, 10 rooms, 100/s".
func (r Row) title() string {
	return fmt.Sprintf("%s clients, %d rooms, %g/s", thousands(float64(r.Clients)), r.Rooms, r.Rate)
}

// sending is the phase of a run in which messages are sent.
const sending = "sending"

// perDelivery returns the CPU time of the servers for each delivery, in µs, with all that led to it.
func (r Run) perDelivery() Usage {
	return r.phase(sending).CPU.microsPer(float64(r.Load.Deliveries.Count))
}

// perMessage is perDelivery for each confirmed message.
func (r Run) perMessage() Usage {
	return r.phase(sending).CPU.microsPer(float64(r.Load.Messages.Confirmed))
}

// floor returns the CPU time of a bare write in µs, measured right after the run, or 0 if it is unknown.
func (r Run) floor() float64 {
	if r.Load.Server == nil {
		return 0
	}
	return r.Load.Server.FloorMicros
}

// ratio returns the CPU time of all servers for each delivery, as a multiple of the floor.
func (r Run) ratio() float64 {
	if r.floor() == 0 {
		return 0
	}
	return r.perDelivery().Total() / r.floor()
}

// median returns the median of a figure of some things; 0 without any.
func median[T any](of []T, figure func(T) float64) float64 {
	if len(of) == 0 {
		return 0
	}
	values := make([]float64, len(of))
	for i, v := range of {
		values[i] = figure(v)
	}
	slices.Sort(values)
	middle := len(values) / 2
	if len(values)%2 == 0 {
		return (values[middle-1] + values[middle]) / 2
	}
	return values[middle]
}

// medianUsage returns the median of each part of a usage.
func medianUsage[T any](of []T, usage func(T) Usage) Usage {
	return Usage{
		Nodes:    median(of, func(v T) float64 { return usage(v).Nodes }),
		Postgres: median(of, func(v T) float64 { return usage(v).Postgres }),
		Redis:    median(of, func(v T) float64 { return usage(v).Redis }),
	}
}
