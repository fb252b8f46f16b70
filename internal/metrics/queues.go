package metrics

import "github.com/prometheus/client_golang/prometheus"

// queues reads the lengths of queues for each scrape.
type queues struct {
	lengths func() map[string]int
	depth   *prometheus.Desc
}

// Queues adds the lengths of the node's queues, by the name of the queue. lengths is called
// for each scrape and must not wait for an engine.
func (m *Metrics) Queues(lengths func() map[string]int) {
	m.registry.MustRegister(&queues{
		lengths: lengths,
		depth:   prometheus.NewDesc("chillin_queue_depth", "What waits in the queues of this node, by queue; for uploads, those in progress.", []string{"queue"}, nil),
	})
}

// Describe implements prometheus.Collector.
func (q *queues) Describe(to chan<- *prometheus.Desc) { to <- q.depth }

// Collect implements prometheus.Collector.
func (q *queues) Collect(to chan<- prometheus.Metric) {
	for name, length := range q.lengths() {
		to <- prometheus.MustNewConstMetric(q.depth, prometheus.GaugeValue, float64(length), name)
	}
}

// Sockets adds what is counted over all connections of the node: bytes that wait to be
// written, and the users who are connected. The functions are called for each scrape.
func (m *Metrics) Sockets(queuedBytes, users func() int) {
	m.registry.MustRegister(
		gaugeFunc("socket_queue_bytes", "Bytes that wait to be written to the connections of this node.", queuedBytes),
		gaugeFunc("connected_users", "Users with a connection to this node.", users),
	)
}

func gaugeFunc(name, help string, value func() int) prometheus.GaugeFunc {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "chillin_" + name, Help: help}, func() float64 { return float64(value()) })
}
