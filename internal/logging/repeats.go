package logging

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"
)

const (
	// summaryEvery is the time between two lines of one fault that goes on.
	summaryEvery = time.Minute
	// maxFaults bounds the faults that are counted at the same time. Beyond it they are
	// told apart by their message only.
	maxFaults = 1000
)

// repeats sums up faults: the first line of a fault is written at once, and those that
// follow within a minute become one line, the last of them, with their number.
type repeats struct {
	mu     sync.Mutex
	faults map[string]*fault
	ended  bool
}

// fault is a line that was written less than a minute ago.
type fault struct {
	count int // lines since
	last  slog.Record
	to    slog.Handler
	timer *time.Timer
}

// counts reports whether r repeats a line and was counted instead of written.
func (rs *repeats) counts(to slog.Handler, r slog.Record) bool {
	if r.Level < slog.LevelWarn {
		return false
	}
	id := identity(r)
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if rs.ended {
		return false
	}
	if rs.faults[id] == nil && len(rs.faults) >= maxFaults {
		id = r.Level.String() + " " + r.Message
	}
	if f := rs.faults[id]; f != nil {
		f.count, f.last, f.to = f.count+1, r.Clone(), to
		return true
	}
	rs.faults[id] = &fault{timer: time.AfterFunc(summaryEvery, func() { rs.summarize(id) })}
	return false
}

// summarize writes the count of a fault, or forgets the fault if it did not repeat.
func (rs *repeats) summarize(id string) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	f, known := rs.faults[id]
	if !known {
		return
	}
	if f.count == 0 {
		delete(rs.faults, id)
		return
	}
	f.write()
	f.timer.Reset(summaryEvery)
}

// flush writes all counts and counts nothing from now on.
func (rs *repeats) flush() {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	rs.ended = true
	for id, f := range rs.faults {
		f.timer.Stop()
		if f.count > 0 {
			f.write()
		}
		delete(rs.faults, id)
	}
}

// write writes the last line with the number of lines that it stands for.
func (f *fault) write() {
	f.last.AddAttrs(slog.Int("repeated", f.count))
	_ = f.to.Handle(context.Background(), f.last) // nobody could be told
	f.count = 0
}

// identity names the fault that r is about.
//
// A warning passes by itself and is known by its message and the engine or route it
// names, whatever else it says. An error is a bug or needs somebody: another cause is
// another error. A security event is known by who caused it, too.
func identity(r slog.Record) string {
	var parts, who []string
	event := false
	r.Attrs(func(a slog.Attr) bool {
		part := a.Key + "=" + a.Value.String()
		switch a.Key {
		case "engine", "route", "status":
			parts = append(parts, part)
		case "err":
			if r.Level >= slog.LevelError {
				parts = append(parts, part)
			}
		case Event:
			event = true
			parts = append(parts, part)
		case "ip", "user", "operation":
			who = append(who, part)
		}
		return true
	})
	if event {
		parts = append(parts, who...)
	}
	return r.Level.String() + " " + r.Message + " " + strings.Join(parts, " ")
}
