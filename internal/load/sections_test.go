package load

import (
	"strings"
	"testing"

	"github.com/chillin-chat/chillin/internal/chat"
)

func TestViolationsOfScenariosAreReported(t *testing.T) {
	for _, c := range []struct {
		name string
		r    Report
		want string // "" for none
	}{
		{"idle", Report{Idle: &Idle{Clients: 20, Alive: 20}}, ""},
		{"a silent connection", Report{Idle: &Idle{Clients: 20, Alive: 19}}, "1 idle connections do not answer"},
		{"storm", Report{Storm: &Storm{Clients: 18, Back: 18, Failed: map[string]int{"UNAVAILABLE": 5}}}, ""},
		{"a client that is not back", Report{Storm: &Storm{Clients: 18, Back: 16}}, "2 clients not back after 3m0s"},
		{"slow readers", Report{SlowReaders: &SlowReaders{Clients: 5, CaughtUp: 2, Closed: map[string]int{"closed 4008": 3}, Back: 3}}, ""},
		{"a slow reader that is not back", Report{SlowReaders: &SlowReaders{Clients: 5, CaughtUp: 2, Closed: map[string]int{"closed 4008": 3}, Back: 2}}, "1 slow clients not back"},
		{"history", Report{History: &History{Refused: map[string]int{"RATE_LIMITED": 2}}}, ""},
		{"a wrong page", Report{History: &History{Wrong: 1}}, "1 wrong pages"},
		{"no page", Report{History: &History{Failed: 3}}, "3 pages without a response"},
		{"nodes", Report{CrossNode: &CrossNode{}}, ""},
		{"nodes with a loss", Report{CrossNode: &CrossNode{}, Deliveries: Deliveries{Missing: 4}}, "4 deliveries missing"},
	} {
		err := c.r.Err()
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: err = %v, want %q", c.name, err, c.want)
		}
	}
}

func TestPagesAreChecked(t *testing.T) {
	numbers := func(from, to chat.Seq) (all []chat.Seq) {
		for seq := from; seq <= to; seq++ {
			all = append(all, seq)
		}
		return all
	}
	swapped := numbers(11, 60)
	swapped[3], swapped[4] = swapped[4], swapped[3]
	gap := append(numbers(10, 30), numbers(32, 60)...)
	for _, c := range []struct {
		name         string
		page         []chat.Seq
		before, head chat.Seq
		want         bool
	}{
		{"the newest", numbers(11, 60), 0, 60, true},
		{"the newest without the last", numbers(10, 59), 0, 60, false},
		{"the newest of a small room", numbers(1, 7), 0, 7, true},
		{"before a number", numbers(1, 50), 51, 60, true},
		{"one too few", numbers(12, 60), 61, 70, false},
		{"the wrong place", numbers(12, 61), 61, 70, false},
		{"a gap", gap, 61, 70, false},
		{"swapped", swapped, 61, 70, false},
		{"empty", nil, 61, 70, false},
	} {
		if got := checkPage(c.page, c.before, c.head); got != c.want {
			t.Errorf("%s: right = %t, want %t", c.name, got, c.want)
		}
	}
}
