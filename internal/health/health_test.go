package health

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/chillin-chat/chillin/internal/version"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errDown = errors.New("dial postgres://u:hunter2@db:5432: refused")

// engine is a probe that can be made to fail. It counts its calls.
type engine struct {
	down  atomic.Bool
	calls atomic.Int64
}

func (e *engine) probe(context.Context) error {
	e.calls.Add(1)
	if e.down.Load() {
		return errDown
	}
	return nil
}

func noObserver(string, bool, time.Duration) {}

func discardLog() *slog.Logger { return slog.New(slog.DiscardHandler) }

func TestReport(t *testing.T) {
	type step struct {
		database, redis bool // available?
		drain           bool
		want            Status
		code            int
	}
	for name, steps := range map[string][]step{
		"all available":                           {{true, true, false, OK, 200}},
		"database down at the first check":        {{false, true, false, Degraded, 200}, {false, true, false, Degraded, 200}, {true, true, false, OK, 200}},
		"database fails and recovers":             {{true, true, false, OK, 200}, {false, true, false, Degraded, 200}, {true, true, false, OK, 200}},
		"redis never available":                   {{true, false, false, Degraded, 200}},
		"both fail":                               {{true, true, false, OK, 200}, {false, false, false, Degraded, 200}},
		"draining":                                {{true, true, false, OK, 200}, {true, true, true, Unavailable, 503}},
		"draining with the database down":         {{true, true, false, OK, 200}, {false, true, true, Unavailable, 503}},
		"redis recovers, database still down":     {{false, false, false, Degraded, 200}, {false, true, false, Degraded, 200}},
		"database available once, then redis too": {{true, false, false, Degraded, 200}, {false, true, false, Degraded, 200}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var database, redis engine
				h := New(discardLog(), noObserver, Check{"database", database.probe}, Check{"redis", redis.probe})
				for i, s := range steps {
					database.down.Store(!s.database)
					redis.down.Store(!s.redis)
					if s.drain {
						h.Drain()
					}
					w := httptest.NewRecorder()
					h.Ready().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/health/ready", nil))
					var got Report
					if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
						t.Fatal(err)
					}
					if got.Status != s.want || w.Code != s.code || got.Draining != s.drain {
						t.Errorf("step %d: %d %s draining=%t, want %d %s draining=%t", i, w.Code, got.Status, got.Draining, s.code, s.want, s.drain)
					}
					if got, want := got.Checks["database"].Status == OK, s.database; got != want {
						t.Errorf("step %d: database ok = %t, want %t", i, got, want)
					}
					time.Sleep(cacheTime)
				}
			})
		})
	}
}

func TestReportMatchesTheContract(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var database, redis engine
		redis.down.Store(true)
		h := New(discardLog(), noObserver, Check{"database", database.probe}, Check{"redis", redis.probe})
		w := httptest.NewRecorder()
		h.Ready().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/health/ready", nil))
		want := `{"status":"degraded","checks":{"database":{"status":"ok","latencyMs":0},"redis":{"status":"unavailable","latencyMs":0,"error":"failed"}},"draining":false}`
		if got := strings.TrimSpace(w.Body.String()); got != want {
			t.Errorf("body = %s, want %s", got, want)
		}
		if got, want := w.Header().Get("Cache-Control"), "no-store"; got != want {
			t.Errorf("Cache-Control = %q, want %q", got, want)
		}
	})
}

func TestManyCallersShareOneRound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var database engine
		slow := func(ctx context.Context) error {
			time.Sleep(500 * time.Millisecond)
			return database.probe(ctx)
		}
		h := New(discardLog(), noObserver, Check{"database", slow})
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				if got := h.Report(t.Context()).Status; got != OK {
					t.Errorf("status = %s, want ok", got)
				}
			})
		}
		wg.Wait()
		if got := database.calls.Load(); got != 1 {
			t.Errorf("%d calls, want 1", got)
		}
		time.Sleep(cacheTime)
		h.Report(t.Context())
		if got := database.calls.Load(); got != 2 {
			t.Errorf("a second later: %d calls, want 2", got)
		}
	})
}

func TestHangingProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		var calls atomic.Int64
		var redis engine
		h := New(discardLog(), noObserver, Check{"storage", func(context.Context) error { calls.Add(1); <-release; return nil }}, Check{"redis", redis.probe})
		for range 3 {
			start := time.Now()
			got := h.Report(t.Context())
			if took := time.Since(start); took > probeTimeout {
				t.Errorf("took %v, want at most %v", took, probeTimeout)
			}
			if got.Status != Degraded || got.Checks["storage"].Error != "timed out" || got.Checks["redis"].Status != OK {
				t.Errorf("report = %+v, want storage timed out", got)
			}
			time.Sleep(2 * cacheTime)
		}
		if got := calls.Load(); got != 1 {
			t.Errorf("%d calls, want 1 while it hangs", got)
		}
		close(release)
		synctest.Wait()
		if got := h.Report(t.Context()).Status; got != OK {
			t.Errorf("after it returned: status = %s, want ok", got)
		}
	})
}

func TestCanceledCallerDoesNotEndTheRound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := New(discardLog(), noObserver, Check{"database", func(ctx context.Context) error {
			select {
			case <-time.After(500 * time.Millisecond):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}})
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if got := h.Report(ctx).Status; got != Unavailable {
			t.Errorf("canceled caller: status = %s, want unavailable", got)
		}
		if got := h.Report(t.Context()).Status; got != OK {
			t.Errorf("other caller: status = %s, want ok", got)
		}
	})
}

func TestErrorsAreLoggedOnceAndNotReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		var database engine
		h := New(slog.New(slog.NewTextHandler(&log, nil)), noObserver, Check{"database", database.probe})
		for _, away := range []bool{false, true, true, true, false, false} {
			database.down.Store(away)
			asJSON, err := json.Marshal(h.Report(t.Context()))
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(asJSON), "hunter2") || strings.Contains(string(asJSON), "db:5432") {
				t.Errorf("the report contains details: %s", asJSON)
			}
			time.Sleep(cacheTime)
		}
		if got, want := strings.Count(log.String(), "engine unavailable"), 1; got != want {
			t.Errorf("%d lines of engine unavailable, want %d:\n%s", got, want, log.String())
		}
		if got, want := strings.Count(log.String(), "engine available"), 1; got != want {
			t.Errorf("%d lines of engine available, want %d:\n%s", got, want, log.String())
		}
	})
}

func TestReportContainsTheReason(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		word string
		log  int // log lines
	}{
		"well":      {nil, "", 0},
		"failed":    {errDown, "failed", 1},
		"timed out": {context.DeadlineExceeded, "timed out", 1},
		"deaf":      {WithReason("deaf", errDown), "deaf", 1},
		"starting":  {ErrStarting, "connecting", 0},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			up := c.err != nil // the opposite
			h := New(slog.New(slog.NewTextHandler(&log, nil)), func(engine string, now bool, _ time.Duration) {
				if engine == "redis" {
					up = now
				}
			}, Check{"redis", func(context.Context) error { return c.err }})
			report := h.Report(t.Context())
			if got := report.Checks["redis"].Error; got != c.word {
				t.Errorf("error = %q, want %q", got, c.word)
			}
			if (report.Status == OK) != (c.err == nil) || up != (c.err == nil) {
				t.Errorf("status = %s, observed up = %t, want those of %v", report.Status, up, c.err)
			}
			if got := strings.Count(log.String(), "\n"); got != c.log {
				t.Errorf("%d lines, want %d: %s", got, c.log, log.String())
			}
		})
	}
}

func TestLastResultExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e LastResult
		want := func(when string, err error) {
			t.Helper()
			if got := e.Err(); !errors.Is(got, err) {
				t.Errorf("%s: %v, want %v", when, got, err)
			}
		}
		want("at first", nil)
		e.Record(errDown)
		want("after a failure", errDown)
		time.Sleep(failureLife - time.Second)
		want("some seconds later", errDown)
		e.Record(errDown)
		time.Sleep(failureLife - time.Second)
		want("after another failure", errDown)
		time.Sleep(time.Second)
		want("without operations for a while", nil)
		e.Record(errDown)
		e.Record(nil)
		want("after a success", nil)
	})
}

func TestRunChecksWithoutRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var database engine
		h := New(discardLog(), noObserver, Check{"database", database.probe})
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { h.Run(ctx); close(ended) }()
		time.Sleep(10*roundEvery + time.Millisecond)
		if got := database.calls.Load(); got != 11 {
			t.Errorf("%d checks, want 11", got)
		}
		stop()
		<-ended
	})
}

func TestLive(t *testing.T) {
	w := httptest.NewRecorder()
	Live(func() time.Time { return time.UnixMilli(1_700_000_000_123) }, version.Info{Version: "v1.2.3", Commit: "abc"}).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/health", nil))
	want := `{"status":"ok","timestamp":"2023-11-14T22:13:20.123Z","version":"v1.2.3","commit":"abc"}`
	if got := strings.TrimSpace(w.Body.String()); w.Code != 200 || got != want {
		t.Errorf("got %d %s, want 200 %s", w.Code, got, want)
	}
}

func TestStageIsNotReadyWithAReason(t *testing.T) {
	var stage Stage
	for _, reason := range []string{"", "connecting", "migrating"} {
		if reason != "" {
			stage.Set(reason)
		}
		w := httptest.NewRecorder()
		stage.Ready().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/health/ready", nil))
		var got Report
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		if w.Code != 503 || got.Status != Unavailable || got.Checks["database"].Error != reason {
			t.Errorf("got %d %+v, want 503 and the reason %q", w.Code, got, reason)
		}
	}
}
