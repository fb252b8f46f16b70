package bus

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// routeTimeout limits reading the owners of the slots.
const routeTimeout = 2 * time.Second

// runRoutes runs a shard for each primary of a cluster until ctx ends.
func (r *Redis) runRoutes(ctx context.Context) {
	first := (*r.routes.Load())[0]
	shards := map[*redis.Client]*shard{}
	var tasks sync.WaitGroup
	defer tasks.Wait()
	for {
		r.route(ctx, shards, &tasks)
		if !slices.Contains(*r.routes.Load(), first) {
			r.requeue(first)
		}
		interval := r.timing.routeInterval
		if r.Suspect() {
			r.client.Cluster.ReloadState(ctx) // in the background
			interval /= 10
		}
		timer := time.NewTimer(interval)
		select {
		case <-ctx.Done():
			timer.Stop()
			first.flush()
			return
		case <-timer.C:
		case <-r.reroute:
			timer.Stop()
			r.client.Cluster.ReloadState(ctx)
			pause(ctx, r.timing.routeInterval/20)
		}
	}
}

// requeue moves what was published before the cluster was known to its shards.
func (r *Redis) requeue(first *shard) {
	for {
		select {
		case p := <-first.out:
			(*r.routes.Load())[r.partition(p.envelope)].enqueue(p)
		default:
			return
		}
	}
}

// route assigns each partition to the primary that owns its slot, as the client knows it. It
// starts shards for new primaries and stops those that own nothing any more. While the
// cluster does not answer, nothing changes.
func (r *Redis) route(ctx context.Context, shards map[*redis.Client]*shard, tasks *sync.WaitGroup) {
	owners, err := r.owners(ctx)
	if err != nil {
		r.mu.Lock()
		for p := range r.parts {
			if r.parts[p].owner == nil {
				r.parts[p].fault = err
			}
		}
		r.mu.Unlock()
		return
	}
	routes := slices.Clone(*r.routes.Load())
	r.mu.Lock()
	for p, client := range owners {
		part := &r.parts[p]
		s := shards[client]
		if s != nil && (s == part.owner || s == part.lostFrom && time.Since(part.lostAt) < r.timing.routeInterval) {
			continue
		}
		if s == nil {
			s = newShard(r, client)
			shards[client] = s
		}
		r.assign(s, p)
		routes[p] = s
	}
	r.mu.Unlock()
	r.routes.Store(&routes)
	for client, s := range shards {
		used := slices.Contains(routes, s)
		switch {
		case used && s.end == nil:
			shard, end := context.WithCancel(ctx)
			s.end = end
			tasks.Go(func() { defer end(); s.run(shard) })
		case !used:
			if s.end != nil {
				s.end()
			}
			delete(shards, client)
		}
	}
}

// owners returns the client of the owner of each partition.
func (r *Redis) owners(ctx context.Context) ([]*redis.Client, error) {
	ctx, cancel := context.WithTimeout(ctx, routeTimeout)
	defer cancel()
	owners := make([]*redis.Client, len(r.parts))
	for p := range owners {
		client, err := r.client.Cluster.MasterForKey(ctx, r.layout.Tag(p))
		if err != nil {
			return nil, err
		}
		owners[p] = client
	}
	return owners, nil
}
