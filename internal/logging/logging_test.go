package logging

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// logBuffer is a log that tests can read.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (w *logBuffer) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.Write(p)
}

// take returns the lines since the last call, without timestamps.
func (w *logBuffer) take() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	text := strings.TrimSpace(w.text.String())
	w.text.Reset()
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

func open() (*slog.Logger, func(), *logBuffer) {
	out := &logBuffer{}
	log, flush := New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
	return log, flush, out
}

func wantLines(t *testing.T, out *logBuffer, want ...string) {
	t.Helper()
	if got := out.take(); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("log:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestLinesOfARequestHaveItsAttributes(t *testing.T) {
	log, flush, out := open()
	defer flush()
	outer := With(context.Background(), slog.String("request", "r1"))
	inner, cancel := context.WithCancel(outer)
	defer cancel()
	Add(inner, slog.Int("user", 7))
	log.InfoContext(inner, "inside")
	log.With("conn", "c").InfoContext(outer, "outside")
	nested := With(inner, slog.String("conn", "c1"))
	log.DebugContext(nested, "nested")
	log.Info("without request")
	Add(context.Background(), slog.Int("user", 8))
	wantLines(t, out,
		"level=INFO msg=inside request=r1 user=7",
		"level=INFO msg=outside conn=c request=r1 user=7",
		"level=DEBUG msg=nested request=r1 user=7 conn=c1",
		`level=INFO msg="without request"`,
	)
}

func TestRepeatedProblemIsSummarized(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, flush, out := open()
		defer flush()
		for i := range 100 { // for 50 seconds
			log.Warn("read webhooks failed", "hook", i, "err", "refused")
			time.Sleep(time.Second / 2)
		}
		wantLines(t, out, `level=WARN msg="read webhooks failed" hook=0 err=refused`)
		time.Sleep(10*time.Second + time.Millisecond)
		wantLines(t, out, `level=WARN msg="read webhooks failed" hook=99 err=refused repeated=99`)
		log.Warn("read webhooks failed", "hook", 100, "err", "refused")
		wantLines(t, out)
		time.Sleep(summaryEvery)
		wantLines(t, out, `level=WARN msg="read webhooks failed" hook=100 err=refused repeated=1`)
		time.Sleep(2 * summaryEvery) // the failure is over
		log.Warn("read webhooks failed", "hook", 101, "err", "refused")
		wantLines(t, out, `level=WARN msg="read webhooks failed" hook=101 err=refused`)
	})
}

func TestDifferentLinesAreWritten(t *testing.T) {
	one, other := errors.New("one"), errors.New("other")
	user := func(id int) context.Context {
		return With(context.Background(), slog.String("ip", fmt.Sprintf("192.0.2.%d", id)))
	}
	for name, c := range map[string]struct {
		twice func(log *slog.Logger)
		want  int
	}{
		"information":                          {func(log *slog.Logger) { log.Info("a"); log.Info("a") }, 2},
		"another message":                      {func(log *slog.Logger) { log.Warn("a"); log.Warn("b") }, 2},
		"another engine":                       {func(log *slog.Logger) { log.Warn("a", "engine", "x"); log.Warn("a", "engine", "y") }, 2},
		"a warning with another cause":         {func(log *slog.Logger) { log.Warn("a", "err", one); log.Warn("a", "err", other) }, 1},
		"an error with another cause":          {func(log *slog.Logger) { log.Error("a", "err", one); log.Error("a", "err", other) }, 2},
		"an error with the same cause":         {func(log *slog.Logger) { log.Error("a", "err", one); log.Error("a", "err", one) }, 1},
		"a warning in requests of two clients": {func(log *slog.Logger) { log.WarnContext(user(1), "a"); log.WarnContext(user(2), "a") }, 1},
		"a security event of two clients": {func(log *slog.Logger) {
			log.WarnContext(user(1), "a", Event, Security)
			log.WarnContext(user(2), "a", Event, Security)
		}, 2},
		"a security event of one client": {func(log *slog.Logger) {
			log.WarnContext(user(1), "a", Event, Security)
			log.WarnContext(user(1), "a", Event, Security)
		}, 1},
		"by another logger of the same node": {func(log *slog.Logger) { log.Warn("a"); log.With("b", 1).Warn("a") }, 1},
	} {
		t.Run(name, func(t *testing.T) {
			log, flush, out := open()
			c.twice(log)
			if got := len(out.take()); got != c.want {
				t.Errorf("%d lines, want %d", got, c.want)
			}
			flush()
			if got := len(out.take()); got != 2-c.want {
				t.Errorf("flush wrote %d counts, want %d", got, 2-c.want)
			}
		})
	}
}

func TestFlush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, flush, out := open()
		log.Warn("a")
		log.Warn("a")
		flush()
		wantLines(t, out, "level=WARN msg=a", "level=WARN msg=a repeated=1")
		log.Warn("a")
		log.Warn("a")
		wantLines(t, out, "level=WARN msg=a", "level=WARN msg=a")
		time.Sleep(2 * summaryEvery)
		wantLines(t, out)
	})
}

func TestManyAttackersDoNotFillTheLog(t *testing.T) {
	log, flush, out := open()
	defer flush()
	for i := range 10 * maxProblems {
		log.WarnContext(With(context.Background(), slog.Int("ip", i)), "sign-in failed", Event, Security)
	}
	if got, want := len(out.take()), maxProblems+1; got != want {
		t.Errorf("%d lines, want %d: one for each of the first clients, and one for all others", got, want)
	}
}
