package load

import (
	"slices"
	"time"
)

// CrossNode compares the deliveries to clients at the sender's address with those to clients at other
// addresses, which cross Redis if each address is one node.
type CrossNode struct {
	SameNode  NodeDeliveries `json:"sameNode"`
	OtherNode NodeDeliveries `json:"otherNode"`
}

// NodeDeliveries are deliveries to clients that are not disturbed.
type NodeDeliveries struct {
	Count int `json:"count"`
	Latency
}

func crossNodeScenario() scenario {
	return scenario{
		name:     "cross-node",
		summary:  "rooms spread over all --url: delivery between nodes",
		defaults: defaults{clients: 500, rooms: 5, rate: 20, duration: 30 * time.Second},
		floor:    true,
		check: func(o Options, fault func(wrong bool, format string, args ...any)) {
			distinct := slices.Compact(slices.Sorted(slices.Values(o.URLs)))
			fault(len(distinct) < 2, "--url: the scenario cross-node requires two different addresses or more")
		},
		measure: sendAndSettle,
	}
}

// compareNodes records a delivery by whether both clients use the same address.
func (r *run) compareNodes(sender, receiver int, waited time.Duration) {
	switch {
	case r.sameNode == nil:
	case r.plan.url(sender) == r.plan.url(receiver):
		r.sameNode.add(waited)
	default:
		r.otherNode.add(waited)
	}
}

// crossNode returns the section of the report, nil if there is one address.
func (r *run) crossNode() *CrossNode {
	if r.sameNode == nil {
		return nil
	}
	return &CrossNode{nodeDeliveries(r.sameNode), nodeDeliveries(r.otherNode)}
}

func nodeDeliveries(h *histogram) NodeDeliveries {
	return NodeDeliveries{Count: int(h.total()), Latency: h.latency()}
}

func (c *CrossNode) write(row func(format string, args ...any)) {
	row("nodes\t%d deliveries at the address of the sender, %d at others", c.SameNode.Count, c.OtherNode.Count)
}

func (c *CrossNode) latencies() []namedLatency {
	return []namedLatency{{"same node", c.SameNode.Latency}, {"other node", c.OtherNode.Latency}}
}

func (c *CrossNode) violations() []violation { return nil }
