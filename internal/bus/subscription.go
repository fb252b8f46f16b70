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
	"github.com/chillin-chat/chillin/internal/wire"
)

var (
	errCanaryTimeout = errors.New("the subscription does not receive the canary")
	errReconnected   = errors.New("the client library has reconnected")
)

// maxSubscribe is how many channels one SUBSCRIBE contains, so that thousands of rooms do
// not block Redis.
const maxSubscribe = 512

// subscription is one connection for receiving, from its first SUBSCRIBE to its first error.
type subscription struct {
	bus         *Redis
	pubsub      *redis.PubSub
	unconfirmed int       // channels of start that Redis has not confirmed yet
	lastCanary  time.Time // when a canary was last received
	verified    bool      // all channels are confirmed, and a canary was received after that
}

func newSubscription(r *Redis) *subscription {
	return &subscription{bus: r, pubsub: r.client.Subscribe(context.Background())}
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
	channels := []string{s.bus.canaryChannel, s.bus.nodesChannel}
	for _, room := range s.bus.allRooms() {
		channels = append(channels, s.bus.roomChannel(room))
	}
	s.unconfirmed = len(channels)
	return s.subscribe(ctx, channels)
}

func (s *subscription) subscribe(ctx context.Context, channels []string) error {
	for chunk := range slices.Chunk(channels, maxSubscribe) {
		if err := s.pubsub.Subscribe(ctx, chunk...); err != nil {
			return fmt.Errorf("subscribe: %w", err)
		}
	}
	return nil
}

func (s *subscription) unsubscribe(ctx context.Context, channels []string) error {
	for chunk := range slices.Chunk(channels, maxSubscribe) {
		if err := s.pubsub.Unsubscribe(ctx, chunk...); err != nil {
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
		case <-s.bus.wake:
		case <-tick.C:
		}
		subscribe, unsubscribe := s.bus.takePending()
		if err := s.unsubscribe(ctx, s.channels(unsubscribe)); err != nil {
			return err
		}
		if err := s.subscribe(ctx, s.channels(subscribe)); err != nil {
			return err
		}
	}
}

func (s *subscription) channels(rooms []chat.RoomID) []string {
	channels := make([]string, len(rooms))
	for i, room := range rooms {
		channels[i] = s.bus.roomChannel(room)
	}
	return channels
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

// onConfirmation processes the reply of Redis that a channel is subscribed.
func (s *subscription) onConfirmation(m *redis.Subscription) error {
	if m.Kind != "subscribe" {
		return nil
	}
	if room, ok := s.room(m.Channel); ok {
		if !s.bus.confirm(room) {
			return errReconnected
		}
	} else if s.unconfirmed == 0 { // the channels of this node are subscribed once, by start
		return errReconnected
	}
	if s.unconfirmed > 0 {
		if s.unconfirmed--; s.unconfirmed == 0 {
			s.bus.enqueue(publication{}) // a canary, which verifies the subscription
		}
	}
	return nil
}

func (s *subscription) room(channel string) (chat.RoomID, bool) {
	id, ok := strings.CutPrefix(channel, s.bus.prefix+"room:")
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(id, 10, 64)
	return chat.RoomID(n), err == nil
}

// onMessage queues what was published for deliver.
func (s *subscription) onMessage(m *redis.Message) {
	var d delivery
	var err error
	switch m.Channel {
	case s.bus.canaryChannel:
		s.onCanary()
		if m.Payload == "" {
			return
		}
		d.probe, err = decodeProbe(m.Payload)
	default:
		d.envelope = new(wire.Envelope)
		*d.envelope, err = decode(m.Payload)
	}
	if err != nil { // from a node of another version: the heads show its events
		s.bus.missed.Send()
		return
	}
	s.bus.push(d)
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
	if s.unconfirmed == 0 && !s.verified {
		s.verified = true
		s.bus.setUp()
	}
}
