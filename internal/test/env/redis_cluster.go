package testenv

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"
)

// slots is the number of slots of a Redis Cluster.
const slots = 16384

// RedisCluster is a running Redis Cluster without persistence.
type RedisCluster struct {
	// Masters own a third of the slots each at the start, in this order.
	Masters []*RedisServer
	// Replicas are those of the masters at the same place; empty without replicas.
	Replicas []*RedisServer
}

// RedisClusterOptions configure a RedisCluster.
type RedisClusterOptions struct {
	// Masters is the number of masters; 0 means 3.
	Masters int
	// Replicas adds a replica to each master.
	Replicas bool
	// Announce returns the address at which clients reach the server at addr; nil means addr itself.
	Announce func(addr string) (string, error)
}

// RedisCluster starts a cluster. A shard without a primary does not stop the others.
func (e *Env) RedisCluster(o RedisClusterOptions) (*RedisCluster, error) {
	c := &RedisCluster{}
	count := o.Masters
	if count == 0 {
		count = 3
	}
	for range count {
		if err := e.addClusterServer(o, &c.Masters); err != nil {
			return nil, err
		}
	}
	if o.Replicas {
		for range count {
			if err := e.addClusterServer(o, &c.Replicas); err != nil {
				return nil, err
			}
		}
	}
	return c, c.join()
}

func (e *Env) addClusterServer(o RedisClusterOptions, to *[]*RedisServer) error {
	r, err := e.redisAt(o.Announce, "cluster",
		"--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf", "--cluster-node-timeout", "1500",
		"--cluster-require-full-coverage", "no", "--cluster-replica-validity-factor", "0", "--repl-diskless-sync-delay", "0")
	if err != nil {
		return err
	}
	*to = append(*to, r)
	return nil
}

// redisAt starts a Redis server that announces itself to clients as announce says, with options that
// begin with prefix.
func (e *Env) redisAt(announce func(string) (string, error), prefix string, args ...string) (*RedisServer, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	host, port, _ := net.SplitHostPort(addr)
	public := addr
	if announce != nil {
		if public, err = announce(addr); err != nil {
			return nil, err
		}
	}
	_, publicPort, _ := net.SplitHostPort(public)
	if prefix == "cluster" {
		bus, err := freeAddr()
		if err != nil {
			return nil, err
		}
		_, busPort, _ := net.SplitHostPort(bus)
		args = append(args, "--cluster-port", busPort, "--cluster-announce-bus-port", busPort)
	}
	args = append(args, "--"+prefix+"-announce-ip", host, "--"+prefix+"-announce-port", publicPort)
	r, err := e.redisServer(addr, append([]string{"--port", port}, args...)...)
	if err == nil {
		r.Public = public
	}
	return r, err
}

// join makes one cluster of the servers and waits until all of them agree.
func (c *RedisCluster) join() error {
	first := c.Masters[0]
	for i, m := range c.Masters {
		low, high := i*slots/len(c.Masters), (i+1)*slots/len(c.Masters)-1
		if _, err := m.Command("CLUSTER", "ADDSLOTSRANGE", strconv.Itoa(low), strconv.Itoa(high)); err != nil {
			return err
		}
		if _, err := m.Command("CLUSTER", "SET-CONFIG-EPOCH", strconv.Itoa(i+1)); err != nil {
			return err
		}
	}
	for _, s := range c.Servers()[1:] {
		host, port, _ := net.SplitHostPort(s.Addr)
		_, busPort, _ := net.SplitHostPort(s.busAddr())
		if _, err := first.Command("CLUSTER", "MEET", host, port, busPort); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), readyWithin)
	defer cancel()
	if err := c.AwaitAgreement(ctx); err != nil {
		return err
	}
	for i, r := range c.Replicas {
		id, err := c.Masters[i].Command("CLUSTER", "MYID")
		if err != nil {
			return err
		}
		if err := poll(ctx, func() error { _, err := r.Command("CLUSTER", "REPLICATE", id); return err }); err != nil {
			return err
		}
	}
	return c.awaitReplicas(ctx)
}

// busAddr returns the address for other servers of the cluster.
func (r *RedisServer) busAddr() string {
	i := slices.Index(r.args, "--cluster-port")
	return net.JoinHostPort("127.0.0.1", r.args[i+1])
}

// AwaitAgreement waits until every running server knows all others and an owner of each slot.
func (c *RedisCluster) AwaitAgreement(ctx context.Context) error {
	return poll(ctx, func() error {
		for _, s := range c.Servers() {
			if !s.Running() {
				continue
			}
			info, err := s.Command("CLUSTER", "INFO")
			if err != nil {
				return err
			}
			if !strings.Contains(info, "cluster_state:ok") || !strings.Contains(info, "cluster_slots_ok:"+strconv.Itoa(slots)) ||
				!strings.Contains(info, "cluster_known_nodes:"+strconv.Itoa(len(c.Servers()))) {
				return fmt.Errorf("%s: %s", s.Name, info)
			}
		}
		return nil
	})
}

func (c *RedisCluster) awaitReplicas(ctx context.Context) error {
	for _, r := range c.Replicas {
		if err := r.awaitLink(ctx); err != nil {
			return err
		}
	}
	return nil
}

// awaitLink waits until a replica has the data of its primary.
func (r *RedisServer) awaitLink(ctx context.Context) error {
	return poll(ctx, func() error {
		info, err := r.Command("INFO", "replication")
		if err == nil && (!strings.Contains(info, "role:slave") || !strings.Contains(info, "master_link_status:up")) {
			err = fmt.Errorf("%s is no replica yet: %s", r.Name, info)
		}
		return err
	})
}

// poll calls f until it returns nil or ctx ends.
func poll(ctx context.Context, f func() error) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		err := f()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-tick.C:
		}
	}
}

// Servers returns the masters and then the replicas.
func (c *RedisCluster) Servers() []*RedisServer {
	return append(slices.Clone(c.Masters), c.Replicas...)
}

// URL returns redis://host:port,host:port,… with the addresses for clients.
func (c *RedisCluster) URL() string { return "redis://" + strings.Join(publicAddrs(c.Servers()), ",") }

// publicAddrs returns the addresses for clients.
func publicAddrs(servers []*RedisServer) []string {
	addrs := make([]string, len(servers))
	for i, s := range servers {
		addrs[i] = s.Public
	}
	return addrs
}

// Slot returns the slot of a key or channel.
func (c *RedisCluster) Slot(key string) (int, error) {
	slot, err := c.Masters[0].Command("CLUSTER", "KEYSLOT", key)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(slot)
}

// Owner returns the server that owns a slot.
func (c *RedisCluster) Owner(slot int) (*RedisServer, error) {
	for _, s := range c.Servers() {
		if !s.Running() {
			continue
		}
		nodes, err := s.Command("CLUSTER", "NODES")
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(nodes) {
			fields := strings.Fields(line)
			if !strings.Contains(fields[2], "myself") || strings.Contains(fields[2], "slave") {
				continue
			}
			for _, part := range fields[8:] {
				low, high, ranged := strings.Cut(part, "-")
				from, err := strconv.Atoi(low)
				if err != nil {
					continue // a slot that is being moved
				}
				to := from
				if ranged {
					to, _ = strconv.Atoi(high)
				}
				if from <= slot && slot <= to {
					return s, nil
				}
			}
		}
	}
	return nil, fmt.Errorf("no running server owns slot %d", slot)
}

// Move moves a slot with its keys to another server, as redis-cli does.
func (c *RedisCluster) Move(slot int, to *RedisServer) error {
	from, err := c.Owner(slot)
	if err != nil || from == to {
		return err
	}
	source, err := from.Command("CLUSTER", "MYID")
	if err != nil {
		return err
	}
	target, err := to.Command("CLUSTER", "MYID")
	if err != nil {
		return err
	}
	number := strconv.Itoa(slot)
	if _, err := to.Command("CLUSTER", "SETSLOT", number, "IMPORTING", source); err != nil {
		return err
	}
	if _, err := from.Command("CLUSTER", "SETSLOT", number, "MIGRATING", target); err != nil {
		return err
	}
	host, port, _ := net.SplitHostPort(to.Addr)
	for {
		keys, err := from.Command("CLUSTER", "GETKEYSINSLOT", number, "100")
		if err != nil {
			return err
		}
		if keys == "" {
			break
		}
		args := append([]string{"MIGRATE", host, port, "", "0", "5000", "KEYS"}, strings.Split(keys, "\n")...)
		if _, err := from.Command(args...); err != nil {
			return err
		}
	}
	for _, s := range append([]*RedisServer{to, from}, c.Masters...) {
		if _, err := s.Command("CLUSTER", "SETSLOT", number, "NODE", target); err != nil && s == to {
			return err
		}
	}
	return nil
}

// FailOver makes the replica of the shard of a running master its primary, and returns when it is.
func (c *RedisCluster) FailOver(ctx context.Context, replica *RedisServer) error {
	if _, err := replica.Command("CLUSTER", "FAILOVER"); err != nil {
		return err
	}
	return replica.AwaitPrimary(ctx)
}

// AwaitPrimary waits until a replica has become a primary.
func (r *RedisServer) AwaitPrimary(ctx context.Context) error { return poll(ctx, r.IsPrimary) }

// IsPrimary returns an error if the server is a replica or does not answer.
func (r *RedisServer) IsPrimary() error {
	info, err := r.Command("INFO", "replication")
	if err == nil && !strings.Contains(info, "role:master") {
		err = fmt.Errorf("%s is a replica", r.Name)
	}
	return err
}
