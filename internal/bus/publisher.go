package bus

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

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
func (r *Redis) Publish(e wire.Envelope) {
	(*r.routes.Load())[r.partition(&e)].enqueue(publication{envelope: &e})
}

// Ask implements wire.Bus. It does not use the queue: PUBLISH returns the number of nodes
// that subscribe to a nodesChannel. The number is not known while this node itself may be
// missing events.
func (r *Redis) Ask(ctx context.Context, e wire.Envelope) (int, error) {
	partition := r.working()
	if r.suspect[partition].Load() {
		return 0, chat.ErrUnavailable(errors.New("the bus is suspect"))
	}
	ctx, cancel := context.WithTimeout(ctx, publishTimeout)
	defer cancel()
	nodes, err := r.publishTo(ctx, r.client, r.nodesChannel(partition), encode(e)).Result()
	if err != nil {
		return 0, chat.ErrUnavailable(err)
	}
	return int(nodes), nil
}

// publishTo publishes with a client or a pipeline.
func (r *Redis) publishTo(ctx context.Context, c redis.Cmdable, channel string, message any) *redis.IntCmd {
	if r.sharded {
		return c.SPublish(ctx, channel, message)
	}
	return c.Publish(ctx, channel, message)
}

func (s *shard) enqueue(p publication) {
	select {
	case s.out <- p:
	default:
		s.bus.metrics.BusDropped.WithLabelValues("queue_full").Inc()
	}
}

// probe queues a message to this node itself, to measure how long a message to another node
// takes: it passes the outgoing queue, Redis and the incoming queue. If the queue is full,
// nothing is measured.
func (s *shard) probe() {
	select {
	case s.out <- publication{probe: time.Since(s.bus.began)}:
	default:
	}
}

// publish sends what is queued, in order, and a canary and a probe at each canaryInterval.
func (s *shard) publish(ctx context.Context) {
	canary := time.NewTicker(s.bus.timing.canaryInterval)
	defer canary.Stop()
	batch := make([]publication, 0, maxPipeline)
	for {
		select {
		case <-ctx.Done():
			s.flush()
			return
		case <-canary.C:
			batch = append(batch[:0], publication{})
			s.probe()
		case p := <-s.out:
			batch = append(batch[:0], p)
		}
		s.send(s.fill(batch))
	}
}

// fill adds to batch what is queued, without waiting for more.
func (s *shard) fill(batch []publication) []publication {
	for len(batch) < maxPipeline {
		select {
		case p := <-s.out:
			batch = append(batch, p)
		default:
			return batch
		}
	}
	return batch
}

// send publishes batch in one round trip. A failure is counted and not retried: the other
// nodes find the events by the heads. In a cluster the client follows a slot that has moved.
func (s *shard) send(batch []publication) {
	// Not derived from the context of Run: a batch that was taken off the queue is sent
	// even if the node stops now.
	ctx, cancel := context.WithTimeout(context.Background(), publishTimeout)
	defer cancel()
	r := s.bus
	pipe := r.client.Pipeline()
	var envelopes []*redis.IntCmd
	for _, p := range batch {
		if p.envelope == nil {
			s.sendCanary(ctx, pipe, p)
			continue
		}
		envelopes = append(envelopes, r.publishTo(ctx, pipe, s.channel(p.envelope), encode(*p.envelope)))
	}
	if _, err := pipe.Exec(ctx); err == nil {
		return
	}
	failed := 0
	for _, cmd := range envelopes {
		if cmd.Err() != nil {
			failed++
		}
	}
	r.metrics.BusDropped.WithLabelValues("redis").Add(float64(failed))
}

// channel returns the channel of an envelope that is in the queue of s.
func (s *shard) channel(e *wire.Envelope) string {
	switch r := s.bus; {
	case e.Kind.ForRoom():
		return r.roomChannel(e.Room)
	case e.User != 0:
		return r.nodesChannel(r.layout.Of(int64(e.User)))
	}
	partition, ok := s.anyPartition()
	if !ok {
		partition = s.bus.working()
	}
	return s.bus.nodesChannel(partition)
}

func (s *shard) sendCanary(ctx context.Context, pipe redis.Pipeliner, p publication) {
	partition, ok := s.anyPartition()
	if !ok {
		return
	}
	text := ""
	if p.probe != 0 {
		text = strconv.FormatInt(int64(p.probe), 10)
	}
	s.bus.publishTo(ctx, pipe, s.bus.canaryChannel(partition), text)
}

// flush publishes what is still queued when the node stops, such as changes of presence.
func (s *shard) flush() {
	for began := time.Now(); time.Since(began) < flushTimeout; {
		batch := s.fill(nil)
		if len(batch) == 0 {
			return
		}
		s.send(batch)
	}
}
