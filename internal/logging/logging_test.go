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

// written is a log that can be read.
type written struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (w *written) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.Write(p)
}

// take returns the lines since the last call, without their times.
func (w *written) take() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	text := strings.TrimSpace(w.text.String())
	w.text.Reset()
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

func open() (*slog.Logger, func(), *written) {
	out := &written{}
	log, flush := New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
	return log, flush, out
}

func wantLines(t *testing.T, out *written, want ...string) {
	t.Helper()
	if got := out.take(); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("log:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestEveryLineOfARequestCarriesItsAttributes(t *testing.T) {
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
	log.Info("of nobody")
	Add(context.Background(), slog.Int("user", 8))
	wantLines(t, out,
		"level=INFO msg=inside request=r1 user=7",
		"level=INFO msg=outside conn=c request=r1 user=7",
		"level=DEBUG msg=nested request=r1 user=7 conn=c1",
		`level=INFO msg="of nobody"`,
	)
}

func TestARepeatedFaultIsSummedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, flush, out := open()
		defer flush()
		for i := range 100 { // for 50 seconds
			log.Warn("webhooks not read", "hook", i, "err", "refused")
			time.Sleep(time.Second / 2)
		}
		wantLines(t, out, `level=WARN msg="webhooks not read" hook=0 err=refused`)
		time.Sleep(10*time.Second + time.Millisecond)
		wantLines(t, out, `level=WARN msg="webhooks not read" hook=99 err=refused repeated=99`)
		log.Warn("webhooks not read", "hook", 100, "err", "refused")
		wantLines(t, out)
		time.Sleep(summaryEvery)
		wantLines(t, out, `level=WARN msg="webhooks not read" hook=100 err=refused repeated=1`)
		time.Sleep(2 * summaryEvery) // it is over
		log.Warn("webhooks not read", "hook", 101, "err", "refused")
		wantLines(t, out, `level=WARN msg="webhooks not read" hook=101 err=refused`)
	})
}

func TestWhatIsNoRepetitionIsWritten(t *testing.T) {
	one, other := errors.New("one"), errors.New("other")
	user := func(id int) context.Context {
		return With(context.Background(), slog.String("ip", fmt.Sprintf("192.0.2.%d", id)))
	}
	for name, c := range map[string]struct {
		twice func(log *slog.Logger)
		want  int
	}{
		"information":                            {func(log *slog.Logger) { log.Info("a"); log.Info("a") }, 2},
		"another message":                        {func(log *slog.Logger) { log.Warn("a"); log.Warn("b") }, 2},
		"another engine":                         {func(log *slog.Logger) { log.Warn("a", "engine", "x"); log.Warn("a", "engine", "y") }, 2},
		"a warning for another cause":            {func(log *slog.Logger) { log.Warn("a", "err", one); log.Warn("a", "err", other) }, 1},
		"an error for another cause":             {func(log *slog.Logger) { log.Error("a", "err", one); log.Error("a", "err", other) }, 2},
		"an error for the same cause":            {func(log *slog.Logger) { log.Error("a", "err", one); log.Error("a", "err", one) }, 1},
		"a fault in the requests of two clients": {func(log *slog.Logger) { log.WarnContext(user(1), "a"); log.WarnContext(user(2), "a") }, 1},
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

func TestFlushEndsTheCounting(t *testing.T) {
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
	for i := range 10 * maxFaults {
		log.WarnContext(With(context.Background(), slog.Int("ip", i)), "sign-in failed", Event, Security)
	}
	if got, want := len(out.take()), maxFaults+1; got != want {
		t.Errorf("%d lines, want %d: one of each of the first, and one of all others", got, want)
	}
}
