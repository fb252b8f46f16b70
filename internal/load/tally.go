package load

import (
	"maps"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

// report completes and returns the report. All connections have ended.
func (r *run) report() *Report {
	report := r.out
	report.Scenario, report.URL = r.kind.name, r.URLs[0]
	if len(r.URLs) > 1 {
		report.URLs = r.URLs
	}
	report.Clients, report.Rooms, report.Rate = len(r.conns), len(r.rooms), r.Rate
	report.Seconds, report.Seed = r.For.Seconds(), r.Seed
	report.ConnectSeconds, report.TriedAgain = r.connecting.Seconds(), int(r.again.Load())
	report.Lost = maps.Clone(r.lost)
	report.Confirmed, report.Delivered, report.Late = r.confirmation.latency(), r.delivery.latency(), r.lateness.latency()
	report.Messages, report.Deliveries = r.messages(), r.deliveries()
	report.ToolMicros = per(micros(r.busy), float64(report.Deliveries.Count))
	report.CrossNode = r.crossNode()
	return report
}

func (r *run) messages() Messages {
	m := Messages{Sent: r.sent, Unanswered: int(r.open.Load()), Refused: r.refusals}
	for k := range r.answers {
		if r.answers[k].Load() > 0 {
			m.Confirmed++
		}
	}
	m.PerSecond = per(float64(m.Confirmed), r.elapsed(r.lastAnswer.Load()).Seconds())
	return m
}

func (r *run) deliveries() (d Deliveries) {
	heads := r.heads()
	events, frames, bytes := 0, 0, 0
	for _, c := range r.conns {
		events += c.events
		frames += c.frames
		bytes += c.bytes
		d.CaughtUp += c.caughtUp
		d.Missing += c.sequence.missing(heads[c.room])
		d.Twice += c.sequence.twice
		d.OutOfOrder += c.sequence.behind
	}
	for _, room := range r.rooms {
		d.Twice += room.repeated
		d.OutOfOrder += room.disputed
	}
	d.OutOfOrder += r.misnumbered()
	d.Count = events + d.CaughtUp
	d.PerSecond = per(float64(d.Count), r.elapsed(r.last.Load()).Seconds())
	d.PerFrame = per(float64(events), float64(frames))
	d.Bytes = int(per(float64(bytes), float64(events)))
	return d
}

// elapsed returns the time from the first message to end, in ns after origin, or to when the last one
// was planned if that is later.
func (r *run) elapsed(end int64) time.Duration {
	return max(r.plan.due(len(r.plan.senders)), time.Duration(end-r.began.Load()))
}

// heads returns the highest number that is known of each room.
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
		received := r.conns[client].room.numbers[chat.CID(r.cidOf(k))]
		if confirmed > 0 && received > 0 && confirmed != received {
			n++
		}
	}
	return n
}

// per returns a for each of b, or 0 if b is 0.
func per(a, b float64) float64 {
	if b <= 0 {
		return 0
	}
	return a / b
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
