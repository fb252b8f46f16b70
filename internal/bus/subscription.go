package bus

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/redisclient"
	"github.com/chillin-chat/chillin/internal/wire"
)

var (
	errCanaryTimeout = errors.New("the subscription does not receive the canary")
	errReconnected   = errors.New("the client library has reconnected")
	errMoved         = errors.New("the slot has moved to another shard")
)

// maxSubscribe is how many channels one SUBSCRIBE contains, so that thousands of rooms do
// not block Redis. In a cluster all of them must be in one slot.
const maxSubscribe = 512

// subscription is one connection for receiving, from its first SUBSCRIBE to its first error.
// It does not use the subscriptions of go-redis's cluster client: those have one connection,
// to the shard of the first channel.
type subscription struct {
	bus        *Redis
	shard      *shard
	pubsub     *redis.PubSub
	lastCanary time.Time // when a canary was last received
	verified   bool      // all channels were confirmed once, and a canary was received after that
}

func newSubscription(s *shard) *subscription {
	return &subscription{bus: s.bus, shard: s, pubsub: s.client.Subscribe(context.Background())}
}

// run subscribes to all followed rooms and receives. It returns the first error, or when ctx
// ends.
func (s *subscription) run(ctx context.Context) error {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	// Only closing the connection ends a blocked read.
	var parts sync.WaitGroup
	defer parts.Wait()
	closed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(closed)
		_ = s.pubsub.Close()
	})
	defer func() {
		if stop() {
			_ = s.pubsub.Close()
		} else {
			<-closed
		}
	}()
	if err := s.start(ctx); err != nil {
		return err
	}
	parts.Go(func() { fail(s.updateRooms(ctx)) })
	err := s.receive(ctx)
	fail(err)
	return context.Cause(ctx)
}

// start subscribes to the channels of this node and to the rooms that are followed now.
func (s *subscription) start(ctx context.Context) error {
	for _, channels := range s.shard.begin() {
		if err := s.subscribe(ctx, channels); err != nil {
			return err
		}
	}
	return nil
}

// subscribe subscribes to channels of one partition.
func (s *subscription) subscribe(ctx context.Context, channels []string) error {
	do := s.pubsub.Subscribe
	if s.bus.sharded {
		do = s.pubsub.SSubscribe
	}
	for chunk := range slices.Chunk(channels, maxSubscribe) {
		if err := do(ctx, chunk...); err != nil {
			return fmt.Errorf("subscribe: %w", err)
		}
	}
	return nil
}

// unsubscribe unsubscribes from channels of one partition.
func (s *subscription) unsubscribe(ctx context.Context, channels []string) error {
	do := s.pubsub.Unsubscribe
	if s.bus.sharded {
		do = s.pubsub.SUnsubscribe
	}
	for chunk := range slices.Chunk(channels, maxSubscribe) {
		if err := do(ctx, chunk...); err != nil {
			return fmt.Errorf("unsubscribe: %w", err)
		}
	}
	return nil
}

// updateRooms subscribes to rooms that are followed and unsubscribes from rooms that are
// not, until ctx ends or Redis returns an error. After start only updateRooms writes to the
// connection, so that an UNSUBSCRIBE and a later SUBSCRIBE of a room stay in this order.
func (s *subscription) updateRooms(ctx context.Context) error {
	tick := time.NewTicker(s.bus.timing.unsubscribeDelay / 8)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.shard.wake:
		case <-tick.C:
		}
		subscribe, unsubscribe := s.shard.changes()
		for _, channels := range unsubscribe {
			if err := s.unsubscribe(ctx, channels); err != nil {
				return err
			}
		}
		for _, channels := range subscribe {
			if err := s.subscribe(ctx, channels); err != nil {
				return err
			}
		}
	}
}

// receive reads until the connection fails or no canary is received within
// timing.canaryTimeout.
func (s *subscription) receive(ctx context.Context) error {
	s.lastCanary = time.Now()
	for {
		left := s.bus.timing.canaryTimeout - time.Since(s.lastCanary)
		if left <= 0 {
			return errCanaryTimeout
		}
		message, err := s.pubsub.ReceiveTimeout(ctx, left)
		if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
			return errCanaryTimeout
		}
		if slot, moved := movedSlot(err); moved && s.bus.sharded {
			s.onMoved(slot)
			continue
		}
		if err != nil {
			return fmt.Errorf("receive: %w", err)
		}
		switch m := message.(type) {
		case *redis.Subscription:
			err = s.onConfirmation(m)
		case *redis.Message:
			s.onMessage(m)
		}
		if err != nil {
			return err
		}
	}
}

// movedSlot returns the slot of a MOVED error.
func movedSlot(err error) (slot int, moved bool) {
	if err == nil {
		return 0, false
	}
	text, moved := strings.CutPrefix(err.Error(), "MOVED ")
	if !moved {
		return 0, false
	}
	number, _, _ := strings.Cut(text, " ")
	slot, err = strconv.Atoi(number)
	return slot, err == nil
}

// onMoved processes the reply that the server does not own a slot.
func (s *subscription) onMoved(slot int) {
	for p := range s.bus.parts {
		if redisclient.Slot(s.bus.layout.Tag(p)) == slot {
			s.shard.lost(p)
		}
	}
}

// onConfirmation processes the reply of Redis that a channel is subscribed or unsubscribed. A
// cluster also sends the latter when a slot has moved.
func (s *subscription) onConfirmation(m *redis.Subscription) error {
	partition, room, ok := s.parse(m.Channel)
	if !ok {
		return nil
	}
	switch m.Kind {
	case "subscribe", "ssubscribe":
		if !s.shard.confirm(partition, room) {
			return errReconnected
		}
	case "sunsubscribe":
		s.shard.unsubscribed(partition, room)
	}
	return nil
}

// parse returns the partition of a channel and its room, 0 for a channel of this node.
func (s *subscription) parse(channel string) (partition int, room chat.RoomID, ok bool) {
	name := strings.TrimPrefix(channel, s.bus.namespace)
	if s.bus.sharded {
		tag, rest, found := strings.Cut(name, "}:")
		n, err := strconv.Atoi(strings.TrimPrefix(tag, "{p"))
		if !found || err != nil || n < 0 || n >= len(s.bus.suspect) {
			return 0, 0, false
		}
		partition, name = n, rest
	}
	if id, isRoom := strings.CutPrefix(name, roomPart); isRoom {
		n, err := strconv.ParseInt(id, 10, 64)
		return partition, chat.RoomID(n), err == nil && n != 0
	}
	return partition, 0, true
}

// onMessage queues what was published for deliver.
func (s *subscription) onMessage(m *redis.Message) {
	var d delivery
	var err error
	if s.isCanary(m.Channel) {
		s.onCanary()
		if m.Payload == "" {
			return
		}
		d.probe, err = decodeProbe(m.Payload)
	} else {
		d.envelope = new(wire.Envelope)
		*d.envelope, err = decode(m.Payload)
	}
	if err != nil { // from a node of another version: the heads show its events
		s.bus.loseChannel(s.parse(m.Channel))
		return
	}
	s.bus.push(d)
}

// isCanary reports whether a channel is the one to which only this node subscribes, of any
// partition.
func (s *subscription) isCanary(channel string) bool {
	return strings.HasSuffix(channel, s.bus.canarySuffix) && strings.HasPrefix(channel, s.bus.namespace)
}

// loseChannel schedules a call of Missed, or of MissedUsers for a channel of this node, for the partition of
// a channel.
func (r *Redis) loseChannel(partition int, room chat.RoomID, ok bool) {
	if !ok {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lose(partition, loss{rooms: room != 0, users: room == 0})
}

// decodeProbe returns when a probe was queued, on the clock of the bus.
func decodeProbe(payload string) (time.Duration, error) {
	n, err := strconv.ParseInt(payload, 10, 64)
	return time.Duration(n), err
}

// onCanary records that the subscription receives what this node publishes. The first canary
// after all channels are confirmed verifies the subscription.
func (s *subscription) onCanary() {
	s.lastCanary = time.Now()
	if s.shard.activate() {
		s.verified = true
	}
}
