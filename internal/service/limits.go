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

// limits contains the fields of chat.Limits by their names in JSON and in the store, with
// their maximum values.
var limits = []struct {
	name  string
	max   int
	field func(*chat.Limits) *int
	patch func(chat.LimitsPatch) *int
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

// limitsInterval is how often a node reads the limits in case it missed LimitsChanged.
const limitsInterval = 4 * time.Second

// EffectiveLimits contains the limits of a node: those that an admin has set for all nodes,
// otherwise those of its environment.
type EffectiveLimits struct {
	defaults chat.Limits
	store    chat.LimitStore
	apply    func(chat.Limits)
	now      atomic.Pointer[chat.Limits]
	refresh  wake.Signal // sent if the store should be read now
}

// NewEffectiveLimits returns limits that start with defaults. apply, which may be nil, is
// called after every change.
func NewEffectiveLimits(defaults chat.Limits, store chat.LimitStore, apply func(chat.Limits)) *EffectiveLimits {
	l := &EffectiveLimits{defaults: defaults, store: store, apply: apply, refresh: wake.NewSignal()}
	l.now.Store(&defaults)
	return l
}

// Now returns the present limits.
func (l *EffectiveLimits) Now() chat.Limits { return *l.now.Load() }

// Read applies the limits of the store. If they cannot be read, the present ones stay.
func (l *EffectiveLimits) Read(ctx context.Context) error {
	set, err := l.store.Limits(ctx)
	if err != nil {
		return err
	}
	next := l.defaults
	for _, limit := range limits {
		if value, ok := set[limit.name]; ok {
			*limit.field(&next) = value
		}
	}
	if before := l.now.Swap(&next); *before != next && l.apply != nil {
		l.apply(next)
	}
	return nil
}

// Refresh makes Run read the store at once. It does not block.
func (l *EffectiveLimits) Refresh() {
	l.refresh.Send()
}

// Run reads the limits periodically and after Refresh, until ctx ends.
func (l *EffectiveLimits) Run(ctx context.Context, log *slog.Logger) {
	tick := time.NewTicker(limitsInterval)
	defer tick.Stop()
	for {
		if err := l.Read(ctx); err != nil && ctx.Err() == nil {
			log.Warn("read limits failed", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-l.refresh:
		case <-tick.C:
		}
	}
}

// Limits returns the present limits.
func (a Administrator) Limits() chat.LimitsView {
	l := a.service.Limits
	return chat.LimitsView{Limits: l.Now(), Defaults: l.defaults}
}

// ChangeLimits sets limits for all nodes.
func (a Administrator) ChangeLimits(ctx context.Context, p chat.LimitsPatch) (chat.LimitsView, error) {
	values := map[string]int{}
	for _, limit := range limits {
		value := limit.patch(p)
		if value == nil {
			continue
		}
		if *value < 0 || *value > limit.max {
			return chat.LimitsView{}, chat.Errorf(chat.BadRequest, "The limit must be between 1 and %d, or 0 for the default.", limit.max).WithField(limit.name)
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
