package metrics

import (
	"database/sql"

	"github.com/prometheus/client_golang/prometheus"
)

// pools asks for the use of the connections to the database when Prometheus does.
type pools struct {
	stats                     func() map[string]sql.DBStats
	inUse, max, waits, waited *prometheus.Desc
}

// Pools adds the connections of a database, by what they are for.
func (m *Metrics) Pools(stats func() map[string]sql.DBStats) {
	about := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc("chillin_database_"+name, help, []string{"pool"}, nil)
	}
	m.registry.MustRegister(&pools{
		stats:  stats,
		inUse:  about("connections_in_use", "Connections to the database that are at work."),
		max:    about("connections_max", "Connections to the database that there may be."),
		waits:  about("waits_total", "How often something waited for a connection to the database."),
		waited: about("wait_seconds_total", "Time spent waiting for a connection to the database."),
	})
}

// Describe implements prometheus.Collector.
func (p *pools) Describe(to chan<- *prometheus.Desc) {
	to <- p.inUse
	to <- p.max
	to <- p.waits
	to <- p.waited
}

// Collect implements prometheus.Collector.
func (p *pools) Collect(to chan<- prometheus.Metric) {
	for name, s := range p.stats() {
		to <- prometheus.MustNewConstMetric(p.inUse, prometheus.GaugeValue, float64(s.InUse), name)
		to <- prometheus.MustNewConstMetric(p.max, prometheus.GaugeValue, float64(s.MaxOpenConnections), name)
		to <- prometheus.MustNewConstMetric(p.waits, prometheus.CounterValue, float64(s.WaitCount), name)
		to <- prometheus.MustNewConstMetric(p.waited, prometheus.CounterValue, s.WaitDuration.Seconds(), name)
	}
}
