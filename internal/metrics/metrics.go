// Package metrics holds the numbers that a node tells Prometheus, in a registry of
// its own.
package metrics

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics are the numbers of one node. The zero value is of no use: see New.
type Metrics struct {
	registry *prometheus.Registry

	Connections prometheus.Gauge       // open sockets
	RoomsOpen   prometheus.Gauge       // rooms with a seat on this node
	SlowConns   prometheus.Counter     // sockets closed because they could not keep up
	Delivered   prometheus.Counter     // events handed to seats
	Filled      prometheus.Counter     // messages read from the store to close a hole
	Refused     *prometheus.CounterVec // commands refused, by code

	Appended     *prometheus.CounterVec // append batches, by outcome: ok or failed
	AppendBatch  prometheus.Histogram   // messages in one append transaction
	AppendTook   prometheus.Histogram   // seconds of one append transaction
	BusDropped   *prometheus.CounterVec // what could not be published, by reason
	BusSuspect   prometheus.Gauge       // 1 while events over the bus may be lost
	BusRenewed   prometheus.Counter     // subscriptions made anew because one was deaf
	PresenceLost prometheus.Counter     // failed writes of presence

	requests *prometheus.CounterVec   // HTTP requests, by route and status
	latency  *prometheus.HistogramVec // seconds of HTTP requests, by route
}

// New makes a node's numbers, all zero.
func New() *Metrics {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	f := promauto.With(registry)
	gauge := func(name, help string) prometheus.Gauge {
		return f.NewGauge(prometheus.GaugeOpts{Namespace: "chillin", Name: name, Help: help})
	}
	counter := func(name, help string) prometheus.Counter {
		return f.NewCounter(prometheus.CounterOpts{Namespace: "chillin", Name: name, Help: help})
	}
	counters := func(name, help string, labels ...string) *prometheus.CounterVec {
		return f.NewCounterVec(prometheus.CounterOpts{Namespace: "chillin", Name: name, Help: help}, labels)
	}
	return &Metrics{
		registry:    registry,
		Connections: gauge("connections", "Open sockets."),
		RoomsOpen:   gauge("rooms_open", "Rooms that somebody has open on this node."),
		SlowConns:   counter("slow_connections_closed_total", "Sockets closed because they could not keep up."),
		Delivered:   counter("events_delivered_total", "Events handed to connections."),
		Filled:      counter("hole_messages_read_total", "Messages read from the store because the bus had not brought them."),
		Refused:     counters("commands_refused_total", "Commands answered with an error.", "code"),
		Appended:    counters("append_batches_total", "Append transactions.", "outcome"),
		AppendBatch: f.NewHistogram(prometheus.HistogramOpts{
			Namespace: "chillin", Name: "append_batch_messages", Help: "Messages in one append transaction.",
			Buckets: prometheus.ExponentialBuckets(1, 2, 10),
		}),
		AppendTook: f.NewHistogram(prometheus.HistogramOpts{
			Namespace: "chillin", Name: "append_seconds", Help: "Time of one append transaction.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 13),
		}),
		BusDropped:   counters("bus_dropped_total", "Events and notices that were not published.", "reason"),
		BusSuspect:   gauge("bus_suspect", "1 while events over the bus may be lost."),
		BusRenewed:   counter("bus_subscriptions_renewed_total", "Subscriptions made anew."),
		PresenceLost: counter("presence_writes_failed_total", "Writes of presence that failed."),
		requests:     counters("http_requests_total", "HTTP requests.", "route", "status"),
		latency: f.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: "chillin", Name: "http_request_seconds", Help: "Time of HTTP requests.",
			Buckets: prometheus.ExponentialBuckets(0.001, 2, 13),
		}, []string{"route"}),
	}
}

// Handler serves the numbers as Prometheus text.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// Append counts one append transaction. It fits store.Options.Observe.
func (m *Metrics) Append(size int, took time.Duration, err error) {
	outcome := "ok"
	if err != nil {
		outcome = "failed"
	}
	m.Appended.WithLabelValues(outcome).Inc()
	m.AppendBatch.Observe(float64(size))
	m.AppendTook.Observe(took.Seconds())
}

// Request counts one HTTP request. route is a pattern, never a path: paths are
// without number.
func (m *Metrics) Request(route, status string, took time.Duration) {
	m.requests.WithLabelValues(route, status).Inc()
	m.latency.WithLabelValues(route).Observe(took.Seconds())
}
