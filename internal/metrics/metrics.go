// Package metrics contains a node's metrics for Prometheus. Their names follow its conventions: base
// units, _total for counters (https://prometheus.io/docs/practices/naming).
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

// Metrics are the collectors of one node. Each node has its own registry, so that several nodes in one
// process, as in tests, do not share them.
type Metrics struct {
	registry *prometheus.Registry

	Connections prometheus.Gauge
	RoomsOpen   prometheus.Gauge
	SlowConns   prometheus.Counter // closed because they were too slow

	Appended       prometheus.Counter     // messages committed
	confirmed      *prometheus.CounterVec // confirmations sent, including those of known cids, by path
	Deduplicated   prometheus.Counter     // sends with a known cid
	Refused        *prometheus.CounterVec // socket commands, by error code
	appendBatch    prometheus.Histogram
	appendSeconds  prometheus.Histogram
	confirmSeconds prometheus.Histogram

	Delivered prometheus.Counter // events times connections
	Filled    prometheus.Counter // messages read from the store because of a gap in the events of the bus

	CacheHits   prometheus.Counter // newest pages found in the cache
	CacheMisses prometheus.Counter // newest pages read from the store

	BusDropped   *prometheus.CounterVec // events and control messages that were not published, by reason
	BusSuspect   prometheus.Gauge       // 1 while events over the bus may be lost
	BusRenewed   prometheus.Counter     // subscriptions renewed because one ended or received nothing
	busSeconds   prometheus.Histogram   // from publishing to receiving
	PresenceLost prometheus.Counter     // failed writes and lease renewals of presence

	Draining        prometheus.Gauge       // 1 while the node drains
	SchemaVersion   prometheus.Gauge       // of the database
	SignIns         *prometheus.CounterVec // by kind and outcome
	RequestsRefused *prometheus.CounterVec // HTTP requests, by status and error code

	engineUp      *prometheus.GaugeVec
	engineLatency *prometheus.GaugeVec
	Panics        *prometheus.CounterVec // panics of tasks, by kind

	HookDeliveries *prometheus.CounterVec // attempts to deliver an event to a webhook, by outcome

	jobs *prometheus.CounterVec // attempts at jobs, by kind and outcome

	requests       *prometheus.CounterVec
	requestSeconds *prometheus.HistogramVec

	reads     *prometheus.CounterVec // of messages on a node with a replica, by kind and source
	fallbacks *prometheus.CounterVec // reads from the primary in place of the replica, by reason

	lastBackup *lastBackup

	// Values from the database, the same on every node.
	SearchLag   *Reading
	WebhooksDue *Reading
	WebhookAge  *Reading
	StoredBytes *Reading
	ActiveUsers *Reading
	StoredJobs  *JobReading
}

// New returns the metrics of a node, including those of the Go runtime and the process.
func New() *Metrics {
	m := &Metrics{
		registry:   prometheus.NewRegistry(),
		lastBackup: newLastBackup(),

		SearchLag:   reading("search_lag_seconds", "Age of the oldest message that is not in the search index yet, 0 if there is none; the same on every node."),
		WebhooksDue: reading("webhooks_due", "Outgoing webhooks with pending deliveries that wait for a node; the same on every node."),
		WebhookAge:  reading("webhook_age_seconds", "Time that the oldest due webhook has been waiting for a node, 0 if there is none; the same on every node."),
		StoredBytes: reading("storage_used_bytes", "Bytes of stored files, as counted for STORAGE_QUOTA; the same on every node."),
		ActiveUsers: reading("active_users", "Users who were connected or sent a request within 24 hours; the same on every node."),
		StoredJobs:  newJobReading(),

		Connections: gauge("connections", "Open WebSocket connections."),
		RoomsOpen:   gauge("rooms_open", "Rooms with a live connection to this node."),
		SlowConns:   counter("slow_connections_closed_total", "Connections closed because they were too slow."),

		Appended: counter("messages_appended_total", "Messages committed to the database."),
		confirmed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "chillin_messages_confirmed_total",
			Help: "Messages confirmed to their senders, including repeated confirmations, by path (socket, rest, webhook).",
		}, []string{"path"}),
		Deduplicated: counter("messages_deduplicated_total", "Sends with a known client id, answered with the original message."),
		Refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "chillin_commands_refused_total", Help: "Refused socket commands, by error code.",
		}, []string{"code"}),
		appendBatch: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "chillin_append_batch_messages", Help: "Messages per append transaction.",
			Buckets: prometheus.ExponentialBuckets(1, 2, 10), // 1…512, the largest batch
		}),
		appendSeconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "chillin_append_seconds", Help: "Duration of an append transaction, including commit.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 13), // 0.5 ms…2 s, the statement timeout
		}),

		confirmSeconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "chillin_confirm_seconds", Help: "Time from the arrival of a message to its confirmation.",
			Buckets: prometheus.ExponentialBuckets(0.001, 2, 12), // 1 ms…2 s, the command timeout
		}),

		Delivered: counter("events_delivered_total", "Events sent to connections."),
		Filled:    counter("events_filled_total", "Messages read from the database because their events did not arrive over the bus."),

		CacheHits:   counter("cache_hits_total", "Newest pages of rooms found in the cache of this process."),
		CacheMisses: counter("cache_misses_total", "Newest pages of rooms read from the database."),

		BusDropped: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "chillin_bus_dropped_total", Help: "Events and control messages that were not published, by reason.",
		}, []string{"reason"}),
		BusSuspect: gauge("bus_suspect", "1 while events over the bus may be lost."),
		BusRenewed: counter("bus_subscriptions_renewed_total", "Subscriptions renewed because one ended or received nothing."),
		busSeconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "chillin_bus_delivery_seconds",
			Help:    "Time from publishing over Redis to receiving, including both queues of this node, measured by its clock with a probe every second.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 14), // 0.5 ms…4 s
		}),
		PresenceLost: counter("presence_writes_failed_total", "Failed writes and lease renewals of presence."),

		Draining:      gauge("draining", "1 while this node drains: it closes its connections before it stops."),
		SchemaVersion: gauge("schema_version", "Version of the database schema when this node started."),
		SignIns: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "chillin_sign_ins_total", Help: "Sign-in attempts, by kind (login, register, guest) and outcome (ok, failed, limited, unavailable).",
		}, []string{"kind", "outcome"}),
		RequestsRefused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "chillin_requests_refused_total", Help: "Refused HTTP requests, including messages sent by REST, by status and error code.",
		}, []string{"status", "code"}),

		engineUp: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "chillin_engine_up", Help: "1 while an engine (database, replica, redis, storage) is available to this node, otherwise 0.",
		}, []string{"engine"}),
		engineLatency: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "chillin_engine_latency_seconds", Help: "Duration of the last check of an engine.",
		}, []string{"engine"}),
		Panics: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "chillin_panics_total", Help: "Panics of tasks, by kind. The log contains the stack and a hash of the input.",
		}, []string{"task"}),

		HookDeliveries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "chillin_webhook_deliveries_total", Help: "Attempts to deliver an event to a webhook, by outcome.",
		}, []string{"outcome"}),

		jobs: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "chillin_jobs_total", Help: "Attempts at jobs, by kind and outcome (done, failed, given_up, interrupted, lost).",
		}, []string{"kind", "outcome"}),

		reads: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "chillin_reads_total", Help: "Reads of messages on a node with a replica, by kind (history, changes, search) and source (replica, primary).",
		}, []string{"kind", "source"}),
		fallbacks: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "chillin_replica_fallbacks_total", Help: "Reads from the primary in place of the replica, by reason.",
		}, []string{"reason"}),

		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "chillin_http_requests_total", Help: "HTTP requests, by method, route pattern and status class.",
		}, []string{"method", "route", "status"}),
		requestSeconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "chillin_http_request_seconds", Help: "Duration of HTTP requests, by route pattern.",
			Buckets: prometheus.ExponentialBuckets(0.001, 2, 13), // 1 ms…4 s
		}, []string{"method", "route"}),
	}
	m.registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		m.Connections, m.RoomsOpen, m.SlowConns, m.Appended, m.confirmed, m.Deduplicated, m.Refused,
		m.appendBatch, m.appendSeconds, m.confirmSeconds, m.Delivered, m.Filled, m.CacheHits, m.CacheMisses,
		m.BusDropped, m.BusSuspect, m.BusRenewed, m.busSeconds, m.PresenceLost, m.Panics, m.Draining, m.SchemaVersion, m.SignIns, m.RequestsRefused, m.engineUp, m.engineLatency, m.HookDeliveries, m.jobs, m.reads, m.fallbacks, m.requests, m.requestSeconds, m.lastBackup,
		m.SearchLag, m.WebhooksDue, m.WebhookAge, m.StoredBytes, m.ActiveUsers, m.StoredJobs,
	)
	build := version.Read()
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "chillin_build_info", Help: "Always 1, with the build as labels.",
		ConstLabels: prometheus.Labels{"version": build.Version, "commit": build.Commit, "goversion": build.Go},
	}, func() float64 { return 1 }))
	// An alert on the first increase requires an initial zero.
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
	for _, kind := range []string{"history", "changes", "search"} {
		m.reads.WithLabelValues(kind, "replica")
		m.reads.WithLabelValues(kind, "primary")
	}
	for _, reason := range []string{"behind", "busy", "failed", "unavailable"} {
		m.fallbacks.WithLabelValues(reason)
	}
	for _, path := range []Path{BySocket, ByREST, ByWebhook} {
		m.confirmed.WithLabelValues(string(path))
	}
	for _, task := range recovery.Tasks {
		m.Panics.WithLabelValues(task)
	}
	return m
}

// Panicked counts a panic of a task.
func (m *Metrics) Panicked(task string) { m.Panics.WithLabelValues(task).Inc() }

func gauge(name, help string) prometheus.Gauge {
	return prometheus.NewGauge(prometheus.GaugeOpts{Name: "chillin_" + name, Help: help})
}

func counter(name, help string) prometheus.Counter {
	return prometheus.NewCounter(prometheus.CounterOpts{Name: "chillin_" + name, Help: help})
}

// Code initializes the counters of an error code, and of its HTTP status, to 0.
func (m *Metrics) Code(code string, status int) {
	m.Refused.WithLabelValues(code)
	m.RequestsRefused.WithLabelValues(strconv.Itoa(status), code)
}

// Engine records the result and duration of an engine's check.
func (m *Metrics) Engine(name string, up bool, latency time.Duration) {
	value := 0.0
	if up {
		value = 1
	}
	m.engineUp.WithLabelValues(name).Set(value)
	m.engineLatency.WithLabelValues(name).Set(latency.Seconds())
}

// Path is the way in which a message reaches a node.
type Path string

// The paths of messages.
const (
	BySocket  Path = "socket"
	ByREST    Path = "rest"
	ByWebhook Path = "webhook" // an incoming one
)

// Batch records an append transaction and its number of messages.
func (m *Metrics) Batch(messages int, took time.Duration) {
	m.Appended.Add(float64(messages))
	m.appendBatch.Observe(float64(messages))
	m.appendSeconds.Observe(took.Seconds())
}

// Confirm records the confirmation of a message sent over path. fresh is false for a known client ID,
// which is answered with its original.
func (m *Metrics) Confirm(path Path, fresh bool, took time.Duration) {
	m.confirmed.WithLabelValues(string(path)).Inc()
	m.confirmSeconds.Observe(took.Seconds())
	if !fresh {
		m.Deduplicated.Inc()
	}
}

// BusDelivered records the time from publishing to receiving of one probe.
func (m *Metrics) BusDelivered(took time.Duration) { m.busSeconds.Observe(took.Seconds()) }

// StorageQuota registers the limit of stored bytes. quota is called at each scrape.
func (m *Metrics) StorageQuota(quota func() int) {
	m.registry.MustRegister(gaugeFunc("storage_quota_bytes", "Bytes of files that may be stored: STORAGE_QUOTA, or what an admin has set.", quota))
}

// Route initializes the counters of a route to 0.
func (m *Metrics) Route(method, route string) {
	for _, status := range []string{"2xx", "4xx", "5xx"} {
		m.requests.WithLabelValues(method, route, status)
	}
}

// Unmatched is the route of requests that match none: pages of the client, and unknown paths.
const Unmatched = "unmatched"

// Request counts an HTTP request. route is the matched pattern, or "". The path is not used, because
// there would be an unlimited number of series.
func (m *Metrics) Request(method, route string, status int, took time.Duration) {
	if route == "" {
		route = Unmatched
	}
	method = knownMethod(method)
	m.requests.WithLabelValues(method, route, strconv.Itoa(status/100)+"xx").Inc()
	m.requestSeconds.WithLabelValues(method, route).Observe(took.Seconds())
}

// knownMethod maps unknown methods to one value, because clients can send any method and each would
// create a series.
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
