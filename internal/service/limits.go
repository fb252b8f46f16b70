package service

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/wake"
)

const maxQuota = 1 << 50 // bytes

// limits are the fields of Limits by the names of the wire and the store, each
// with the highest value that it may take.
var limits = []struct {
	name  string
	most  int
	of    func(*chat.Limits) *int
	asked func(chat.LimitsPatch) *int
}{
	{"maxMessageLength", 20_000, func(l *chat.Limits) *int { return &l.MaxMessageLength }, func(p chat.LimitsPatch) *int { return p.MaxMessageLength }},
	{"messagesPer10s", 1_000_000, func(l *chat.Limits) *int { return &l.MessagesPer10s }, func(p chat.LimitsPatch) *int { return p.MessagesPer10s }},
	{"authPerMinute", 1_000_000, func(l *chat.Limits) *int { return &l.AuthPerMinute }, func(p chat.LimitsPatch) *int { return p.AuthPerMinute }},
	{"joinsPerMinute", 1_000_000, func(l *chat.Limits) *int { return &l.JoinsPerMinute }, func(p chat.LimitsPatch) *int { return p.JoinsPerMinute }},
	{"roomsPerHour", 1_000_000, func(l *chat.Limits) *int { return &l.RoomsPerHour }, func(p chat.LimitsPatch) *int { return p.RoomsPerHour }},
	{"socketsPerAddress", 1_000_000, func(l *chat.Limits) *int { return &l.SocketsPerAddress }, func(p chat.LimitsPatch) *int { return p.SocketsPerAddress }},
	{"uploadBytesPerDay", maxQuota, func(l *chat.Limits) *int { return &l.UploadBytesPerDay }, func(p chat.LimitsPatch) *int { return p.UploadBytesPerDay }},
	{"guestUploadBytesPerDay", maxQuota, func(l *chat.Limits) *int { return &l.GuestUploadBytesPerDay }, func(p chat.LimitsPatch) *int { return p.GuestUploadBytesPerDay }},
	{"storageBytes", maxQuota, func(l *chat.Limits) *int { return &l.StorageBytes }, func(p chat.LimitsPatch) *int { return p.StorageBytes }},
	{"maxUploadSize", 1 << 30, func(l *chat.Limits) *int { return &l.MaxUploadSize }, func(p chat.LimitsPatch) *int { return p.MaxUploadSize }},
}

// limitsInterval is how often a node looks whether limits have changed, where no
// notice told it.
const limitsInterval = 4 * time.Second

// EffectiveLimits are the limits of a node: those of its environment, and above them
// what an admin has set for all nodes.
type EffectiveLimits struct {
	defaults chat.Limits
	store    chat.LimitStore
	apply    func(chat.Limits)
	now      atomic.Pointer[chat.Limits]
	refresh  wake.Signal // has one element when the store should be read now
}

// NewEffectiveLimits puts standard in force. apply is told of every change; nil is
// nobody.
func NewEffectiveLimits(standard chat.Limits, store chat.LimitStore, apply func(chat.Limits)) *EffectiveLimits {
	l := &EffectiveLimits{defaults: standard, store: store, apply: apply, refresh: wake.NewSignal()}
	l.now.Store(&standard)
	return l
}

// Now returns the limits in force.
func (l *EffectiveLimits) Now() chat.Limits { return *l.now.Load() }

// Read takes over what the store has. Where it cannot be read, all stays in force.
func (l *EffectiveLimits) Read(ctx context.Context) error {
	set, err := l.store.Limits(ctx)
	if err != nil {
		return err
	}
	next := l.defaults
	for _, limit := range limits {
		if value, ok := set[limit.name]; ok {
			*limit.of(&next) = value
		}
	}
	if before := l.now.Swap(&next); *before != next && l.apply != nil {
		l.apply(next)
	}
	return nil
}

// Refresh has the store read at once. It does not block.
func (l *EffectiveLimits) Refresh() {
	l.refresh.Send()
}

// Run takes over what changes, until ctx ends.
func (l *EffectiveLimits) Run(ctx context.Context, log *slog.Logger) {
	tick := time.NewTicker(limitsInterval)
	defer tick.Stop()
	for {
		if err := l.Read(ctx); err != nil && ctx.Err() == nil {
			log.Warn("limits not read", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-l.refresh:
		case <-tick.C:
		}
	}
}

// Limits returns the limits in force.
func (a Administrator) Limits() chat.LimitsView {
	l := a.service.Limits
	return chat.LimitsView{Limits: l.Now(), Defaults: l.defaults}
}

// ChangeLimits sets limits for all nodes.
func (a Administrator) ChangeLimits(ctx context.Context, p chat.LimitsPatch) (chat.LimitsView, error) {
	values := map[string]int{}
	for _, limit := range limits {
		value := limit.asked(p)
		if value == nil {
			continue
		}
		if *value < 0 || *value > limit.most {
			return chat.LimitsView{}, chat.Errorf(chat.BadRequest, "It is 1 to %d, or 0 for the standard.", limit.most).WithField(limit.name)
		}
		values[limit.name] = *value
	}
	l := a.service.Limits
	if err := l.store.SetLimits(ctx, a.caller.User.ID, values); err != nil {
		return chat.LimitsView{}, err
	}
	a.service.Publisher.PublishControl(chat.LimitsChanged)
	if err := l.Read(ctx); err != nil {
		return chat.LimitsView{}, err
	}
	return a.Limits(), nil
}
