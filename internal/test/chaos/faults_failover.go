package chaos

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
	testenv "github.com/chillin-chat/chillin/internal/test/env"
)

// redisPartitions is the number of partitions of the nodes. It is part of the names of channels.
const redisPartitions = 256

// roomTag returns the hash tag of a room.
func roomTag(room chat.RoomID) string { return fmt.Sprintf("{p%d}", room%redisPartitions) }

// hotShard returns the server that transports the events of the hot room.
func (r *Run) hotShard() (*testenv.RedisServer, error) {
	if r.Redis.Sentinel != nil {
		return r.Redis.Sentinel.Primary()
	}
	slot, err := r.Redis.Cluster.Slot(roomTag(r.Clients.hot))
	if err != nil {
		return nil, err
	}
	return r.Redis.Cluster.Owner(slot)
}

// awaitFailover waits until another server than before has its role.
func (r *Run) awaitFailover(ctx context.Context, before *testenv.RedisServer) error {
	if r.Redis.Sentinel != nil {
		return r.Redis.Sentinel.AwaitFailOver(ctx, before)
	}
	for {
		now, err := r.hotShard()
		if err == nil && now != before {
			return nil
		}
		if err := r.wait(ctx, 50*time.Millisecond); err != nil {
			return errors.Join(err, fmt.Errorf("%s has no successor", before.Name))
		}
	}
}

// killPrimary kills the primary of the hot room. Its replica takes over, and later it returns as a
// replica.
func killPrimary(ctx context.Context, r *Run) error {
	defer r.away(r.History.Now())
	primary, err := r.hotShard()
	if err != nil {
		return err
	}
	began := time.Now()
	if err := primary.Kill(); err != nil {
		return err
	}
	if err := r.awaitFailover(ctx, primary); err != nil {
		return err
	}
	r.note("the replica took over after %s", short(time.Since(began)))
	if err := r.wait(ctx, r.dur(15*time.Second, 5*time.Second)); err != nil {
		return err
	}
	return r.Redis.Start()
}

// swapPrimary exchanges the primary of the hot room and its replica twice, while both work.
func swapPrimary(ctx context.Context, r *Run) error {
	defer r.away(r.History.Now())
	for range 2 {
		primary, err := r.hotShard()
		if err != nil {
			return err
		}
		if r.Redis.Sentinel != nil {
			err = r.Redis.Sentinel.FailOver(ctx)
		} else {
			err = r.Redis.Cluster.FailOver(ctx, r.Redis.replicaOf(primary))
		}
		if err := errors.Join(err, r.awaitFailover(ctx, primary)); err != nil {
			return err
		}
		if err := r.wait(ctx, r.dur(8*time.Second, 3*time.Second)); err != nil {
			return err
		}
		if err := r.Redis.AwaitServing(); err != nil {
			return err
		}
	}
	return nil
}

// replicaOf returns the other server of a shard.
func (r *Redis) replicaOf(primary *testenv.RedisServer) *testenv.RedisServer {
	for i, m := range r.Cluster.Masters {
		switch primary {
		case m:
			return r.Cluster.Replicas[i]
		case r.Cluster.Replicas[i]:
			return m
		}
	}
	return nil
}

// moveSlots moves the slots of all rooms to other shards, again and again.
func moveSlots(ctx context.Context, r *Run) error {
	defer r.away(r.History.Now())
	moved := 0
	for round := range 4 {
		for i, room := range r.Clients.rooms {
			slot, err := r.Redis.Cluster.Slot(roomTag(room))
			if err != nil {
				return err
			}
			owner, err := r.Redis.Cluster.Owner(slot)
			if err != nil {
				return err
			}
			to, err := r.otherMaster(owner, round+i)
			if err != nil {
				return err
			}
			if err := r.Redis.Cluster.Move(slot, to); err != nil {
				return err
			}
			moved++
		}
		if err := r.wait(ctx, r.dur(4*time.Second, time.Second)); err != nil {
			return err
		}
	}
	r.note("%d slots were moved", moved)
	return nil
}

// otherMaster returns one of the other two primaries.
func (r *Run) otherMaster(owner *testenv.RedisServer, choice int) (*testenv.RedisServer, error) {
	var others []*testenv.RedisServer
	for _, s := range r.Redis.Servers {
		if err := s.IsPrimary(); err == nil && s != owner {
			others = append(others, s)
		}
	}
	if len(others) == 0 {
		return nil, errors.New("there is no other primary")
	}
	return others[choice%len(others)], nil
}

// stopShard kills the primary of the hot room and its replica, so that the shard is gone.
func stopShard(ctx context.Context, r *Run) error {
	defer r.away(r.History.Now())
	primary, err := r.hotShard()
	if err != nil {
		return err
	}
	if r.spared, err = r.otherRooms(primary); err != nil {
		return err
	}
	// The replica first: it must not take over.
	if err := errors.Join(r.Redis.replicaOf(primary).Kill(), primary.Kill()); err != nil {
		return err
	}
	if err := r.wait(ctx, r.dur(30*time.Second, 10*time.Second)); err != nil {
		return err
	}
	return r.Redis.Start()
}

// otherRooms returns the rooms that are not on a shard.
func (r *Run) otherRooms(shard *testenv.RedisServer) (map[chat.RoomID]bool, error) {
	others := map[chat.RoomID]bool{}
	for _, room := range r.Clients.rooms {
		slot, err := r.Redis.Cluster.Slot(roomTag(room))
		if err != nil {
			return nil, err
		}
		owner, err := r.Redis.Cluster.Owner(slot)
		if err != nil {
			return nil, err
		}
		if owner != shard {
			others[room] = true
		}
	}
	return others, nil
}

// onlyItsRooms expects that a lost shard does not delay the rooms of the others.
func onlyItsRooms(r *Run, f Figures) []string {
	all := withoutRedis(r, f)
	p99, slowest := r.deliveriesIn(r.Broken, func(room chat.RoomID) bool { return r.spared[room] })
	r.note("delivery in the %d rooms of other shards: p99 %s, slowest %s", len(r.spared), short(p99), short(slowest))
	if p99 > 500*time.Millisecond {
		all = append(all, fmt.Sprintf("delivery p99 in rooms of other shards is %s, want at most 500 ms", p99))
	}
	return all
}
