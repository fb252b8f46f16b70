package load_test

import (
	"strings"
	"testing"
	"time"

	"github.com/chillin-chat/chillin/internal/load"
)

// The figures that do not depend on the speed of the machine.
func TestScenarios(t *testing.T) {
	base, metrics := startNode(t, map[string]string{"RATE_LIMIT_ROOMS": "10000", "RATE_LIMIT_JOINS": "10000"})
	other := strings.Replace(base, "127.0.0.1", "localhost", 1) // the same node at another address
	for _, c := range []struct {
		name  string
		o     load.Options
		sent  int
		each  int // deliveries of a message
		table string
		check func(t *testing.T, r *load.Report)
	}{
		{
			"idle", load.Options{Scenario: "idle", Clients: 20, Rooms: 2, For: 300 * time.Millisecond}, 0, 0, "20 of 20 connections answer",
			func(t *testing.T, r *load.Report) {
				if i := r.Idle; i.Clients != 20 || i.Alive != 20 || i.ProcessBytes <= 0 {
					t.Errorf("idle = %+v, want 20 of 20 alive and their memory", i)
				}
			},
		},
		{
			"many rooms, from two addresses", load.Options{
				Scenario: "many-rooms", Clients: 20, Rooms: 4, Rate: 50, For: 500 * time.Millisecond, Sources: []string{"127.0.0.2", "127.0.0.3"},
			}, 25, 5, "20 in 4 rooms",
			func(t *testing.T, r *load.Report) {
				if s := r.Server; s.MessageMicros <= s.Micros || s.FloorMicros <= 0 {
					t.Errorf("server = %+v, want the CPU time of a message and the floor", s)
				}
			},
		},
		{
			"cross-node", load.Options{
				Scenario: "cross-node", URLs: []string{base, other}, Clients: 20, Rooms: 2, Rate: 50, For: 400 * time.Millisecond,
			}, 20, 10, "100 deliveries at the address of the sender, 100 at others",
			func(t *testing.T, r *load.Report) {
				c := r.CrossNode
				if c.SameNode.Count != 100 || c.OtherNode.Count != 100 || c.OtherNode.P99 <= 0 || len(r.URLs) != 2 {
					t.Errorf("crossNode = %+v at %q, want 100 deliveries each at two addresses", c, r.URLs)
				}
			},
		},
		{
			"ingest", load.Options{Scenario: "ingest", Clients: 20, Rooms: 20, Rate: 200, For: 500 * time.Millisecond}, 100, 1, "ingest, 200 per second",
			func(t *testing.T, r *load.Report) {
				if p := r.Messages.PerSecond; p <= 0 || p > 200 {
					t.Errorf("%g messages per second, want up to the 200 that are sent", p)
				}
			},
		},
		{
			"storm", load.Options{Scenario: "storm", Clients: 20, PerUser: 1, Rooms: 2, Rate: 20, For: time.Second, Immediately: true}, 20, 10, "18 of 18 clients back",
			func(t *testing.T, r *load.Report) {
				if s := r.Storm; s.Clients != 18 || s.Back != 18 || s.Seconds <= 0 || s.SlowestConfirmed <= 0 {
					t.Errorf("storm = %+v, want 18 of 18 back", s)
				}
				if e := r.Entering; e.Guests != 20 || e.Connections != 20 || e.Memberships != 20 || e.GuestsPerSecond <= 0 {
					t.Errorf("entering = %+v, want 20 guests with a connection each", e)
				}
			},
		},
		{
			"readers that are too slow", load.Options{
				Scenario: "slow-readers", Clients: 20, PerUser: 10, Rooms: 1, Rate: 25, For: 4400 * time.Millisecond, Immediately: true,
			}, 110, 20, "2 were closed (closed 4008",
			func(t *testing.T, r *load.Report) {
				s := r.SlowReaders
				if s.Clients != 2 || s.CaughtUp != 0 || s.Back != 2 || s.Closed["closed 4008 too slow: reconnect and catch up"] != 2 {
					t.Errorf("slowReaders = %+v, want 2 closed with 4008 and back", s)
				}
				if r.Deliveries.CaughtUp == 0 {
					t.Error("nothing was received by catching up")
				}
			},
		},
		{
			"readers that are slow for a moment", load.Options{
				Scenario: "slow-readers", Clients: 20, PerUser: 10, Rooms: 2, Rate: 20, For: 300 * time.Millisecond,
			}, 6, 10, "2 caught up, 0 were closed",
			func(t *testing.T, r *load.Report) {
				if s := r.SlowReaders; s.CaughtUp != 2 || len(s.Closed) != 0 || r.Deliveries.CaughtUp != 0 {
					t.Errorf("slowReaders = %+v, want 2 that caught up on their connections", s)
				}
			},
		},
		{
			"history", load.Options{Scenario: "history", Clients: 20, Rooms: 2, Fill: 60, Rate: 100, For: 500 * time.Millisecond}, 120, 10, "25 newest and 25 random pages",
			func(t *testing.T, r *load.Report) {
				h := r.History
				if h.Newest.Count != 25 || h.Random.Count != 25 || h.PerRoom != 60 || h.Newest.P50 <= 0 || h.Random.P50 <= 0 || len(h.Refused) != 0 {
					t.Errorf("history = %+v, want 25 newest and 25 random pages", h)
				}
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.o.URLs == nil {
				c.o.URLs = []string{base}
			}
			c.o.Metrics, c.o.Progress = []string{metrics}, t.Output()
			r, err := load.Run(t.Context(), c.o)
			if err != nil {
				t.Fatal(err)
			}
			if err := r.Err(); err != nil {
				t.Error(err)
			}
			if r.Messages.Sent != c.sent || r.Messages.Confirmed != c.sent || r.Deliveries.Count != c.sent*c.each {
				t.Errorf("%+v, %+v, want %d messages and %d deliveries", r.Messages, r.Deliveries, c.sent, c.sent*c.each)
			}
			c.check(t, r)
			var table strings.Builder
			if err := r.Write(&table); err != nil || !strings.Contains(table.String(), c.table) {
				t.Errorf("the table lacks %q, %v:\n%s", c.table, err, &table)
			}
		})
	}
	wantNoRooms(t, base)
}

func TestSeriesUsesTheSameGuests(t *testing.T) {
	base, _ := startNode(t, nil)
	reports, err := load.RunSeries(t.Context(), load.Options{
		URLs: []string{base}, Clients: 10, Rooms: 2, Rates: []float64{20, 40}, For: 250 * time.Millisecond, Progress: t.Output(),
	})
	if err != nil || len(reports) != 2 {
		t.Fatalf("%d reports, %v, want two", len(reports), err)
	}
	for i, want := range []int{5, 10} {
		r := reports[i]
		if r.Messages.Confirmed != want || r.Deliveries.Count != 5*want || r.Rate != []float64{20, 40}[i] || r.Err() != nil {
			t.Errorf("%+v, %+v, %v, want %d messages, each for 5 clients", r.Messages, r.Deliveries, r.Err(), want)
		}
		if (r.Entering != nil) != (i == 0) {
			t.Errorf("report %d: entering = %+v, want it only in the first", i, r.Entering)
		}
	}
	wantNoRooms(t, base)
}
