package app

import (
	"net/http"
	"net/netip"
	"os"
	"time"

	"golang.org/x/time/rate"

	"github.com/chillin-chat/chillin/internal/blob"
	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/config"
	"github.com/chillin-chat/chillin/internal/ratelimit"
	"github.com/chillin-chat/chillin/internal/service"
)

// The bounds on abuse that no operator sets; the others stand in config. What
// clients should know of them stands in docs/protocol.md, "Limits".
const (
	uploadsPer10s     = 10  // files of one user
	roomPerUser       = 100 // how many times as much as one user a room takes
	loginsOfName      = 10  // a minute, from everywhere
	guessesOfUser     = 5   // a minute, at one room's password
	guessesOfRoom     = 50  // a minute, of all users at one room's password
	guessesOfCaller   = 20  // a minute, at the passwords of all rooms, also those that do not exist
	changesPerMessage = 3   // reactions, deletions, leaves, moderation: how many times as many as messages
	creationsPerRoom  = 6   // webhooks, invites, bots and their tokens of a user: how many times as many as rooms
	creationsInRoom   = 12  // webhooks and invites of all in one room: how many times as many as a user's rooms
	birthsPerTry      = 4   // accounts an hour, for each attempt a minute
	searchesPerMinute = 30  // of one user
	// readsPer100s are the reads of one user, and how many may come at once. A member of
	// 300 rooms that comes back on 5 devices joins 1,500 times and reads a page or two more
	// of each room.
	readsPer100s  = 6000
	failedSockets = 100 // a minute: upgrades that an address is refused
)

// limiters are those whose limits an admin may change while the node runs.
type limiters struct {
	sends, joins, foundings, renames      *ratelimit.Keyed[chat.UserID]
	changes, leaves, moderation, profiles *ratelimit.Keyed[chat.UserID]
	creations                             *ratelimit.Keyed[chat.UserID]
	floods, changesIn, creationsIn        *ratelimit.Keyed[chat.RoomID]
	attempts, births                      *ratelimit.Keyed[string]
}

func newLimiters() limiters {
	return limiters{
		sends: perUser(1), joins: perUser(1), foundings: perUser(1), renames: perUser(1),
		changes: perUser(1), leaves: perUser(1), moderation: perUser(1), profiles: perUser(1),
		creations: perUser(1),
		floods:    perMinute[chat.RoomID](1), changesIn: perMinute[chat.RoomID](1), creationsIn: perMinute[chat.RoomID](1),
		attempts: perMinute[string](1), births: perMinute[string](1),
	}
}

func (l limiters) set(n chat.Limits) {
	l.sends.Set(pace(10*time.Second, n.MessagesPer10s))
	l.floods.Set(pace(10*time.Second, roomPerUser*n.MessagesPer10s))
	l.joins.Set(pace(time.Minute, n.JoinsPerMinute))
	l.foundings.Set(pace(time.Hour, n.RoomsPerHour))
	l.renames.Set(pace(time.Hour, n.RoomsPerHour))
	for _, changes := range []*ratelimit.Keyed[chat.UserID]{l.changes, l.leaves, l.moderation} {
		changes.Set(pace(10*time.Second, changesPerMessage*n.MessagesPer10s))
	}
	l.creations.Set(pace(time.Hour, creationsPerRoom*n.RoomsPerHour))
	l.creationsIn.Set(pace(time.Hour, creationsInRoom*n.RoomsPerHour))
	l.changesIn.Set(pace(10*time.Second, roomPerUser*n.MessagesPer10s))
	l.profiles.Set(pace(10*time.Second, n.MessagesPer10s))
	l.attempts.Set(pace(time.Minute, n.AuthPerMinute))
	l.births.Set(pace(time.Hour, birthsPerTry*n.AuthPerMinute))
}

// rates are the limits of durable changes that are no messages.
func (l limiters) rates() service.ChangeRates {
	return service.ChangeRates{
		PerUser: l.changes, PerRoom: l.changesIn, Leaves: l.leaves, Moderation: l.moderation,
		Creations: l.creations, RoomCreations: l.creationsIn,
		Renames: l.renames, Profiles: l.profiles,
	}
}

// newLimits are those of the environment until the store is read.
func (a *App) newLimits(l limiters) *service.EffectiveLimits {
	c := a.config
	standard := chat.Limits{
		MaxMessageLength: c.MaxMessageLength, MessagesPer10s: c.RateLimitMessages, AuthPerMinute: c.RateLimitAuth,
		JoinsPerMinute: c.RateLimitJoins, RoomsPerHour: c.RateLimitRooms, SocketsPerAddress: c.MaxSocketsPerIP, MaxUploadSize: c.MaxUploadSize << 20,
		UploadBytesPerDay: c.UploadQuota << 20, GuestUploadBytesPerDay: c.GuestUploadQuota << 20, StorageBytes: c.StorageQuota << 20,
	}
	l.set(standard)
	return service.NewEffectiveLimits(standard, a.engines.store, func(now chat.Limits) {
		l.set(now)
		a.log.Info("limits changed", "limits", now)
	})
}

// perUser allows n sends in ten seconds.
func perUser(n int) *ratelimit.Keyed[chat.UserID] { return per[chat.UserID](10*time.Second, n) }

// perMinute allows n a minute.
func perMinute[K comparable](n int) *ratelimit.Keyed[K] { return per[K](time.Minute, n) }

// per allows n at once and in every span.
func per[K comparable](span time.Duration, n int) *ratelimit.Keyed[K] {
	r, burst := pace(span, n)
	return ratelimit.New[K](r, burst, time.Now)
}

// pace is n at once and in every span.
func pace(span time.Duration, n int) (rate.Limit, int) {
	return rate.Limit(float64(n) / span.Seconds()), n
}

// byNetwork counts addresses by who can have them at will.
type byNetwork struct{ *ratelimit.Keyed[string] }

func (b byNetwork) Allow(ip string) (time.Duration, bool) { return b.Keyed.Allow(network(ip)) }
func (b byNetwork) Ready(ip string) (time.Duration, bool) { return b.Keyed.Ready(network(ip)) }

// network is what of an address counts: of IPv6 the /64, which is the least that
// one customer gets, and from which it takes another address for each request.
func network(ip string) string {
	addr, err := netip.ParseAddr(ip)
	if err != nil || addr.Unmap().Is4() {
		return ip
	}
	return netip.PrefixFrom(addr, 64).Masked().String()
}

// crowd is with whom a client's sockets are counted: "" for this machine itself,
// behind which a proxy may stand that TRUST_PROXY does not name.
func (a *App) crowd(r *http.Request) string {
	ip := a.clientIP(r)
	if ip.IsLoopback() {
		return ""
	}
	return network(ip.String())
}

// newSpace watches the disks that uploads are written to.
func (a *App) newSpace() *blob.Space {
	folders := []string{os.TempDir()}
	if a.config.Embedded() || a.config.Storage.Kind == config.Disk {
		folders = append(folders, a.config.DataDir)
	}
	return blob.NewSpace(int64(a.config.MinFreeSpace)<<20, folders...)
}
