package chaos

import (
	"context"
	"errors"
	"fmt"
	"net"
	"regexp"
	"time"

	testenv "github.com/chillin-chat/chillin/internal/test/env"
)

// killNode takes some members down with it that do not return: only the lease reveals that they are
// offline.
func killNode(ctx context.Context, r *Run) error {
	random := r.chance
	n := r.Nodes[random.IntN(nodes)]
	for _, i := range random.Perm(len(r.Clients.members) - 1)[:len(r.Clients.members)/4] {
		r.Clients.members[i+1].over.Store(true)
	}
	if err := n.Kill(); err != nil {
		return err
	}
	if err := r.wait(ctx, r.dur(20*time.Second, 5*time.Second)); err != nil {
		return err
	}
	return n.Start()
}

// killAfterCommit kills a node while it waits for the reply to a COMMIT that has happened: only the
// database knows these messages.
func killAfterCommit(ctx context.Context, r *Run) error {
	rounds := 3
	if r.Long {
		rounds = 9
	}
	for i := range rounds {
		k, n := r.ToPostgres[i%nodes], r.Nodes[i%nodes]
		before := k.DroppedReplies()
		k.DropCommitReplies(1, true)
		for k.DroppedReplies() == before {
			if err := r.wait(ctx, time.Millisecond); err != nil {
				return fmt.Errorf("wait for a COMMIT: %w", err)
			}
		}
		if err := n.Kill(); err != nil {
			return err
		}
		k.DropCommitReplies(0, false)
		if err := n.Start(); err != nil {
			return err
		}
	}
	r.note("%d kills", rounds)
	return nil
}

func killAgain(ctx context.Context, r *Run) error {
	random, rounds := r.chance, 12
	for range rounds {
		n := r.Nodes[random.IntN(nodes)]
		if err := r.wait(ctx, time.Duration(random.Int64N(int64(2*time.Second)))); err != nil {
			return err
		}
		n.Pause() // in any state, between two instructions of all its threads
		if err := n.Kill(); err != nil {
			return err
		}
		if err := n.Start(); err != nil {
			return err
		}
	}
	r.note("%d kills", rounds)
	return nil
}

// drainWithin is the maximum time from SIGTERM to the end of a node.
const drainWithin = 30 * time.Second

func (r *Run) drain(n *testenv.Node) error {
	began := time.Now()
	if err := n.Stop(); err != nil {
		return err
	}
	took := time.Since(began)
	r.note("%s ended %s after SIGTERM", n.Name, took.Round(10*time.Millisecond))
	if took > drainWithin || n.ExitCode() != 0 {
		r.complain("%s ended with %d after %s, want 0 within %s", n.Name, n.ExitCode(), took, drainWithin)
	}
	return nil
}

func drainNode(ctx context.Context, r *Run) error {
	n := r.Nodes[r.chance.IntN(nodes)]
	if err := r.drain(n); err != nil {
		return err
	}
	if err := r.wait(ctx, r.dur(10*time.Second, 2*time.Second)); err != nil {
		return err
	}
	return n.Start()
}

// rollingRestart restarts one node after the other. Every request through nginx is answered in the
// meantime.
func rollingRestart(ctx context.Context, r *Run) error {
	probe := StartProbe(ctx, r.Nginx.URL())
	defer probe.Stop()
	for _, n := range r.Nodes {
		if err := r.drain(n); err != nil {
			return err
		}
		if err := n.Start(); err != nil {
			return err
		}
		if err := r.wait(ctx, r.dur(5*time.Second, time.Second)); err != nil {
			return err
		}
	}
	probe.Stop()
	r.note("requests: %s", probe)
	if !probe.AllAnswered() {
		r.complain("requests: %s; want all", probe)
	}
	return nil
}

// silenceNode stops a node and drops every packet to its address, as if its container or machine was
// stopped: nginx detects this only by a connection timeout.
func silenceNode(ctx context.Context, r *Run) (err error) {
	n := r.Nodes[r.chance.IntN(nodes)]
	if err := r.drain(n); err != nil {
		return err
	}
	_, port, err := net.SplitHostPort(n.Addr)
	if err != nil {
		return err
	}
	heal, err := dropPackets([]string{port}, 100)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, heal(), n.Start()) }()
	probe := StartProbe(ctx, r.Nginx.URL())
	defer probe.Stop()
	// All requests in progress when nginx detected it also waited.
	if err := r.wait(ctx, 2*time.Second); err != nil {
		return err
	}
	slow, waited, began := probe.Slow(), r.waits(n.Addr), time.Now()
	if err := r.wait(ctx, r.dur(20*time.Second, 5*time.Second)); err != nil {
		return err
	}
	seconds := time.Since(began).Seconds()
	slow, waited = probe.Slow()-slow, r.waits(n.Addr)-waited
	probe.Stop()
	r.note("requests: %s; after the first two seconds %d took over %s and nginx waited %d times for the stopped node, in %.0f s", probe, slow, slowRequest, waited, seconds)
	if !probe.AllAnswered() || waited == 0 || float64(waited) > seconds+1 {
		r.complain("requests: %s; nginx waited %d times in %.0f s for the stopped node; want all answered and one wait a second, and some", probe, waited, seconds)
	}
	return nil
}

// waits counts how often nginx timed out connecting to addr.
func (r *Run) waits(addr string) int {
	timedOut := regexp.MustCompile(`timed out\) while connecting to upstream.*upstream: "http://` + regexp.QuoteMeta(addr) + "/")
	return len(timedOut.FindAllString(r.Nginx.Log(), -1))
}

// expectNoRefusals accepts late messages but no refused requests.
func expectNoRefusals(r *Run, f Figures) []string {
	var all []string
	if f.Refused > 0 || f.SlowestConfirm > 5*time.Second {
		all = append(all, fmt.Sprintf("%d refused, slowest confirmation %s; want none, within 5 s", f.Refused, f.SlowestConfirm))
	}
	if f.Unavailable > 0 {
		r.note("%d responses requested a retry", f.Unavailable)
	}
	return all
}

func freezeNode(ctx context.Context, r *Run) error {
	n := r.Nodes[r.chance.IntN(nodes)]
	from := r.History.Now()
	n.Pause()
	err := r.wait(ctx, 20*time.Second)
	n.Resume()
	r.History.Frozen = append(r.History.Frozen, Span{from, r.History.Now()})
	return err
}
