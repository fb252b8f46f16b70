package load

import (
	"testing"
	"time"
)

func TestPlanSpreadsTheClients(t *testing.T) {
	for _, c := range []struct{ clients, rooms, urls int }{{20, 2, 2}, {30, 5, 3}, {12, 12, 3}, {100, 20, 2}, {7, 3, 1}} {
		p := newPlan(Options{URLs: make([]string, c.urls), Clients: c.clients, Rooms: c.rooms, Rate: 10, For: time.Second})
		all := make([]int, c.urls)
		inRoom := make([][]int, c.rooms)
		for i := range c.clients {
			room := p.room(i)
			if inRoom[room] == nil {
				inRoom[room] = make([]int, c.urls)
			}
			all[p.url(i)]++
			inRoom[room][p.url(i)]++
		}
		for url := range c.urls {
			if even := c.clients / c.urls; all[url] < even || all[url] > even+1 {
				t.Errorf("%+v: %v clients at the addresses, want the same number at each", c, all)
			}
		}
		for room, counts := range inRoom {
			for url := range c.urls {
				if even := p.members(room) / c.urls; counts[url] < even || counts[url] > even+1 {
					t.Errorf("%+v: %v clients of room %d at the addresses, want the same number at each", c, counts, room)
				}
			}
		}
	}
}

func TestOnlySteadyClientsSend(t *testing.T) {
	for scenario, want := range map[string]int{"steady": 40, "storm": 4, "slow-readers": 36} {
		p := newPlan(Options{Scenario: scenario, URLs: []string{""}, Clients: 40, PerUser: 3, Rooms: 4, Rate: 1000, For: time.Second})
		senders := map[int]bool{}
		for _, client := range p.senders {
			senders[client] = true
		}
		for client := range p.clients {
			if senders[client] != (client < want) {
				t.Errorf("%s: client %d sends: %t, want only the first %d", scenario, client, senders[client], want)
			}
		}
	}
}

func TestClientsOfAStormReturnToAnotherServer(t *testing.T) {
	r := newRun(Options{Scenario: "storm", URLs: []string{"first"}, ReturnTo: "second", Clients: 20, Rooms: 2, Rate: 10, For: time.Second}, nil)
	steady, disconnected := newConn(r, 1, nil, nil), newConn(r, 2, nil, nil)
	if got := steady.url(); got != "second" {
		t.Errorf("a client that stays uses %s, want second", got)
	}
	if got := disconnected.url(); got != "first" {
		t.Errorf("a client that will be disconnected uses %s, want first", got)
	}
	disconnected.epoch = "known"
	if got := disconnected.url(); got != "second" {
		t.Errorf("a disconnected client uses %s, want second", got)
	}
}

func TestBackoffIsThatOfTheWebClient(t *testing.T) {
	for attempt, longest := range map[int]time.Duration{1: time.Second, 2: 2 * time.Second, 5: 16 * time.Second, 6: 30 * time.Second, 1000: 30 * time.Second} {
		most := time.Duration(0)
		for range 1000 {
			most = max(most, backoff(attempt))
		}
		if most > longest || most < longest*9/10 {
			t.Errorf("attempt %d waits up to %s, want up to %s", attempt, most, longest)
		}
	}
}
