package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/chillin-chat/chillin/internal/load"
)

// Run is one run of chillin load: its report, and what the servers used meanwhile.
type Run struct {
	Load   *load.Report `json:"load"`
	Phases []Phase      `json:"phases"`
}

// Phase is a step of a run, from one progress line of chillin load to the next.
type Phase struct {
	Name     string  `json:"name"` // the first word of the line, such as "sending"
	Seconds  float64 `json:"seconds"`
	CPU      Usage   `json:"cpu"`      // of the servers in this phase
	Resident int64   `json:"resident"` // bytes of all nodes at its start
}

// phase returns the last phase with a name.
func (r Run) phase(name string) (found Phase) {
	for _, p := range r.Phases {
		if p.Name == name {
			found = p
		}
	}
	return found
}

// load runs chillin load with arguments, which name nodes of s. onPhase, if not nil, is called when a
// phase begins. A violated guarantee is an error.
func (s *stack) load(ctx context.Context, binary string, onPhase func(name string) error, args ...string) (run Run, err error) {
	run.Phases, err = s.runLoad(ctx, binary, onPhase, args, &run.Load)
	return run, err
}

// runLoad is load with its report decoded into report.
func (s *stack) runLoad(ctx context.Context, binary string, onPhase func(name string) error, args []string, report any) ([]Phase, error) {
	args = append([]string{"load", "--json"}, args...)
	cmd := exec.CommandContext(ctx, binary, args...)
	// Ctrl-C in the terminal reaches only this process, which asks the tool to end.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 90 * time.Second // it removes its rooms
	var out bytes.Buffer
	cmd.Stdout = &out
	progress, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return nil, fmt.Errorf("run chillin load: %w", err)
	}
	watch := phaseWatch{usage: s.usage, onPhase: onPhase}
	last, err := watch.follow(progress)
	if fault := cmd.Wait(); fault != nil {
		err = errors.Join(err, fmt.Errorf("run chillin %s: %w: %s%s", strings.Join(args, " "), fault, last, s.tail()))
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(out.Bytes(), report); err != nil {
		return nil, fmt.Errorf("read the report of chillin load: %w", err)
	}
	return watch.phases, nil
}

// phaseWatch records the phases of a run.
type phaseWatch struct {
	usage   func() (used Usage, resident int64, err error)
	onPhase func(name string) error // nil: nothing

	phases []Phase
	began  time.Time // the current phase
	used   Usage     // by then
}

// follow reads the progress lines to their end and returns the last one.
func (w *phaseWatch) follow(lines io.Reader) (last string, err error) {
	in := bufio.NewScanner(lines)
	for in.Scan() {
		last = in.Text()
		name, _, _ := strings.Cut(last, " ")
		if err == nil {
			err = w.begin(name, time.Now())
		}
		if err == nil && w.onPhase != nil {
			err = w.onPhase(name)
		}
	}
	if err == nil {
		err = w.begin("", time.Now())
	}
	return last, errors.Join(err, in.Err())
}

// begin ends the current phase and begins the next; the one without a name is the end.
func (w *phaseWatch) begin(name string, now time.Time) error {
	used, resident, err := w.usage()
	if err != nil {
		return err
	}
	if n := len(w.phases); n > 0 {
		w.phases[n-1].Seconds = now.Sub(w.began).Seconds()
		w.phases[n-1].CPU = used.since(w.used)
	}
	if name != "" {
		w.phases = append(w.phases, Phase{Name: name, Resident: resident})
	}
	w.began, w.used = now, used
	return nil
}
