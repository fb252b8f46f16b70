package recovery

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
)

func TestDoReturnsThePanicOfATask(t *testing.T) {
	err := Do(Command, []byte("secret words"), func() error { panic("no " + strings.Repeat("x", 1000)) })
	p, ok := errors.AsType[*Panic](fmt.Errorf("wrapped: %w", err))
	if !ok {
		t.Fatalf("err = %v, want a *Panic", err)
	}
	if p.Task != Command || p.Input != Hash([]byte("secret words")) || len(p.Value) != maxValue {
		t.Errorf("panic = %s of %s, %q, want the task, the hash of its input and a short value", p.Task, p.Input, p.Value)
	}
	if !bytes.Contains(p.Stack, []byte("TestDoReturnsThePanicOfATask")) {
		t.Errorf("the stack does not show where the task panicked:\n%s", p.Stack)
	}
}

func TestDoReturnsTheErrorOfATask(t *testing.T) {
	want := errors.New("not today")
	if err := Do(Command, nil, func() error { return want }); !errors.Is(err, want) {
		t.Errorf("err = %v, want %v", err, want)
	}
}

func TestReportCountsAndLogsOnlyPanics(t *testing.T) {
	var log bytes.Buffer
	counts := map[string]int{}
	r := Reporter{Count: func(task string) { counts[task]++ }, Log: slog.New(slog.NewTextHandler(&log, nil))}
	if r.Report(t.Context(), errors.New("plain")) || r.Report(t.Context(), nil) {
		t.Error("an ordinary error is reported as a panic")
	}
	if !r.Report(t.Context(), Do(Append, []byte("text"), func() error { panic("boom") })) {
		t.Error("a panic is not reported")
	}
	if counts[Append] != 1 || len(counts) != 1 {
		t.Errorf("counts = %v, want one of %s", counts, Append)
	}
	if text := log.String(); !strings.Contains(text, Hash([]byte("text"))) || !strings.Contains(text, "boom") {
		t.Errorf("log = %s, want the hash of the input and the panic value", text)
	}
}

func TestSuperviseRestartsATaskAfterAPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reported, runs := 0, 0
		r := Reporter{Count: func(string) { reported++ }, Log: slog.New(slog.DiscardHandler)}
		r.Supervise(t.Context(), func(context.Context) {
			if runs++; runs < 3 {
				panic("boom")
			}
		})
		if runs != 3 || reported != 2 {
			t.Errorf("%d runs, %d panics, want 3 and 2", runs, reported)
		}
	})
}
