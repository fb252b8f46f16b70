package metrics

import "github.com/prometheus/client_golang/prometheus"

// queues reads the lengths of queues at each scrape.
type queues struct {
	lengths func() map[string]int
	depth   *prometheus.Desc
}

// Queues registers the lengths of the node's queues, by name. lengths is called at each scrape and must
// not wait for an engine.
func (m *Metrics) Queues(lengths func() map[string]int) {
	m.registry.MustRegister(&queues{
		lengths: lengths,
		depth:   prometheus.NewDesc("chillin_queue_depth", "Length of the queues of this node, by queue; for uploads, the number in progress.", []string{"queue"}, nil),
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

// Sockets registers values over all connections of the node: the bytes waiting to be written, and the
// connected users. The functions are called at each scrape.
func (m *Metrics) Sockets(queuedBytes, users func() int) {
	m.registry.MustRegister(
		gaugeFunc("socket_queue_bytes", "Bytes waiting to be written to the connections of this node.", queuedBytes),
		gaugeFunc("connected_users", "Users connected to this node.", users),
	)
}

func gaugeFunc(name, help string, value func() int) prometheus.GaugeFunc {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "chillin_" + name, Help: help}, func() float64 { return float64(value()) })
}
