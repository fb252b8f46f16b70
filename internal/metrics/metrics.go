// Package metrics holds what a node counts, for Prometheus. Names follow its
// conventions: base units, _total for counters
// (https://prometheus.io/docs/practices/naming).
package metrics

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/chillin-chat/chillin/internal/recovery"
	"github.com/chillin-chat/chillin/internal/version"
)

// Metrics are the collectors of one node, on a registry of their own: two nodes in
// one process, as in tests, do not share them.
type Metrics struct {
	registry *prometheus.Registry

	Connections prometheus.Gauge
	RoomsOpen   prometheus.Gauge
	SlowConns   prometheus.Counter // closed because they could not keep up

	Appended       prometheus.Counter     // messages committed
	confirmed      *prometheus.CounterVec // confirmations sent, of known cids too, by path
	Deduplicated   prometheus.Counter     // sends whose cid was known
	Refused        *prometheus.CounterVec // commands of sockets, by error code
	appendBatch    prometheus.Histogram
	appendSeconds  prometheus.Histogram
	confirmSeconds prometheus.Histogram

	Delivered prometheus.Counter // events times connections
	Filled    prometheus.Counter // messages read from the store because the bus left a hole

	CacheHits   prometheus.Counter // newest pages that were known
	CacheMisses prometheus.Counter // newest pages that were read from the store

	BusDropped   *prometheus.CounterVec // events and notices that were not published, by reason
	BusSuspect   prometheus.Gauge       // 1 while events over the bus may be lost
	BusRenewed   prometheus.Counter     // subscriptions made again because one ended or received nothing
	busSeconds   prometheus.Histogram   // from publishing to receiving
	PresenceLost prometheus.Counter     // writes and renewals of presence that failed

	Draining        prometheus.Gauge       // 1 while the node lets its clients go
	SchemaVersion   prometheus.Gauge       // of the database
	SignIns         *prometheus.CounterVec // by kind and outcome
	RequestsRefused *prometheus.CounterVec // HTTP requests, by status and error code

	engineUp      *prometheus.GaugeVec
	engineLatency *prometheus.GaugeVec
	Panics        *prometheus.CounterVec // tasks that panicked, by kind

	HookDeliveries *prometheus.CounterVec // tries to deliver an event to a webhook, by outcome

	requests       *prometheus.CounterVec
	requestSeconds *prometheus.HistogramVec

	lastBackup *lastBackup

	// What the database knows, the same on every node.
	SearchLag   *Reading
	WebhooksDue *Reading
	WebhookAge  *Reading
	StoredBytes *Reading
	ActiveUsers *Reading
}

// New makes the metrics of a node, with those of the Go runtime and the process.
func New() *Metrics {
	m := &Metrics{
		registry:   prometheus.NewRegistry(),
		lastBackup: newLastBackup(),

		SearchLag:   reading("search_lag_seconds", "Age of the oldest message that is not in the search index yet, 0 for none; the same on every node."),
		WebhooksDue: reading("webhooks_due", "Outgoing webhooks that have something to deliver and wait for a node; the same on every node."),
		WebhookAge:  reading("webhook_age_seconds", "For how long the first of the due webhooks has been waiting for a node, 0 for none; the same on every node."),
		StoredBytes: reading("storage_used_bytes", "Bytes of stored files, as counted for STORAGE_QUOTA; the same on every node."),
		ActiveUsers: reading("active_users", "Users who were connected or sent a request within 24 hours; the same on every node."),

		Connections: gauge("connections", "WebSocket connections that are open."),
		RoomsOpen:   gauge("rooms_open", "Rooms in which this node has a live connection."),
		SlowConns:   counter("slow_connections_closed_total", "Connections closed because they could not keep up."),

		Appended: counter("messages_appended_total", "Messages committed to the database."),
		confirmed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "chillin_messages_confirmed_total",
			Help: "Messages confirmed to their senders, repeated confirmations included, by path (socket, rest, webhook).",
		}, []string{"path"}),
		Deduplicated: counter("messages_deduplicated_total", "Sends of a known client id, answered with the original."),
		Refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "chillin_commands_refused_total", Help: "Commands of sockets that were refused, by error code.",
		}, []string{"code"}),
		appendBatch: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "chillin_append_batch_messages", Help: "Messages per append transaction.",
			Buckets: prometheus.ExponentialBuckets(1, 2, 10), // 1…512, the largest batch
		}),
		appendSeconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "chillin_append_seconds", Help: "Time of an append transaction, commit included.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 13), // 0.5 ms…2 s, the statement timeout
		}),

		confirmSeconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "chillin_confirm_seconds", Help: "Time of a send from its arrival to its confirmation.",
			Buckets: prometheus.ExponentialBuckets(0.001, 2, 12), // 1 ms…2 s, which a command may take
		}),

		Delivered: counter("events_delivered_total", "Events handed to connections."),
		Filled:    counter("events_filled_total", "Messages read from the database because their events did not come over the bus."),

		CacheHits:   counter("cache_hits_total", "Newest pages of rooms that this process knew."),
		CacheMisses: counter("cache_misses_total", "Newest pages of rooms that had to be read from the database."),

		BusDropped: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "chillin_bus_dropped_total", Help: "Events and notices that were not published, by reason.",
		}, []string{"reason"}),
		BusSuspect: gauge("bus_suspect", "1 while events over the bus may be getting lost."),
		BusRenewed: counter("bus_subscriptions_renewed_total", "Subscriptions made again because one ended or received nothing."),
		busSeconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "chillin_bus_delivery_seconds",
			Help:    "Time from publishing over Redis to receiving, with both queues of this node, measured by its clock with a probe of its own each second.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 14), // 0.5 ms…4 s
		}),
		PresenceLost: counter("presence_writes_failed_total", "Writes and renewals of presence that failed."),

		Draining:      gauge("draining", "1 while this node sends its clients to other nodes before it stops."),
		SchemaVersion: gauge("schema_version", "Version of the database schema when this node started."),
		SignIns: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "chillin_sign_ins_total", Help: "Tries to sign in, by kind (login, register, guest) and outcome (ok, failed, limited, unavailable).",
		}, []string{"kind", "outcome"}),
		RequestsRefused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "chillin_requests_refused_total", Help: "HTTP requests that were refused, sends by REST included, by status and error code.",
		}, []string{"status", "code"}),

		engineUp: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "chillin_engine_up", Help: "1 while an engine works for this node (database, redis, storage), 0 while it does not.",
		}, []string{"engine"}),
		engineLatency: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "chillin_engine_latency_seconds", Help: "Time that the last check of an engine took.",
		}, []string{"engine"}),
		Panics: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "chillin_panics_total", Help: "Tasks that panicked, by kind. The log has the stack and a hash of the input.",
		}, []string{"task"}),

		HookDeliveries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "chillin_webhook_deliveries_total", Help: "Tries to deliver an event to a webhook, by outcome.",
		}, []string{"outcome"}),

		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "chillin_http_requests_total", Help: "HTTP requests, by method, route pattern and class of status.",
		}, []string{"method", "route", "status"}),
		requestSeconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "chillin_http_request_seconds", Help: "Time of HTTP requests, by route pattern.",
			Buckets: prometheus.ExponentialBuckets(0.001, 2, 13), // 1 ms…4 s
		}, []string{"method", "route"}),
	}
	m.registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		m.Connections, m.RoomsOpen, m.SlowConns, m.Appended, m.confirmed, m.Deduplicated, m.Refused,
		m.appendBatch, m.appendSeconds, m.confirmSeconds, m.Delivered, m.Filled, m.CacheHits, m.CacheMisses,
		m.BusDropped, m.BusSuspect, m.BusRenewed, m.busSeconds, m.PresenceLost, m.Panics, m.Draining, m.SchemaVersion, m.SignIns, m.RequestsRefused, m.engineUp, m.engineLatency, m.HookDeliveries, m.requests, m.requestSeconds, m.lastBackup,
		m.SearchLag, m.WebhooksDue, m.WebhookAge, m.StoredBytes, m.ActiveUsers,
	)
	build := version.Read()
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "chillin_build_info", Help: "Always 1, with the build as labels.",
		ConstLabels: prometheus.Labels{"version": build.Version, "commit": build.Commit, "goversion": build.Go},
	}, func() float64 { return 1 }))
	// An alert on the first of a kind needs the zero before it.
	for _, reason := range []string{"queue_full", "redis"} {
		m.BusDropped.WithLabelValues(reason)
	}
	for _, kind := range []string{"login", "register", "guest"} {
		for _, outcome := range []string{"ok", "failed", "limited", "unavailable"} {
			m.SignIns.WithLabelValues(kind, outcome)
		}
	}
	for _, outcome := range []string{"delivered", "failed"} {
		m.HookDeliveries.WithLabelValues(outcome)
	}
	for _, path := range []Path{BySocket, ByREST, ByWebhook} {
		m.confirmed.WithLabelValues(string(path))
	}
	for _, task := range recovery.Tasks {
		m.Panics.WithLabelValues(task)
	}
	return m
}

// Panicked counts a task that panicked.
func (m *Metrics) Panicked(task string) { m.Panics.WithLabelValues(task).Inc() }

func gauge(name, help string) prometheus.Gauge {
	return prometheus.NewGauge(prometheus.GaugeOpts{Name: "chillin_" + name, Help: help})
}

func counter(name, help string) prometheus.Counter {
	return prometheus.NewCounter(prometheus.CounterOpts{Name: "chillin_" + name, Help: help})
}

// Code makes the counters of an error code, which a request is refused with under this
// status, begin at 0.
func (m *Metrics) Code(code string, status int) {
	m.Refused.WithLabelValues(code)
	m.RequestsRefused.WithLabelValues(strconv.Itoa(status), code)
}

// Engine sets whether an engine works and how long it took to tell.
func (m *Metrics) Engine(name string, up bool, latency time.Duration) {
	value := 0.0
	if up {
		value = 1
	}
	m.engineUp.WithLabelValues(name).Set(value)
	m.engineLatency.WithLabelValues(name).Set(latency.Seconds())
}

// Path is how a message reaches a node.
type Path string

// The paths of messages.
const (
	BySocket  Path = "socket"
	ByREST    Path = "rest"
	ByWebhook Path = "webhook" // an incoming one
)

// Batch counts one append transaction that committed so many messages.
func (m *Metrics) Batch(messages int, took time.Duration) {
	m.Appended.Add(float64(messages))
	m.appendBatch.Observe(float64(messages))
	m.appendSeconds.Observe(took.Seconds())
}

// Confirm counts a send over path that was confirmed within took: a new message, or a known
// client id answered with its original.
func (m *Metrics) Confirm(path Path, fresh bool, took time.Duration) {
	m.confirmed.WithLabelValues(string(path)).Inc()
	m.confirmSeconds.Observe(took.Seconds())
	if !fresh {
		m.Deduplicated.Inc()
	}
}

// BusDelivered counts the probe of a bus that took so long from publishing to receiving.
func (m *Metrics) BusDelivered(took time.Duration) { m.busSeconds.Observe(took.Seconds()) }

// StorageQuota adds the limit of the bytes of all files; quota is called for each scrape.
func (m *Metrics) StorageQuota(quota func() int) {
	m.registry.MustRegister(gaugeFunc("storage_quota_bytes", "Bytes of files that may be stored: STORAGE_QUOTA, or what an admin has set.", quota))
}

// Route makes the counters of a route begin at 0.
func (m *Metrics) Route(method, route string) {
	for _, status := range []string{"2xx", "4xx", "5xx"} {
		m.requests.WithLabelValues(method, route, status)
	}
}

// Unmatched is the route of requests that match none: pages of the client, and paths that
// do not exist.
const Unmatched = "unmatched"

// Request counts one HTTP request. route is the pattern that matched, never the
// path: paths are without number, and so would the series be. An unmatched one
// is "".
func (m *Metrics) Request(method, route string, status int, took time.Duration) {
	if route == "" {
		route = Unmatched
	}
	method = knownMethod(method)
	m.requests.WithLabelValues(method, route, strconv.Itoa(status/100)+"xx").Inc()
	m.requestSeconds.WithLabelValues(method, route).Observe(took.Seconds())
}

// knownMethod keeps strangers from making a series of each word they send.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}

// Handler serves the metrics as Prometheus text.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
