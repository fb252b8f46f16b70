package load

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

// Report is the result of a run. Times are in milliseconds unless stated otherwise.
type Report struct {
	URL     string  `json:"url"`
	Clients int     `json:"clients"`
	Rooms   int     `json:"rooms"`
	Rate    float64 `json:"rate"` // messages per second, planned
	Seconds float64 `json:"seconds"`
	Seed    uint64  `json:"seed"`

	ConnectSeconds float64        `json:"connectSeconds"` // until all clients have joined
	TriedAgain     int            `json:"triedAgain"`     // connection attempts that the server postponed
	Lost           map[string]int `json:"lost"`           // connections that ended, by reason

	Messages   Messages   `json:"messages"`
	Deliveries Deliveries `json:"deliveries"`

	Confirmed Latency `json:"confirmed"` // from the planned time to the response
	Delivered Latency `json:"delivered"` // from the planned time to each member
	Late      Latency `json:"late"`      // from the planned time to the send: the delay of this tool

	ToolMicros float64 `json:"toolMicros"`       // µs of CPU time of this tool per delivery
	Server     *Server `json:"server,omitempty"` // if its metrics could be read
}

// Messages counts the sent messages.
type Messages struct {
	Sent       int               `json:"sent"`
	Confirmed  int               `json:"confirmed"`
	Refused    map[chat.Code]int `json:"refused"`
	Unanswered int               `json:"unanswered"`
}

// Deliveries counts the received messages: each once per client in its room.
type Deliveries struct {
	Count     int     `json:"count"`
	PerSecond float64 `json:"perSecond"`
	Bytes     int     `json:"bytes"`    // of one
	PerFrame  float64 `json:"perFrame"` // deliveries per frame

	Missing    int `json:"missing"`
	Twice      int `json:"twice"`
	OutOfOrder int `json:"outOfOrder"`
}

// Latency is a distribution, in milliseconds.
type Latency struct {
	P50  float64 `json:"p50"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p999"`
	Max  float64 `json:"max"`
}

// Server is the cost of the run to the server.
type Server struct {
	Micros      float64 `json:"micros"`                // µs of CPU time per delivery, including everything that led to it
	FloorMicros float64 `json:"floorMicros,omitempty"` // µs of one plain write of as many bytes, as often, to as many sockets
	Ratio       float64 `json:"ratio,omitempty"`       // of the two
	ConnBytes   float64 `json:"connBytes"`             // resident memory per additional connection
}

// report computes the report. All connections have ended.
func (r *run) report() *Report {
	report := &Report{
		URL: r.URL, Clients: len(r.conns), Rooms: len(r.rooms), Rate: r.Rate, Seconds: r.For.Seconds(), Seed: r.Seed,
		ConnectSeconds: r.connecting.Seconds(), TriedAgain: int(r.again.Load()), Lost: maps.Clone(r.lost),
		Messages:  Messages{Sent: r.sent, Unanswered: int(r.open.Load()), Refused: r.refusals},
		Confirmed: r.confirmation.latency(), Delivered: r.delivery.latency(), Late: r.lateness.latency(),
	}
	heads := r.heads()
	d := &report.Deliveries
	frames, bytes := 0, 0
	for _, c := range r.conns {
		d.Count += c.events
		frames += c.frames
		bytes += c.bytes
		d.Missing += c.sequence.missing(heads[c.room])
		d.Twice += c.sequence.twice
		d.OutOfOrder += c.sequence.behind
	}
	for _, room := range r.rooms {
		d.Twice += room.repeated
		d.OutOfOrder += room.disputed
	}
	for k := range r.answers {
		if r.answers[k].Load() > 0 {
			report.Messages.Confirmed++
		}
	}
	d.OutOfOrder += r.misnumbered()
	d.PerSecond = per(float64(d.Count), max(r.For, time.Duration(r.last.Load()-r.began.Load())).Seconds())
	d.PerFrame = per(float64(d.Count), float64(frames))
	d.Bytes = int(per(float64(bytes), float64(d.Count)))
	report.ToolMicros = per(micros(r.busy), float64(d.Count))
	return report
}

// heads returns the highest number received in each room.
func (r *run) heads() map[*room]chat.Seq {
	heads := map[*room]chat.Seq{}
	for _, c := range r.conns {
		heads[c.room] = max(heads[c.room], c.head)
	}
	for k, client := range r.plan.senders {
		if room := r.conns[client].room; r.answers[k].Load() > 0 {
			heads[room] = max(heads[room], chat.Seq(r.answers[k].Load()))
		}
	}
	return heads
}

// misnumbered counts the messages that were confirmed with a different number than delivered.
func (r *run) misnumbered() (n int) {
	for k, client := range r.plan.senders {
		confirmed := chat.Seq(r.answers[k].Load())
		received := r.conns[client].room.numbers[chat.CID(fmt.Sprintf("%s%012x", r.cid, k))]
		if confirmed > 0 && received > 0 && confirmed != received {
			n++
		}
	}
	return n
}

func (h *histogram) latency() Latency {
	ms := func(q float64) float64 { return float64(h.quantile(q)) / float64(time.Millisecond) }
	return Latency{P50: ms(0.5), P99: ms(0.99), P999: ms(0.999), Max: ms(1)}
}

// per returns a for each of b, or 0 if b is 0.
func per(a, b float64) float64 {
	if b <= 0 {
		return 0
	}
	return a / b
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// Err returns an error that lists the violated guarantees. Refusals are not violations.
func (r *Report) Err() error {
	var broken []string
	for _, n := range []struct {
		count int
		what  string
	}{
		{r.Deliveries.Missing, "deliveries missing"}, {r.Deliveries.Twice, "twice"}, {r.Deliveries.OutOfOrder, "out of order"},
		{r.Messages.Unanswered, "messages without a response"}, {sum(r.Lost), "connections lost"},
	} {
		if n.count > 0 {
			broken = append(broken, fmt.Sprintf("%d %s", n.count, n.what))
		}
	}
	if broken == nil {
		return nil
	}
	return errors.New("guarantees violated: " + strings.Join(broken, ", "))
}

func sum[K comparable](counts map[K]int) (n int) {
	for _, count := range counts {
		n += count
	}
	return n
}
