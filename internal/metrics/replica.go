package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Read counts a read of messages on a node with a replica: from the replica if reason is "", otherwise
// from the primary.
func (m *Metrics) Read(kind, reason string) {
	if reason == "" {
		m.reads.WithLabelValues(kind, "replica").Inc()
		return
	}
	m.reads.WithLabelValues(kind, "primary").Inc()
	m.fallbacks.WithLabelValues(reason).Inc()
}

// replicaLag reads the lag of a replica at each scrape.
type replicaLag struct {
	read func() (lag time.Duration, known bool)
	desc *prometheus.Desc
}

// ReplicaLag registers the lag of a replica, which is exported only while it is known.
func (m *Metrics) ReplicaLag(read func() (lag time.Duration, known bool)) {
	m.registry.MustRegister(&replicaLag{read, prometheus.NewDesc("chillin_replica_lag_seconds",
		"How far the data of the replica is behind the primary, at the last check of this node.", nil, nil)})
}

// Describe implements prometheus.Collector.
func (r *replicaLag) Describe(to chan<- *prometheus.Desc) { to <- r.desc }

// Collect implements prometheus.Collector.
func (r *replicaLag) Collect(to chan<- prometheus.Metric) {
	if lag, known := r.read(); known {
		to <- prometheus.MustNewConstMetric(r.desc, prometheus.GaugeValue, lag.Seconds())
	}
}
