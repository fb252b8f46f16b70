package load

import (
	"context"
	"math/rand/v2"
	"time"
)

// plan determines the room, the user and the address of each client, and which client sends when. It
// depends only on the options.
type plan struct {
	rooms   int
	clients int
	urls    int
	perUser int           // clients of a user
	active  int           // the first clients, which send and whose latencies are measured
	every   time.Duration // interval between messages
	senders []int         // the client of each message
}

func newPlan(o Options) plan {
	kind, _ := findScenario(o.Scenario)
	every, messages := kind.messages(o)
	p := plan{
		rooms: o.Rooms, clients: o.Clients, urls: max(1, len(o.URLs)), perUser: o.perUser(), active: kind.active(o),
		every: every, senders: make([]int, messages),
	}
	random, users := rand.New(rand.NewPCG(o.Seed, 0)), p.sendingUsers()
	for k := range p.senders {
		first := k % users * p.perUser // users take turns, because the server limits each
		p.senders[k] = first + random.IntN(min(p.perUser, p.active-first))
	}
	return p
}

// users returns the number of accounts required.
func (p plan) users() int { return (p.clients + p.perUser - 1) / p.perUser }

// sendingUsers returns the number of accounts that send.
func (p plan) sendingUsers() int { return (p.active + p.perUser - 1) / p.perUser }

func (p plan) user(client int) int { return client / p.perUser }
func (p plan) room(client int) int { return client % p.rooms }

// url returns the address to which the client connects. The clients of each room, and all of them, are
// spread evenly.
func (p plan) url(client int) int { return (client/p.rooms + client%p.rooms) % p.urls }

// members returns the number of clients in the room.
func (p plan) members(room int) int { return (p.clients - room + p.rooms - 1) / p.rooms }

// due returns when message k is sent, relative to the start.
func (p plan) due(k int) time.Duration { return time.Duration(k) * p.every }

// follow calls send for each message at its time, or immediately if the time has passed.
func (p plan) follow(ctx context.Context, began time.Time, send func(k, client int, due time.Time)) {
	atIntervals(ctx, began, p.every, len(p.senders), func(k int, due time.Time) { send(k, p.senders[k], due) })
}

// atIntervals calls do n times, each at its time or immediately if that has passed, until ctx ends.
func atIntervals(ctx context.Context, began time.Time, every time.Duration, n int, do func(k int, due time.Time)) {
	for k := range n {
		due := began.Add(time.Duration(k) * every)
		for time.Until(due) > 0 && ctx.Err() == nil {
			pause(min(time.Until(due), 50*time.Millisecond))
		}
		if ctx.Err() != nil {
			return
		}
		do(k, due)
	}
}
