package health

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
)

func TestWarnings(t *testing.T) {
	var database engine
	h := New(discardLog(), noObserver, Check{"database", database.probe})
	for i, step := range []struct {
		warning Warning
		on      bool
		changed bool
		status  Status
		want    []Warning
	}{
		{UntrustedProxy, true, true, OK, []Warning{UntrustedProxy}},
		{UntrustedProxy, true, false, OK, []Warning{UntrustedProxy}},
		{SecondNode, true, true, Degraded, []Warning{SecondNode, UntrustedProxy}},
		{SecondNode, false, true, OK, []Warning{UntrustedProxy}},
		{SecondNode, false, false, OK, []Warning{UntrustedProxy}},
	} {
		if changed := h.SetWarning(step.warning, step.on); changed != step.changed {
			t.Errorf("step %d: changed = %t, want %t", i, changed, step.changed)
		}
		w := httptest.NewRecorder()
		h.Ready().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/health/ready", nil))
		var got Report
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		if w.Code != http.StatusOK || got.Status != step.status || !slices.Equal(got.Warnings, step.want) {
			t.Errorf("step %d: %d %s %v, want 200 %s %v", i, w.Code, got.Status, got.Warnings, step.status, step.want)
		}
	}
}
