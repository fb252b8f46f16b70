package chaos

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	testenv "github.com/chillin-chat/chillin/internal/test/env"
)

func stopS3(ctx context.Context, r *Run) error {
	if err := r.S3.Kill(); err != nil {
		return err
	}
	if err := r.wait(ctx, r.dur(20*time.Second, 5*time.Second)); err != nil {
		return err
	}
	return r.S3.Start()
}

// badNetwork adds a bad connection between clients and nodes. A lost packet is one that arrives as late
// as TCP retransmits it, together with everything after it.
func badNetwork(ctx context.Context, r *Run) error {
	var links []*Link
	var targets []string
	defer func() {
		for _, k := range links {
			k.Close()
		}
	}()
	for _, n := range r.Nodes {
		k, err := NewLink(n.Addr)
		if err != nil {
			return err
		}
		k.SetDelay(150*time.Millisecond, 50*time.Millisecond, 0.05)
		links, targets = append(links, k), append(targets, "http://"+k.Addr)
	}
	r.Clients.SetTargets(targets)
	if err := r.Clients.CutAll(ctx); err != nil {
		return err
	}
	err := r.wait(ctx, r.dur(30*time.Second, 10*time.Second))
	r.Clients.SetTargets(r.Targets())
	return err
}

// losePackets makes the kernel drop packets on every path: between clients, nginx and nodes, and
// between nodes and their engines.
func losePackets(ctx context.Context, r *Run) error {
	servers := []*testenv.Server{r.Nginx.Server, r.Postgres.Server}
	for _, s := range r.Redis.Servers {
		servers = append(servers, s.Server)
	}
	for _, n := range r.Nodes {
		servers = append(servers, n.Server)
	}
	var ports []string
	for _, s := range servers {
		_, port, err := net.SplitHostPort(s.Addr)
		if err != nil {
			return err
		}
		ports = append(ports, port)
	}
	defer r.away(r.History.Now()) // a lost canary does not count
	heal, err := dropPackets(ports, 5)
	if err != nil {
		return err
	}
	return errors.Join(r.wait(ctx, r.dur(30*time.Second, 10*time.Second)), heal())
}

func expectConfirmsWithin3s(_ *Run, f Figures) []string {
	if f.P99Confirm > 3*time.Second {
		return []string{fmt.Sprintf("confirmation p99 is %s, want at most 3 s", f.P99Confirm)}
	}
	return nil
}

func reloadNginx(ctx context.Context, r *Run) error {
	for range 10 {
		if err := r.Nginx.Reload(); err != nil {
			return err
		}
		if err := r.wait(ctx, r.dur(time.Second, 300*time.Millisecond)); err != nil {
			return err
		}
	}
	return nil
}

// expectConfirmsWithin15s has a high limit because a message passes four paths with packet loss. TCP
// retransmits after a second loss of the same packet after 400 ms, and after a third after 800 ms.
func expectConfirmsWithin15s(_ *Run, f Figures) []string {
	if f.P99Confirm > 15*time.Second {
		return []string{fmt.Sprintf("confirmation p99 is %s, want at most 15 s", f.P99Confirm)}
	}
	return nil
}
