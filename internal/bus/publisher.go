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
	// maxPipeline is how many publications one round trip contains. In a pipeline of 64 each
	// costs 0.8 µs, a single one 22 µs. More than 128 gain nothing and delay the first.
	maxPipeline = 128
	// publishTimeout is the time limit of a round trip. A longer one would only fill the
	// queue.
	publishTimeout = time.Second
	// flushTimeout is how long a stopping node publishes what is still queued.
	flushTimeout = 500 * time.Millisecond
)

// publication is an envelope or a probe to be published. Without either it is a canary.
type publication struct {
	envelope *wire.Envelope
	probe    time.Duration // when it was queued, on the clock of the bus
}

// Publish implements wire.Bus. If the queue is full, e is dropped and counted.
func (r *Redis) Publish(e wire.Envelope) { r.enqueue(publication{envelope: &e}) }

// Ask implements wire.Bus. It does not use the queue: PUBLISH returns the number of nodes
// that subscribe to nodesChannel. The number is not known while this node itself may be
// missing events.
func (r *Redis) Ask(ctx context.Context, e wire.Envelope) (int, error) {
	if r.Suspect() {
		return 0, chat.ErrUnavailable(errors.New("the bus is suspect"))
	}
	ctx, cancel := context.WithTimeout(ctx, publishTimeout)
	defer cancel()
	nodes, err := r.client.Publish(ctx, r.nodesChannel, encode(e)).Result()
	if err != nil {
		return 0, chat.ErrUnavailable(err)
	}
	return int(nodes), nil
}

func (r *Redis) channel(e wire.Envelope) string {
	if e.Kind.ForRoom() {
		return r.roomChannel(e.Room)
	}
	return r.nodesChannel
}

func (r *Redis) enqueue(p publication) {
	select {
	case r.out <- p:
	default:
		r.metrics.BusDropped.WithLabelValues("queue_full").Inc()
	}
}

// probe queues a message to this node itself, to measure how long a message to another node
// takes: it passes the outgoing queue, Redis and the incoming queue. If the queue is full,
// nothing is measured.
func (r *Redis) probe() {
	select {
	case r.out <- publication{probe: time.Since(r.began)}:
	default:
	}
}

// publish sends what is queued, in order, and a canary and a probe at each canaryInterval.
func (r *Redis) publish(ctx context.Context) {
	canary := time.NewTicker(r.timing.canaryInterval)
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

// fill adds to batch what is queued, without waiting for more.
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

// send publishes batch in one round trip. A failure is counted and not retried: the other
// nodes find the events by the heads.
func (r *Redis) send(batch []publication) {
	// Not derived from the context of Run: a batch that was taken off the queue is sent
	// even if the node stops now.
	ctx, cancel := context.WithTimeout(context.Background(), publishTimeout)
	defer cancel()
	pipe := r.client.Pipeline()
	envelopes := 0
	for _, p := range batch {
		switch {
		case p.envelope != nil:
			pipe.Publish(ctx, r.channel(*p.envelope), encode(*p.envelope))
			envelopes++
		case p.probe != 0:
			pipe.Publish(ctx, r.canaryChannel, strconv.FormatInt(int64(p.probe), 10))
		default:
			pipe.Publish(ctx, r.canaryChannel, "")
		}
	}
	if _, err := pipe.Exec(ctx); err != nil {
		r.metrics.BusDropped.WithLabelValues("redis").Add(float64(envelopes))
	}
}

// flush publishes what is still queued when the node stops, such as changes of presence.
func (r *Redis) flush() {
	for began := time.Now(); time.Since(began) < flushTimeout; {
		batch := r.fill(nil)
		if len(batch) == 0 {
			return
		}
		r.send(batch)
	}
}
