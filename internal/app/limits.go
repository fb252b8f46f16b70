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

// Limits against abuse that are not configurable. Configurable limits are in settings. docs/protocol.md,
// "Limits", lists those that clients need to know.
const (
	uploadsPer10s          = 10  // uploads per user
	roomFactor             = 100 // limit per room, as a multiple of the limit per user
	loginsPerName          = 10  // per minute, of one network by one name
	failedLoginsPerName    = 30  // per hour, from all networks; beyond that, by network
	strikesPerDay          = 3   // failed logins of one network by one name while those are used up
	loginsPerDevice        = 30  // per hour, of a device on which the user has signed in before
	roomPasswordsPerUser   = 5   // per minute, for one room's password
	roomPasswordsPerRoom   = 50  // per minute, for one room's password by all users
	roomPasswordsPerCaller = 20  // per minute, for the passwords of all rooms, including rooms that do not exist
	changesPerMessage      = 3   // reactions, deletions, leaves, moderation: as a multiple of messages
	creationsPerRoom       = 6   // webhooks, invites, bots and bot tokens per user: as a multiple of rooms
	creationsInRoom        = 12  // webhooks and invites per room: as a multiple of rooms per user
	signupsPerAttempt      = 4   // accounts per hour, as a multiple of attempts per minute
	searchesPerMinute      = 30  // per user
	nameSearchesPerMinute  = 120 // per user, of members and other people
	// readsPer100s is the rate and the burst of one user's reads. A member of 300 rooms that reconnects
	// on 5 devices joinRate 1,500 times and reads one or two more pages of each room.
	readsPer100s   = 6000
	failedUpgrades = 100 // per minute: refused upgrades of one address
)

// limiters are the rate limiters that an admin can change while the node runs.
type limiters struct {
	messageRate, joinRate, roomCreationRate, renameRate *ratelimit.Keyed[chat.UserID]
	changes, leaves, moderation, profiles, blocks       *ratelimit.Keyed[chat.UserID]
	creations                                           *ratelimit.Keyed[chat.UserID]
	roomMessageRate, changesIn, creationsIn             *ratelimit.Keyed[chat.RoomID]
	attemptRate, signupRate                             *ratelimit.Keyed[string]
}

func newLimiters() limiters {
	return limiters{
		messageRate: perUser(1), joinRate: perUser(1), roomCreationRate: perUser(1), renameRate: perUser(1),
		changes: perUser(1), leaves: perUser(1), moderation: perUser(1), profiles: perUser(1), blocks: perUser(1),
		creations:       perUser(1),
		roomMessageRate: perMinute[chat.RoomID](1), changesIn: perMinute[chat.RoomID](1), creationsIn: perMinute[chat.RoomID](1),
		attemptRate: perMinute[string](1), signupRate: perMinute[string](1),
	}
}

func (l limiters) set(n chat.Limits) {
	l.messageRate.Set(pace(10*time.Second, n.MessagesPer10s))
	l.roomMessageRate.Set(pace(10*time.Second, roomFactor*n.MessagesPer10s))
	l.joinRate.Set(pace(time.Minute, n.JoinsPerMinute))
	l.roomCreationRate.Set(pace(time.Hour, n.RoomsPerHour))
	l.renameRate.Set(pace(time.Hour, n.RoomsPerHour))
	for _, changes := range []*ratelimit.Keyed[chat.UserID]{l.changes, l.leaves, l.moderation} {
		changes.Set(pace(10*time.Second, changesPerMessage*n.MessagesPer10s))
	}
	l.creations.Set(pace(time.Hour, creationsPerRoom*n.RoomsPerHour))
	l.creationsIn.Set(pace(time.Hour, creationsInRoom*n.RoomsPerHour))
	l.changesIn.Set(pace(10*time.Second, roomFactor*n.MessagesPer10s))
	l.profiles.Set(pace(10*time.Second, n.MessagesPer10s))
	l.blocks.Set(pace(10*time.Second, n.MessagesPer10s))
	l.attemptRate.Set(pace(time.Minute, n.AuthPerMinute))
	l.signupRate.Set(pace(time.Hour, signupsPerAttempt*n.AuthPerMinute))
}

// rates returns the limits of durable changes other than messages.
func (l limiters) rates() service.ChangeRates {
	return service.ChangeRates{
		PerUser: l.changes, PerRoom: l.changesIn, Leaves: l.leaves, Moderation: l.moderation,
		Creations: l.creations, RoomCreations: l.creationsIn,
		Renames: l.renameRate, Profiles: l.profiles, Blocks: l.blocks,
	}
}

// newSettings returns the settings with the values of the environment. The store is read later.
func (a *App) newSettings(l limiters) *service.Settings {
	now := service.NewSettings(a.config.Environment, a.engines.store, func(limits chat.Limits, changed []string) {
		l.set(limits)
		a.log.Info("settings changed by an admin", "settings", changed, "limits", limits)
	})
	l.set(now.Limits())
	return now
}

// perUser allows n per ten seconds.
func perUser(n int) *ratelimit.Keyed[chat.UserID] { return per[chat.UserID](10*time.Second, n) }

// perMinute allows n per minute.
func perMinute[K comparable](n int) *ratelimit.Keyed[K] { return per[K](time.Minute, n) }

// per allows a burst of n and n per span.
func per[K comparable](span time.Duration, n int) *ratelimit.Keyed[K] {
	r, burst := pace(span, n)
	return ratelimit.New[K](r, burst, time.Now)
}

// pace returns the rate and burst that allow n per span.
func pace(span time.Duration, n int) (rate.Limit, int) {
	return rate.Limit(float64(n) / span.Seconds()), n
}

// byNetwork counts all addresses of one network together.
type byNetwork struct{ *ratelimit.Keyed[string] }

func (b byNetwork) Allow(ip string) (time.Duration, bool) { return b.Keyed.Allow(network(ip)) }
func (b byNetwork) Ready(ip string) (time.Duration, bool) { return b.Keyed.Ready(network(ip)) }

// byLoginNetwork is byNetwork for one name.
type byLoginNetwork struct {
	*ratelimit.Keyed[service.LoginAttempt]
}

func (b byLoginNetwork) Allow(a service.LoginAttempt) (time.Duration, bool) {
	a.IP = network(a.IP)
	return b.Keyed.Allow(a)
}

func (b byLoginNetwork) Ready(a service.LoginAttempt) (time.Duration, bool) {
	a.IP = network(a.IP)
	return b.Keyed.Ready(a)
}

func newLoginLimits() service.LoginLimits {
	return service.LoginLimits{
		PerAddress: byLoginNetwork{perMinute[service.LoginAttempt](loginsPerName)},
		Failures:   per[string](time.Hour, failedLoginsPerName),
		Strikes:    byLoginNetwork{per[service.LoginAttempt](24*time.Hour, strikesPerDay)},
		PerDevice:  per[string](time.Hour, loginsPerDevice),
	}
}

// network returns the part of an address that is counted: for IPv6 the /64. It is the smallest
// allocation of one customer, who can use a different address in it for every request.
func network(ip string) string {
	addr, err := netip.ParseAddr(ip)
	if err != nil || addr.Unmap().Is4() {
		return ip
	}
	return netip.PrefixFrom(addr, 64).Masked().String()
}

// clientKey returns the key under which a client's connections are counted. It is "" for loopback
// addresses, which may belong to a proxy that TRUST_PROXY does not name.
func (a *App) clientKey(r *http.Request) string {
	ip := a.clientIP(r)
	if ip.IsLoopback() {
		return ""
	}
	return network(ip.String())
}

// newSpace returns the free-space check of the disks that uploads are written to.
func (a *App) newSpace() *blob.Space {
	folders := []string{os.TempDir()}
	if a.config.Embedded() || a.config.Storage.Kind == config.Disk {
		folders = append(folders, a.config.DataDir)
	}
	return blob.NewSpace(int64(a.config.MinFreeSpace)<<20, folders...)
}
