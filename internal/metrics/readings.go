package metrics

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// Reading is a gauge with a value that is read from the database periodically. It is exported only if
// the last read succeeded: a stale value or a zero would look like a measurement.
type Reading struct {
	desc *prometheus.Desc

	mu    sync.Mutex
	known bool
	value float64
}

func reading(name, help string) *Reading {
	return &Reading{desc: prometheus.NewDesc("chillin_"+name, help, nil, nil)}
}

// Set records a new value.
func (r *Reading) Set(value float64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.known, r.value = true, value
}

// Clear records that the value could not be read.
func (r *Reading) Clear() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.known = false
}

// Describe implements prometheus.Collector.
func (r *Reading) Describe(to chan<- *prometheus.Desc) { to <- r.desc }

// Collect implements prometheus.Collector.
func (r *Reading) Collect(to chan<- prometheus.Metric) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.known {
		to <- prometheus.MustNewConstMetric(r.desc, prometheus.GaugeValue, r.value)
	}
}
