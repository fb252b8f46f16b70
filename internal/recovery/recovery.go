// Package recovery turns a panic into the error of the task that panicked, so that one
// input which a library cannot take does not end the node, with everybody on it.
//
// Locks that the task holds must be released by defer. What the runtime calls fatal, as
// a stack overflow or a concurrent write to a map, still ends the process.
package recovery

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"
)

// The tasks of a node: the values of the label task of the metric.
const (
	Command    = "command"    // of a socket
	Connection = "connection" // what a socket does besides commands
	Request    = "request"    // over HTTP
	Event      = "event"      // of a room, or for a user, on its way to sockets
	Append     = "append"     // of messages to the store
	Read       = "read"       // of the store or of presence, for several callers
	Webhook    = "webhook"    // a delivery
	Picture    = "picture"    // decoding or scaling
	Background = "background" // everything that a node does for itself
)

// Tasks are all of them.
var Tasks = []string{Command, Connection, Request, Event, Append, Read, Webhook, Picture, Background}

// Panic is the error of a task that panicked.
type Panic struct {
	Task  string
	Input string // names what the task worked on, as Hash does; "" if unknown
	Value string // what the task panicked with, shortened
	Stack []byte
}

// maxValue bounds Value in bytes. Libraries may panic with a text of a user.
const maxValue = 200

func (p *Panic) Error() string { return "panic in " + p.Task }

// LogValue has a log show everything about p.
func (p *Panic) LogValue() slog.Value {
	return slog.GroupValue(slog.String("task", p.Task), slog.String("input", p.Input),
		slog.String("value", p.Value), slog.String("stack", string(p.Stack)))
}

// New makes the error of a task that panicked with value. It must be called by the
// deferred function that recovered.
func New(task, input string, value any) *Panic {
	text := fmt.Sprint(value)
	return &Panic{Task: task, Input: input, Value: text[:min(len(text), maxValue)], Stack: debug.Stack()}
}

// Hash names an input in the log without showing it: the same input has the same name.
func Hash(input []byte) string {
	sum := sha256.Sum256(input)
	return hex.EncodeToString(sum[:8])
}

// Do calls task and returns its error, or a *Panic if it panicked. input is what it
// works on, nil if that is not known.
func Do(name string, input []byte, task func() error) (err error) {
	defer func() {
		if value := recover(); value != nil {
			hash := ""
			if input != nil {
				hash = Hash(input)
			}
			err = New(name, hash, value)
		}
	}()
	return task()
}

// Reporter counts and logs panics.
type Reporter struct {
	Count func(task string)
	Log   *slog.Logger
}

// Report reports whether err is a panic, which it counts and logs.
func (r Reporter) Report(ctx context.Context, err error) bool {
	p, ok := errors.AsType[*Panic](err)
	if ok {
		r.Count(p.Task)
		r.Log.ErrorContext(ctx, "task panicked", "panic", p)
	}
	return ok
}

// pauseAfter is how long a background task rests after a panic.
const pauseAfter = time.Second

// Keep runs a background task until ctx ends or the task returns. It reports a panic
// and runs the task again, after a second.
func (r Reporter) Keep(ctx context.Context, task func(ctx context.Context)) {
	for r.Report(ctx, Do(Background, nil, func() error { task(ctx); return nil })) {
		select {
		case <-time.After(pauseAfter):
		case <-ctx.Done():
			return
		}
	}
}
