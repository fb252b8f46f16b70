// Package recovery turns a panic into an error of the task that panicked, so that one input which a
// library cannot handle does not end the node and all its connections.
//
// Locks held by the task must be released with defer. Errors that the Go runtime calls fatal, such as a
// stack overflow or a concurrent map write, still end the process.
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

// The tasks of a node, which are the values of the metric's label "task".
const (
	Command    = "command"    // of a socket
	Connection = "connection" // work of a socket other than commands
	Request    = "request"    // over HTTP
	Event      = "event"      // an event of a room or a user, sent to sockets
	Append     = "append"     // of messages to the store
	Read       = "read"       // of the store or of presence, for several callers
	Webhook    = "webhook"    // a delivery
	Picture    = "picture"    // decoding or scaling
	Background = "background" // all background work of a node
)

// Tasks contains all tasks.
var Tasks = []string{Command, Connection, Request, Event, Append, Read, Webhook, Picture, Background}

// Panic is the error of a task that panicked.
type Panic struct {
	Task  string
	Input string // the Hash of the task's input; "" if unknown
	Value string // the panic value, shortened
	Stack []byte
}

// maxValue limits Value, in bytes. Libraries may panic with user input.
const maxValue = 200

func (p *Panic) Error() string { return "panic in " + p.Task }

// LogValue logs all fields of p.
func (p *Panic) LogValue() slog.Value {
	return slog.GroupValue(slog.String("task", p.Task), slog.String("input", p.Input),
		slog.String("value", p.Value), slog.String("stack", string(p.Stack)))
}

// New returns the error of a task that panicked with value. It must be called by the deferred function
// that recovered.
func New(task, input string, value any) *Panic {
	text := fmt.Sprint(value)
	return &Panic{Task: task, Input: input, Value: text[:min(len(text), maxValue)], Stack: debug.Stack()}
}

// Hash identifies an input in the log without revealing it: equal inputs have the same hash.
func Hash(input []byte) string {
	sum := sha256.Sum256(input)
	return hex.EncodeToString(sum[:8])
}

// Do calls task and returns its error, or a *Panic if it panicked. input is its input, or nil if
// unknown.
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

// Report reports whether err is a panic. If so, it counts and logs it.
func (r Reporter) Report(ctx context.Context, err error) bool {
	p, ok := errors.AsType[*Panic](err)
	if ok {
		r.Count(p.Task)
		r.Log.ErrorContext(ctx, "task panicked", "panic", p)
	}
	return ok
}

// pauseAfter is the delay before a background task runs again after a panic.
const pauseAfter = time.Second

// Supervise runs a background task until ctx ends or the task returns. If the task panics, Supervise reports it
// and runs the task again after a second.
func (r Reporter) Supervise(ctx context.Context, task func(ctx context.Context)) {
	for r.Report(ctx, Do(Background, nil, func() error { task(ctx); return nil })) {
		select {
		case <-time.After(pauseAfter):
		case <-ctx.Done():
			return
		}
	}
}
