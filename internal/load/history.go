package load

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

// History is the time to read pages of history over REST, from the planned time to the last byte.
type History struct {
	PerRoom int            `json:"perRoom"` // messages in each room
	Newest  PageLatency    `json:"newest"`
	Random  PageLatency    `json:"random"`  // at random positions
	Refused map[string]int `json:"refused"` // pages that the server refused, by code
	Failed  int            `json:"failed"`  // pages without a response
	Wrong   int            `json:"wrong"`   // pages in which messages were missing or in the wrong order
	// Micros is the CPU time of the servers per page, in µs; 0 without their metrics.
	Micros float64 `json:"micros"`
}

// PageLatency is the latency of the pages of one kind.
type PageLatency struct {
	Count int `json:"count"`
	Latency
}

// fillRate is the number of messages per second that fill the rooms, or less if the clients are few.
const fillRate = 1000

func historyScenario() scenario {
	return scenario{
		name:     "history",
		summary:  "pages of history over REST, after filling the rooms",
		defaults: defaults{clients: 100, rooms: 5, rate: 100, duration: 30 * time.Second, fill: 1000},
		sending: func(o Options) (float64, int) {
			return min(fillRate, commandsPerClient*float64(max(1, o.Clients))), o.Fill * o.Rooms
		},
		check: func(o Options, fault func(wrong bool, format string, args ...any)) {
			fault(o.Fill < pageSize, "--fill: %d is less than the %d messages of a page", o.Fill, pageSize)
		},
		prepare: sendAndSettle,
		measure: readHistory,
	}
}

// readHistory reads pages at o.Rate: the newest and a random one in turn.
func readHistory(ctx context.Context, r *run) error {
	before, err := readProcessMetrics(ctx, r.Metrics)
	if err != nil {
		return err
	}
	readers := newPageReaders(r)
	r.progress("reading %d pages in %s", r.planned(), r.For)
	readers.readAll(ctx)
	if err := stoppedEarly(ctx); err != nil {
		return err
	}
	after, err := readProcessMetrics(ctx, r.Metrics)
	if err != nil {
		return err
	}
	r.out.History = readers.report(micros(after.cpu - before.cpu))
	return nil
}

func (p *pageReaders) report(micros float64) *History {
	h := &History{
		PerRoom: p.run.Fill, Refused: maps.Clone(p.refused), Failed: p.failed, Wrong: p.wrong,
		Newest: PageLatency{int(p.newest.total()), p.newest.latency()},
		Random: PageLatency{int(p.random.total()), p.random.latency()},
	}
	h.Micros = per(micros, float64(h.Newest.Count+h.Random.Count))
	return h
}

func (h *History) write(row func(format string, args ...any)) {
	row("history\t%d newest and %d random pages of rooms with %d messages, %d refused%s, %d failed, %d wrong",
		h.Newest.Count, h.Random.Count, h.PerRoom, sum(h.Refused), named(h.Refused), h.Failed, h.Wrong)
	if h.Micros > 0 {
		row("\t%.0f µs of CPU of the server per page", h.Micros)
	}
}

func (h *History) latencies() []namedLatency {
	return []namedLatency{{"newest page", h.Newest.Latency}, {"random page", h.Random.Latency}}
}

func (h *History) violations() []violation {
	return []violation{{h.Failed, "pages without a response"}, {h.Wrong, "wrong pages"}}
}

// checkPage reports whether a page contains what it must: the numbers before before, or up to the head
// if that is 0, without gaps.
func checkPage(numbers []chat.Seq, before, head chat.Seq) bool {
	last := before - 1
	if before == 0 {
		last = head
	}
	if len(numbers) != min(pageSize, int(last)) {
		return false
	}
	for i, seq := range numbers {
		if seq != last-chat.Seq(len(numbers)-1-i) {
			return false
		}
	}
	return true
}

// pagePath returns the path of the page before a number, or of the newest page if that is 0.
func pagePath(room chat.RoomID, before chat.Seq) string {
	path := fmt.Sprintf("/api/v1/rooms/%d/messages?limit=%d", room, pageSize)
	if before > 0 {
		path += fmt.Sprintf("&before=%d", before)
	}
	return path
}
