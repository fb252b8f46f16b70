package bus

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/wire"
)

const (
	// maxPipeline is how many publishes go in one round trip. 64 cost 0.8 µs each
	// where one alone costs 22 µs; more gains nothing and delays the first.
	maxPipeline = 128
	// publishTimeout bounds a round trip; longer, and the queue fills for nothing.
	publishTimeout = time.Second
	// flushTimeout is what a stopping node takes for what is still queued.
	flushTimeout = 500 * time.Millisecond
)

// publication is what is to be published: an envelope or a probe, else a canary.
type publication struct {
	envelope *wire.Envelope
	probe    time.Duration // when it was queued, on the clock of the bus
}

// Publish implements wire.Bus. If the queue is full, e is dropped and counted.
func (r *Redis) Publish(e wire.Envelope) { r.enqueue(publication{envelope: &e}) }

// Ask publishes e without the queue: Redis returns how many nodes subscribe to what every
// node receives. While this node itself may be missing events, the number is not known.
func (r *Redis) Ask(ctx context.Context, e wire.Envelope) (int, error) {
	if r.Suspect() {
		return 0, chat.ErrUnavailable(errors.New("the bus is suspect"))
	}
	ctx, cancel := context.WithTimeout(ctx, publishTimeout)
	defer cancel()
	nodes, err := r.client.Publish(ctx, r.notices, encode(e)).Result()
	if err != nil {
		return 0, chat.ErrUnavailable(err)
	}
	return int(nodes), nil
}

func (r *Redis) channel(e wire.Envelope) string {
	if e.Kind.ForRoom() {
		return r.roomChannel(e.Room)
	}
	return r.notices
}

func (r *Redis) enqueue(p publication) {
	select {
	case r.out <- p:
	default:
		r.metrics.BusDropped.WithLabelValues("queue_full").Inc()
	}
}

// probe queues a message to this node itself, which measures how long one to another node
// takes: it goes through the queue of what is published, Redis, and the queue of what was
// received. If the queue is full there is no measurement.
func (r *Redis) probe() {
	select {
	case r.out <- publication{probe: time.Since(r.began)}:
	default:
	}
}

// publish sends what is queued, in order, and the canary and a probe when they are due.
func (r *Redis) publish(ctx context.Context) {
	canary := time.NewTicker(r.pace.canary)
	defer canary.Stop()
	batch := make([]publication, 0, maxPipeline)
	for {
		select {
		case <-ctx.Done():
			r.flush()
			return
		case <-canary.C:
			batch = append(batch[:0], publication{})
			r.probe()
		case p := <-r.out:
			batch = append(batch[:0], p)
		}
		r.send(r.fill(batch))
	}
}

// fill takes what is queued now, without waiting for more.
func (r *Redis) fill(batch []publication) []publication {
	for len(batch) < maxPipeline {
		select {
		case p := <-r.out:
			batch = append(batch, p)
		default:
			return batch
		}
	}
	return batch
}

// send publishes batch in one round trip. What fails is counted and not tried
// again: by then the others have found it by the heads.
func (r *Redis) send(batch []publication) {
	// Not below the context of Run: what was taken off the queue is sent also when
	// the node stops at this moment.
	ctx, cancel := context.WithTimeout(context.Background(), publishTimeout)
	defer cancel()
	pipe := r.client.Pipeline()
	lost := 0
	for _, p := range batch {
		switch {
		case p.envelope != nil:
			pipe.Publish(ctx, r.channel(*p.envelope), encode(*p.envelope))
			lost++
		case p.probe != 0:
			pipe.Publish(ctx, r.self, strconv.FormatInt(int64(p.probe), 10))
		default:
			pipe.Publish(ctx, r.self, "")
		}
	}
	if _, err := pipe.Exec(ctx); err != nil {
		r.metrics.BusDropped.WithLabelValues("redis").Add(float64(lost))
	}
}

// flush sends the last words of a stopping node, such as that its users left.
func (r *Redis) flush() {
	for began := time.Now(); time.Since(began) < flushTimeout; {
		batch := r.fill(nil)
		if len(batch) == 0 {
			return
		}
		r.send(batch)
	}
}
