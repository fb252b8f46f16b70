package metrics

import (
	"database/sql"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

// scrape returns the response that Prometheus receives.
func scrape(t *testing.T, m *Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("status = %d, want 200", w.Code)
	}
	return w.Body.String()
}

func TestMetricsAreServed(t *testing.T) {
	m := New()
	m.BusDropped.WithLabelValues("queue_full").Add(7)
	m.BusSuspect.Set(1)
	m.Connections.Set(3)
	m.RoomsOpen.Inc()
	m.Refused.WithLabelValues("RATE_LIMITED").Inc()
	m.Batch(512, 3*time.Millisecond)
	m.Confirm(ByREST, false, 3*time.Millisecond)
	m.Pools(func() map[string]sql.DBStats {
		return map[string]sql.DBStats{"appends": {MaxOpenConnections: 4, InUse: 3, WaitCount: 2, WaitDuration: 1500 * time.Millisecond}}
	})
	m.Queues(func() map[string]int { return map[string]int{"appends": 5} })
	m.Sockets(func() int { return 4096 }, func() int { return 2 })
	m.StorageQuota(func() int { return 1 << 30 })
	m.BusDelivered(3 * time.Millisecond)
	m.Read("history", "")
	m.Read("search", "behind")
	m.ReplicaLag(func() (time.Duration, bool) { return 1500 * time.Millisecond, true })
	m.Route("POST", "/api/v1/rooms")
	m.Request("GET", "/api/v1/rooms/{id}", 200, 5*time.Millisecond)
	m.Request("GET", "", 404, time.Millisecond)
	m.Request("BREW", "", 418, time.Millisecond)

	got := scrape(t, m)
	for _, want := range []string{
		"chillin_connections 3\n",
		"chillin_rooms_open 1\n",
		"chillin_messages_appended_total 512\n",
		"chillin_messages_deduplicated_total 1\n",
		`chillin_messages_confirmed_total{path="rest"} 1` + "\n",
		`chillin_messages_confirmed_total{path="socket"} 0` + "\n",
		`chillin_messages_confirmed_total{path="webhook"} 0` + "\n",
		`chillin_queue_depth{queue="appends"} 5` + "\n",
		"chillin_socket_queue_bytes 4096\n",
		`chillin_reads_total{kind="history",source="replica"} 1` + "\n",
		`chillin_reads_total{kind="search",source="primary"} 1` + "\n",
		`chillin_replica_fallbacks_total{reason="behind"} 1` + "\n",
		`chillin_replica_fallbacks_total{reason="failed"} 0` + "\n",
		"chillin_replica_lag_seconds 1.5\n",
		"chillin_connected_users 2\n",
		"chillin_storage_quota_bytes 1.073741824e+09\n",
		`chillin_bus_delivery_seconds_bucket{le="0.004"} 1` + "\n",
		`chillin_http_requests_total{method="POST",route="/api/v1/rooms",status="5xx"} 0` + "\n",
		`chillin_confirm_seconds_bucket{le="0.004"} 1` + "\n",
		`chillin_database_connections_in_use{pool="appends"} 3` + "\n",
		`chillin_database_connections_max{pool="appends"} 4` + "\n",
		`chillin_database_waits_total{pool="appends"} 2` + "\n",
		`chillin_database_wait_seconds_total{pool="appends"} 1.5` + "\n",
		`chillin_commands_refused_total{code="RATE_LIMITED"} 1` + "\n",
		"chillin_append_batch_messages_sum 512\n",
		`chillin_append_batch_messages_bucket{le="256"} 0` + "\n",
		"chillin_append_seconds_count 1\n",
		`chillin_http_requests_total{method="GET",route="/api/v1/rooms/{id}",status="2xx"} 1` + "\n",
		`chillin_http_requests_total{method="GET",route="unmatched",status="4xx"} 1` + "\n",
		`chillin_http_requests_total{method="other",route="unmatched",status="4xx"} 1` + "\n",
		`chillin_http_request_seconds_count{method="GET",route="/api/v1/rooms/{id}"} 1` + "\n",
		"chillin_bus_suspect 1\n",
		`chillin_sign_ins_total{kind="guest",outcome="failed"} 0` + "\n",
		"chillin_draining 0\n",
		`chillin_bus_dropped_total{reason="queue_full"} 7` + "\n",
		"chillin_bus_subscriptions_renewed_total 0\n",
		"chillin_presence_writes_failed_total 0\n",
		"go_goroutines ",
		"process_open_fds ",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the metrics lack %q", want)
		}
	}
}

func TestReadingIsExportedOnlyWhileKnown(t *testing.T) {
	m := New()
	wants := func(line string) {
		t.Helper()
		if text := scrape(t, m); line == "" && strings.Contains(text, "chillin_search_lag_seconds") || !strings.Contains(text, line) {
			t.Errorf("want %q of the reading in\n%s", line, text)
		}
	}
	wants("")
	m.SearchLag.Set(0)
	wants("chillin_search_lag_seconds 0\n")
	m.SearchLag.Set(1.5)
	wants("chillin_search_lag_seconds 1.5\n")
	m.SearchLag.Clear()
	wants("")
}

func TestNodesDoNotShareMetrics(t *testing.T) {
	a, b := New(), New()
	a.Connections.Inc()
	if got := testutil.ToFloat64(b.Connections); got != 0 {
		t.Errorf("connections of the other node = %v, want 0", got)
	}
}

func TestNamesFollowConventions(t *testing.T) {
	m := New()
	m.BusDropped.WithLabelValues("redis").Inc()
	m.Refused.WithLabelValues("EMPTY").Inc()
	m.Queues(func() map[string]int { return map[string]int{"appends": 0} })
	m.Sockets(func() int { return 0 }, func() int { return 0 })
	m.StorageQuota(func() int { return 0 })
	for _, r := range []*Reading{m.SearchLag, m.WebhooksDue, m.WebhookAge, m.StoredBytes, m.ActiveUsers} {
		r.Set(1)
	}
	m.Request("GET", "/", 200, time.Millisecond)
	m.Pools(func() map[string]sql.DBStats { return map[string]sql.DBStats{"appends": {}} })
	problems, err := testutil.GatherAndLint(m.registry)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "chillin_") {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
}
