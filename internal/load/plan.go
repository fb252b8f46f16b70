package load

import (
	"context"
	"math/rand/v2"
	"time"
)

// plan determines the room of each client, and which client sends when. It depends only on the options.
type plan struct {
	rooms   int
	clients int
	every   time.Duration // interval between messages
	senders []int         // the client of each message
}

func newPlan(o Options) plan {
	p := plan{
		rooms: o.Rooms, clients: o.Clients,
		every:   time.Duration(float64(time.Second) / o.Rate),
		senders: make([]int, o.messages()),
	}
	random, users := rand.New(rand.NewPCG(o.Seed, 0)), p.users()
	for k := range p.senders {
		first := k % users * socketsPerUser // users take turns, because the server limits each
		p.senders[k] = first + random.IntN(min(socketsPerUser, o.Clients-first))
	}
	return p
}

// users returns the number of accounts required.
func (p plan) users() int { return (p.clients + socketsPerUser - 1) / socketsPerUser }

func (p plan) user(client int) int { return client / socketsPerUser }
func (p plan) room(client int) int { return client % p.rooms }

// members returns the number of clients in the room.
func (p plan) members(room int) int { return (p.clients - room + p.rooms - 1) / p.rooms }

// due returns when message k is sent, relative to the start.
func (p plan) due(k int) time.Duration { return time.Duration(k) * p.every }

// follow calls send for each message at its time, or immediately if the time has passed.
func (p plan) follow(ctx context.Context, began time.Time, send func(k, client int, due time.Time)) {
	for k, client := range p.senders {
		due := began.Add(p.due(k))
		for time.Until(due) > 0 && ctx.Err() == nil {
			pause(min(time.Until(due), 50*time.Millisecond))
		}
		if ctx.Err() != nil {
			return
		}
		send(k, client, due)
	}
}
