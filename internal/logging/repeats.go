package logging

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"
)

const (
	// summaryEvery is the interval of the lines of one recurring problem.
	summaryEvery = time.Minute
	// maxProblems is the maximum number of problems counted at the same time. Beyond it they are
	// distinguished only by their message.
	maxProblems = 1000
)

// repeats summarizes recurring problems: the first line is written immediately. Lines that follow
// within a minute are replaced by the last one of them, with their number.
type repeats struct {
	mu       sync.Mutex
	problems map[string]*problem
	ended    bool
}

// problem is a problem that was logged less than a minute ago.
type problem struct {
	count int // lines since then
	last  slog.Record
	to    slog.Handler
	timer *time.Timer
}

// counts reports whether r is a repetition, which was counted instead of written.
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
	if rs.problems[id] == nil && len(rs.problems) >= maxProblems {
		id = r.Level.String() + " " + r.Message
	}
	if f := rs.problems[id]; f != nil {
		f.count, f.last, f.to = f.count+1, r.Clone(), to
		return true
	}
	rs.problems[id] = &problem{timer: time.AfterFunc(summaryEvery, func() { rs.summarize(id) })}
	return false
}

// summarize writes the count of a fault, or removes the problem if it did not recur.
func (rs *repeats) summarize(id string) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	f, known := rs.problems[id]
	if !known {
		return
	}
	if f.count == 0 {
		delete(rs.problems, id)
		return
	}
	f.write()
	f.timer.Reset(summaryEvery)
}

// flush writes all counts and stops counting.
func (rs *repeats) flush() {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	rs.ended = true
	for id, f := range rs.problems {
		f.timer.Stop()
		if f.count > 0 {
			f.write()
		}
		delete(rs.problems, id)
	}
}

// write writes the last line with the number of lines that it replaces.
func (f *problem) write() {
	f.last.AddAttrs(slog.Int("repeated", f.count))
	_ = f.to.Handle(context.Background(), f.last) // an error of the log cannot be logged
	f.count = 0
}

// identity returns the key of the problem that r reports.
//
// A warning is identified by its message and its engine or route; other attributes are ignored. An
// error is a bug or needs attention, so its cause is part of the key. The key of a security event
// includes the client.
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
