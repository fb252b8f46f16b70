package metrics

import (
	"math"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// lastBackup is the age of the last backup. Before the first backup it is NaN, with which alerts do not
// fire.
type lastBackup struct {
	finished atomic.Int64 // Unix milliseconds; 0 if there is none
	age      *prometheus.Desc
}

func newLastBackup() *lastBackup {
	return &lastBackup{age: prometheus.NewDesc("chillin_backup_age_seconds", "Age of the last backup of the whole chat, by chillin backup; NaN before the first.", nil, nil)}
}

// LastBackup records the time of the last backup.
func (m *Metrics) LastBackup(finished time.Time) { m.lastBackup.finished.Store(finished.UnixMilli()) }

// Describe implements prometheus.Collector.
func (b *lastBackup) Describe(to chan<- *prometheus.Desc) { to <- b.age }

// Collect implements prometheus.Collector.
func (b *lastBackup) Collect(to chan<- prometheus.Metric) {
	age := math.NaN()
	if at := b.finished.Load(); at > 0 {
		age = time.Since(time.UnixMilli(at)).Seconds()
	}
	to <- prometheus.MustNewConstMetric(b.age, prometheus.GaugeValue, age)
}
