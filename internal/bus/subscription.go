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
	errDeaf    = errors.New("it does not hear our canary")
	errRenewed = errors.New("the client library renewed its connection")
)

// maxSubscribe is how many channels go in one SUBSCRIBE, so that thousands of
// rooms do not hold Redis up.
const maxSubscribe = 512

// subscription is one connection for receiving, from its first SUBSCRIBE to its
// first fault.
type subscription struct {
	bus     *Redis
	pubsub  *redis.PubSub
	awaited int       // confirmations until everything of the beginning is heard
	heard   time.Time // the canary, last
	trusted bool      // everything is heard, and the canary after it
}

func newSubscription(r *Redis) *subscription {
	return &subscription{bus: r, pubsub: r.client.Subscribe(context.Background())}
}

// run subscribes to all rooms and receives until a fault, which it returns, or ctx
// ends.
func (s *subscription) run(ctx context.Context) error {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	// A read that waits ends only with its connection.
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
	if err := s.begin(ctx); err != nil {
		return err
	}
	parts.Go(func() { fail(s.keep(ctx)) })
	err := s.receive(ctx)
	fail(err)
	return context.Cause(ctx)
}

// begin subscribes to the rooms that are followed now.
func (s *subscription) begin(ctx context.Context) error {
	channels := []string{s.bus.self, s.bus.notices}
	for _, room := range s.bus.begin() {
		channels = append(channels, s.bus.roomChannel(room))
	}
	s.awaited = len(channels)
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

// keep subscribes to rooms as they are followed, and lets those go that lingered
// long enough, until ctx ends or Redis fails. It alone writes after begin: a room
// that goes and comes back does so in this order.
func (s *subscription) keep(ctx context.Context) error {
	tick := time.NewTicker(s.bus.pace.linger / 8)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.bus.wake:
		case <-tick.C:
		}
		come, gone := s.bus.due()
		if err := s.unsubscribe(ctx, s.channels(gone)); err != nil {
			return err
		}
		if err := s.subscribe(ctx, s.channels(come)); err != nil {
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

// receive reads until the connection fails or the canary is not heard in time.
func (s *subscription) receive(ctx context.Context) error {
	s.heard = time.Now()
	for {
		left := s.bus.pace.deaf - time.Since(s.heard)
		if left <= 0 {
			return errDeaf
		}
		message, err := s.pubsub.ReceiveTimeout(ctx, left)
		if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
			return errDeaf
		}
		if err != nil {
			return fmt.Errorf("receive: %w", err)
		}
		switch m := message.(type) {
		case *redis.Subscription:
			err = s.confirmed(m)
		case *redis.Message:
			s.take(m)
		}
		if err != nil {
			return err
		}
	}
}

// confirmed takes Redis's word that a channel is subscribed.
func (s *subscription) confirmed(m *redis.Subscription) error {
	if m.Kind != "subscribe" {
		return nil
	}
	if room, ok := s.room(m.Channel); ok {
		if !s.bus.confirm(room) {
			return errRenewed
		}
	} else if s.awaited == 0 { // our own channels come once, at the beginning
		return errRenewed
	}
	if s.awaited > 0 {
		if s.awaited--; s.awaited == 0 {
			s.bus.enqueue(publication{}) // a canary at once: it is the last proof
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

// take hands on what was published.
func (s *subscription) take(m *redis.Message) {
	var d delivery
	var err error
	switch m.Channel {
	case s.bus.self:
		s.canary()
		if m.Payload == "" {
			return
		}
		d.probe, err = decodeProbe(m.Payload)
	default:
		d.envelope = new(wire.Envelope)
		*d.envelope, err = decode(m.Payload)
	}
	if err != nil { // of a node of another version: the heads show what it published
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

// canary is our own voice. After everything is subscribed it makes the
// subscription trusted.
func (s *subscription) canary() {
	s.heard = time.Now()
	if s.awaited == 0 && !s.trusted {
		s.trusted = true
		s.bus.trust()
	}
}
