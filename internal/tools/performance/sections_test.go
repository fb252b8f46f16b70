package main

import (
	"math"
	"os"
	"strings"
	"testing"

	"github.com/chillin-chat/chillin/internal/load"
)

// sentRun returns a run in which each delivery cost that CPU time, in µs, and a bare write 10 µs.
func sentRun(row Row, perDelivery Usage) Run {
	const messages = 1000
	deliveries := messages * row.members()
	cost := Usage{perDelivery.Nodes * deliveries / 1e6, perDelivery.Postgres * deliveries / 1e6, perDelivery.Redis * deliveries / 1e6}
	return Run{
		Phases: []Phase{{Name: sending, Seconds: 10, CPU: cost}},
		Load: &load.Report{
			Clients: row.Clients, Seconds: 10,
			Messages: load.Messages{Confirmed: messages}, Deliveries: load.Deliveries{Count: int(deliveries)},
			Delivered: load.Latency{P50: 2, P99: 5}, Server: &load.Server{FloorMicros: 10},
		},
	}
}

// measuredRows returns all rows with round figures.
func measuredRows() rows {
	all := rows{}
	for _, j := range jobs() {
		row := j.row
		perDelivery := Usage{30, 20, 1}
		if row.Name == "C" {
			perDelivery.Nodes = 70
		}
		if row.Rooms > 0 {
			row.Steady = []Run{sentRun(row, perDelivery)}
			row.Idle = []Idle{{Clients: row.Clients, Seconds: 10, ConnectSeconds: 2, Resident: int64(row.Clients) << 13}}
		}
		all[row.Name] = row
	}
	entering, storm, history, storage := all[enteringRow], all[stormRow], all[historyRow], all[storageRow]
	entering.Entries = []Entry{{Guests: 1000, Seconds: 2, CPU: Usage{1, 2, 0}}}
	storm.Storm = []Run{{Load: &load.Report{Storm: &load.Storm{Seconds: 4, SlowestConfirmed: 2500}}}}
	history.Pages = []Run{{
		Phases: []Phase{{Name: "reading", CPU: Usage{0.1, 0.2, 0}}},
		Load:   &load.Report{History: &load.History{Newest: load.PageLatency{Count: 500}, Random: load.PageLatency{Count: 500}}},
	}}
	storage.Benchmarks = []Benchmark{{"Append/sqlite/rooms=1", map[string]float64{"times-the-floor": 1.4}}}
	all[enteringRow], all[stormRow], all[historyRow], all[storageRow] = entering, storm, history, storage
	return all
}

func TestDocumentHasEverySection(t *testing.T) {
	sections, err := sectionsOf(measuredRows())
	if err != nil {
		t.Fatal(err)
	}
	document, err := os.ReadFile("../../../docs/performance.md")
	if err != nil {
		t.Fatal(err)
	}
	changed, err := insert(string(document), sections)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| B | 1,000 clients, 10 rooms, 100/s | 2 | 51.0 = 30.0 + 20.0 + 1.00 | 10.0 | 5.10 | ≤ 3, missed | 2.00 | 5.00 | ≤ 6, reached |",
		"| embedded | 1,000 clients, 10 rooms, 100/s | 1, SQLite |",
		"| 3 | 15,000 | 51.0 = 30.0 + 20.0 + 1.00 | 10.0 | 2.00 | 5.00 | 8.00 | – | 7,500 |",
		"| 1,000 guests registered, connected and joined, per second | 500 | ≥ 600, missed |",
		"| 5,000 clients: slowest confirmation of messages beside them, s | 2.50 | ≤ 3, reached |",
		"| Append/sqlite/rooms=1 | 1.40 | × the time of a bare batch | ≤ 1.5, reached |",
		"| 1,000,000 | 200,000 |",
	} {
		if !strings.Contains(changed, want) {
			t.Errorf("the document lacks %q:\n%s", want, changed)
		}
	}
}

func TestTablesOfSomeRows(t *testing.T) {
	all := measuredRows()
	some := rows{"D": all["D"]}
	sections, err := sectionsOf(some)
	if err == nil || !strings.Contains(err.Error(), "B, C, entering, history") {
		t.Errorf("err = %v, want the names of the rows that the model lacks", err)
	}
	if len(sections) != 2 || sections[0].name != "machine" || sections[1].name != "workloads" {
		t.Errorf("sections = %+v, want the machine and the workloads", sections)
	}
}

func TestCosts(t *testing.T) {
	c, err := costsOf(measuredRows())
	if err != nil {
		t.Fatal(err)
	}
	for name, v := range map[string]struct{ got, want float64 }{
		// (70 - 30) / (1/20 - 1/100) and 30 - 1000/100.
		"message":         {c.NodePerMessage, 1000},
		"delivery":        {c.NodePerDelivery, 20},
		"Postgres, B":     {c.Postgres[0].Micros, 2000},
		"Postgres, C":     {c.Postgres[1].Micros, 400},
		"Redis":           {c.RedisPerMessage, 100},
		"another node":    {c.NodePerCopy, 0},
		"entering, nodes": {c.NodePerEntry, 1000},
		"page, Postgres":  {c.PostgresPerPage, 200},
		"memory":          {c.ConnBytes, 8192},
	} {
		if math.Abs(v.got-v.want) > 1e-6*(1+v.want) {
			t.Errorf("cost of %s = %g, want %g", name, v.got, v.want)
		}
	}
}

func TestDeliveryCostsAtLeastAWrite(t *testing.T) {
	b, c := Row{Clients: 1000, Rooms: 10}, Row{Clients: 1000, Rooms: 50}
	b.Steady = []Run{sentRun(b, Usage{Nodes: 20})}
	c.Steady = []Run{sentRun(c, Usage{Nodes: 120})}
	message, delivery := splitCosts(b, c) // 2,500 and -5 without the limit
	if math.Abs(message-1000) > 1e-6 || math.Abs(delivery-10) > 1e-6 {
		t.Errorf("costs = %g and %g, want 1000 and 10", message, delivery)
	}
}

func TestStoredRowsAreRead(t *testing.T) {
	dir := t.TempDir() + "/rows"
	want := measuredRows()["storm"]
	if err := want.store(dir); err != nil {
		t.Fatal(err)
	}
	all, err := readRows(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got := all["storm"]; len(all) != 1 || got.Clients != want.Clients || got.Storm[0].Load.Storm.Seconds != 4 {
		t.Errorf("rows = %+v, want the stored one", all)
	}
}
