package metrics

import (
	"database/sql"

	"github.com/prometheus/client_golang/prometheus"
)

// pools collects the state of the database connections at each scrape.
type pools struct {
	stats                     func() map[string]sql.DBStats
	inUse, max, waits, waited *prometheus.Desc
}

// Pools registers the connection pools of a database, by purpose.
func (m *Metrics) Pools(stats func() map[string]sql.DBStats) {
	about := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc("chillin_database_"+name, help, []string{"pool"}, nil)
	}
	m.registry.MustRegister(&pools{
		stats:  stats,
		inUse:  about("connections_in_use", "Database connections in use."),
		max:    about("connections_max", "Maximum number of database connections."),
		waits:  about("waits_total", "Number of waits for a database connection."),
		waited: about("wait_seconds_total", "Time spent waiting for database connections."),
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
