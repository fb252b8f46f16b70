package metrics

import (
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestHandlerTellsWhatWasCounted(t *testing.T) {
	m := New()
	m.Connections.Inc()
	m.Append(3, 2*time.Millisecond, nil)
	m.Append(1, time.Millisecond, errors.New("away"))
	m.Request("/rooms/{id}", "200", time.Millisecond)
	answer := httptest.NewRecorder()
	m.Handler().ServeHTTP(answer, httptest.NewRequest("GET", "/metrics", nil))
	for _, want := range []string{
		"chillin_connections 1\n",
		`chillin_append_batches_total{outcome="ok"} 1`,
		`chillin_append_batches_total{outcome="failed"} 1`,
		"chillin_append_batch_messages_sum 4\n",
		`chillin_http_requests_total{route="/rooms/{id}",status="200"} 1`,
	} {
		if !strings.Contains(answer.Body.String(), want) {
			t.Errorf("metrics lack %q", want)
		}
	}
}
