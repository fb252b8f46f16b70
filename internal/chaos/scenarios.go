package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"
)

// Scenarios are all ways in which things break here.
func Scenarios() []Scenario {
	return []Scenario{
		{Name: "nothing breaks", Fault: nothing, Pass: quick},
		{Name: "node: kill -9", Short: true, Presence: true, Fault: killNode},
	}
}

func nothing(ctx context.Context, r *Run) error {
	return r.lasts(ctx, r.dur(20*time.Second, 5*time.Second))
}

func quick(_ *Run, f Figures) []string {
	if f.P99Delivery > time.Second || f.Refused+f.Unavailable > 0 {
		return []string{fmt.Sprintf("on a good day delivery p99 is %s, %d refused, %d asked to try again", f.P99Delivery, f.Refused, f.Unavailable)}
	}
	return nil
}

func killNode(ctx context.Context, r *Run) error {
	n := r.Nodes[rand.New(rand.NewPCG(r.options.Seed, 1)).IntN(nodes)]
	if err := n.Kill(); err != nil {
		return err
	}
	if err := r.lasts(ctx, r.dur(20*time.Second, 5*time.Second)); err != nil {
		return err
	}
	return n.Start()
}
