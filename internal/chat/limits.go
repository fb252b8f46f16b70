package chat

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"
)

// Limits are the numbers that an operator may set.
type Limits struct {
	MaxMessageLength  int `json:"maxMessageLength" doc:"Characters (Unicode code points) of a text."`
	MessagesPer10s    int `json:"messagesPer10s" doc:"Sends and edits of one user in ten seconds."`
	AuthPerMinute     int `json:"authPerMinute" doc:"Logins, registrations and guests of one address a minute."`
	JoinsPerMinute    int `json:"joinsPerMinute" doc:"Rooms that a user joins in a minute."`
	RoomsPerHour      int `json:"roomsPerHour" doc:"Rooms that a user makes in an hour."`
	SocketsPerAddress int `json:"socketsPerAddress" doc:"Open sockets of one address on a node."`
	MaxUploadSize     int `json:"maxUploadSize" doc:"Bytes of an upload."`

	UploadBytesPerDay      int `json:"uploadBytesPerDay" doc:"Bytes that a user uploads on one day (UTC), avatars included."`
	GuestUploadBytesPerDay int `json:"guestUploadBytesPerDay" doc:"The same for a guest."`
	StorageBytes           int `json:"storageBytes" doc:"Bytes that are stored of all users together; guests may use four fifths."`
}

// LimitsPatch is what to change of the limits: nil is left as it is, 0 takes what
// the environment says.
type LimitsPatch struct {
	MaxMessageLength  *int `json:"maxMessageLength,omitempty"`
	MessagesPer10s    *int `json:"messagesPer10s,omitempty"`
	AuthPerMinute     *int `json:"authPerMinute,omitempty"`
	JoinsPerMinute    *int `json:"joinsPerMinute,omitempty"`
	RoomsPerHour      *int `json:"roomsPerHour,omitempty"`
	SocketsPerAddress *int `json:"socketsPerAddress,omitempty"`
	MaxUploadSize     *int `json:"maxUploadSize,omitempty"`

	UploadBytesPerDay      *int `json:"uploadBytesPerDay,omitempty"`
	GuestUploadBytesPerDay *int `json:"guestUploadBytesPerDay,omitempty"`
	StorageBytes           *int `json:"storageBytes,omitempty"`
}

const maxQuota = 1 << 50 // bytes

// limits are the fields of Limits by the names of the wire and the store, each
// with the highest value that it may take.
var limits = []struct {
	name  string
	most  int
	of    func(*Limits) *int
	asked func(LimitsPatch) *int
}{
	{"maxMessageLength", 20_000, func(l *Limits) *int { return &l.MaxMessageLength }, func(p LimitsPatch) *int { return p.MaxMessageLength }},
	{"messagesPer10s", 1_000_000, func(l *Limits) *int { return &l.MessagesPer10s }, func(p LimitsPatch) *int { return p.MessagesPer10s }},
	{"authPerMinute", 1_000_000, func(l *Limits) *int { return &l.AuthPerMinute }, func(p LimitsPatch) *int { return p.AuthPerMinute }},
	{"joinsPerMinute", 1_000_000, func(l *Limits) *int { return &l.JoinsPerMinute }, func(p LimitsPatch) *int { return p.JoinsPerMinute }},
	{"roomsPerHour", 1_000_000, func(l *Limits) *int { return &l.RoomsPerHour }, func(p LimitsPatch) *int { return p.RoomsPerHour }},
	{"socketsPerAddress", 1_000_000, func(l *Limits) *int { return &l.SocketsPerAddress }, func(p LimitsPatch) *int { return p.SocketsPerAddress }},
	{"uploadBytesPerDay", maxQuota, func(l *Limits) *int { return &l.UploadBytesPerDay }, func(p LimitsPatch) *int { return p.UploadBytesPerDay }},
	{"guestUploadBytesPerDay", maxQuota, func(l *Limits) *int { return &l.GuestUploadBytesPerDay }, func(p LimitsPatch) *int { return p.GuestUploadBytesPerDay }},
	{"storageBytes", maxQuota, func(l *Limits) *int { return &l.StorageBytes }, func(p LimitsPatch) *int { return p.StorageBytes }},
	{"maxUploadSize", 1 << 30, func(l *Limits) *int { return &l.MaxUploadSize }, func(p LimitsPatch) *int { return p.MaxUploadSize }},
}

// LimitStore keeps what admins have set. by is who does it.
type LimitStore interface {
	// Limits returns what is set, by name.
	Limits(ctx context.Context) (map[string]int, error)
	// SetLimits sets limits by name; 0 forgets one.
	SetLimits(ctx context.Context, by UserID, values map[string]int) error
}

// limitsEvery is how often a node looks whether limits have changed, where no
// notice told it.
const limitsEvery = 4 * time.Second

// LimitsInForce are the limits of a node: those of its environment, and above them
// what an admin has set for all nodes.
type LimitsInForce struct {
	standard Limits
	store    LimitStore
	apply    func(Limits)
	now      atomic.Pointer[Limits]
	hurry    chan struct{} // has one element when the store should be read now
}

// NewLimitsInForce puts standard in force. apply is told of every change; nil is
// nobody.
func NewLimitsInForce(standard Limits, store LimitStore, apply func(Limits)) *LimitsInForce {
	l := &LimitsInForce{standard: standard, store: store, apply: apply, hurry: make(chan struct{}, 1)}
	l.now.Store(&standard)
	return l
}

// Now returns the limits in force.
func (l *LimitsInForce) Now() Limits { return *l.now.Load() }

// Read takes over what the store has. Where it cannot be read, all stays in force.
func (l *LimitsInForce) Read(ctx context.Context) error {
	set, err := l.store.Limits(ctx)
	if err != nil {
		return err
	}
	next := l.standard
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

// Hurry has the store read at once. It does not block.
func (l *LimitsInForce) Hurry() {
	select {
	case l.hurry <- struct{}{}:
	default:
	}
}

// Run takes over what changes, until ctx ends.
func (l *LimitsInForce) Run(ctx context.Context, log *slog.Logger) {
	tick := time.NewTicker(limitsEvery)
	defer tick.Stop()
	for {
		if err := l.Read(ctx); err != nil && ctx.Err() == nil {
			log.Warn("limits not read", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-l.hurry:
		case <-tick.C:
		}
	}
}

// LimitsView is what admins see: the limits in force, and what they are where none
// is set.
type LimitsView struct {
	Limits   Limits `json:"limits"`
	Standard Limits `json:"standard" doc:"What the environment of the node that answers says."`
}

// Limits returns the limits in force.
func (a Administrator) Limits() LimitsView {
	l := a.service.Limits
	return LimitsView{l.Now(), l.standard}
}

// ChangeLimits sets limits for all nodes.
func (a Administrator) ChangeLimits(ctx context.Context, p LimitsPatch) (LimitsView, error) {
	values := map[string]int{}
	for _, limit := range limits {
		value := limit.asked(p)
		if value == nil {
			continue
		}
		if *value < 0 || *value > limit.most {
			return LimitsView{}, Fault(BadRequest, "It is 1 to %d, or 0 for the standard.", limit.most).In(limit.name)
		}
		values[limit.name] = *value
	}
	l := a.service.Limits
	if err := l.store.SetLimits(ctx, a.caller.User.ID, values); err != nil {
		return LimitsView{}, err
	}
	a.service.Announcer.Notify(Notice{Kind: LimitsChanged})
	if err := l.Read(ctx); err != nil {
		return LimitsView{}, err
	}
	return a.Limits(), nil
}
