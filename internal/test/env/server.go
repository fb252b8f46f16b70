package testenv

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	readyWithin = 60 * time.Second
	stopWithin  = 35 * time.Second
	pollEvery   = 5 * time.Millisecond
)

// Server is a process under test. Its methods may be called from any goroutine, one at a time. It keeps
// its address, arguments and data across Stop, Kill and Restart.
type Server struct {
	// Name is "postgres", "redis", "node-1", …
	Name string
	// Addr is host:port.
	Addr string

	path    string
	args    []string
	env     []string
	dir     string
	as      *syscall.Credential
	logPath string
	// quit is the signal for a graceful end.
	quit syscall.Signal
	// orphaned is the signal that the process receives when this process dies; 0 means SIGKILL.
	orphaned syscall.Signal
	// ready returns nil when the server is ready.
	ready func(context.Context) error

	mu    sync.Mutex
	cmd   *exec.Cmd
	done  chan struct{}
	exit  error
	state *os.ProcessState
}

// Start runs the server and waits until it is ready. If it ends before that (a dying predecessor may
// still use its port or data), it is started again until the deadline.
func (s *Server) Start() error {
	ctx, cancel := context.WithTimeout(context.Background(), readyWithin)
	defer cancel()
	for attempt := 1; ; attempt++ {
		if err := s.Launch(); err != nil {
			return err
		}
		err := s.awaitReady(ctx)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil || attempt >= 20 {
			_ = s.Kill()
			return fmt.Errorf("start %s at %s: %w; its last output:\n%s", s.Name, s.Addr, err, s.Tail(20))
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// Launch runs the server without waiting until it is ready.
func (s *Server) Launch() error {
	if s.Running() {
		return fmt.Errorf("start %s: already running", s.Name)
	}
	out, err := os.OpenFile(s.logPath, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("start %s: %w", s.Name, err)
	}
	defer out.Close()
	cmd := exec.Command(s.path, s.args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.dir, out, out
	cmd.Env = append(os.Environ(), s.env...)
	cmd.SysProcAttr = attributes(s.as, s.orphaned)

	started, done := make(chan error), make(chan struct{})
	s.mu.Lock()
	s.exit, s.state = nil, nil
	s.mu.Unlock()
	go s.run(cmd, started, done)
	if err := <-started; err != nil {
		return fmt.Errorf("start %s: %w", s.Name, err)
	}
	s.mu.Lock()
	s.cmd, s.done = cmd, done
	s.mu.Unlock()
	return nil
}

// awaitReady polls until the server is ready, has ended or ctx ends.
func (s *Server) awaitReady(ctx context.Context) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		err := s.ready(ctx)
		// Another process may answer at this port after the server failed to listen on it.
		if err == nil && s.Running() {
			return nil
		}
		select {
		case <-s.Done():
			return fmt.Errorf("it ended: %w", s.exitError())
		case <-ctx.Done():
			return fmt.Errorf("it did not become ready: %w", err)
		case <-tick.C:
		}
	}
}

// AwaitReady waits until the server is ready, for example after Launch or Resume.
func (s *Server) AwaitReady(ctx context.Context) error { return s.awaitReady(ctx) }

// Stop ends the server gracefully and waits for it. A server that does not end is killed, and Stop
// returns an error. Stopping a stopped server does nothing.
func (s *Server) Stop() error {
	if !s.Running() {
		return nil
	}
	// A paused process handles no signal except SIGKILL.
	s.signalAll(syscall.SIGCONT)
	if err := s.Signal(s.quit); err != nil {
		return err
	}
	select {
	case <-s.Done():
		return nil
	case <-time.After(stopWithin):
		_ = s.Kill()
		return fmt.Errorf("stop %s: still running after %s, killed; its last output:\n%s", s.Name, stopWithin, s.Tail(20))
	}
}

// Kill ends the server and its children with SIGKILL and waits for it.
func (s *Server) Kill() error {
	if !s.Running() {
		return nil
	}
	s.signalAll(syscall.SIGKILL)
	select {
	case <-s.Done():
		return nil
	case <-time.After(stopWithin):
		return fmt.Errorf("kill %s: still running after %s", s.Name, stopWithin)
	}
}

// Restart stops the server if it runs, and starts it with the same port and data.
func (s *Server) Restart() error {
	if err := s.Stop(); err != nil {
		return err
	}
	return s.Start()
}

// Pause suspends the server and its children: connections stay open, but nothing answers.
func (s *Server) Pause() { s.signalAll(syscall.SIGSTOP) }

// Resume resumes a paused server.
func (s *Server) Resume() { s.signalAll(syscall.SIGCONT) }

// Signal sends sig to the server's main process.
func (s *Server) Signal(sig syscall.Signal) error {
	if err := syscall.Kill(s.Pid(), sig); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("signal %s: %w", s.Name, err)
	}
	return nil
}

// signalAll sends sig to the server and its descendants, parents first, so that a suspended or dead
// parent starts no further ones.
func (s *Server) signalAll(sig syscall.Signal) {
	if !s.Running() {
		return
	}
	for _, pid := range processTree(s.Pid()) {
		_ = syscall.Kill(pid, sig)
	}
}

// Pid returns the process ID of the server's main process, or of the last one if it is not running, or
// 0 if it was never started.
func (s *Server) Pid() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd == nil {
		return 0
	}
	return s.cmd.Process.Pid
}

// Done returns a channel that is closed when the process has ended.
func (s *Server) Done() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.done
}

// Running reports whether the process exists, even if it is paused.
func (s *Server) Running() bool {
	done := s.Done()
	if done == nil {
		return false
	}
	select {
	case <-done:
		return false
	default:
		return true
	}
}

// ExitCode returns the exit code of the ended process, or -1 if it was killed or is still running.
func (s *Server) ExitCode() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.ExitCode() // -1 if nil
}

func (s *Server) exitError() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.exit == nil {
		return errors.New("exit status 0")
	}
	return s.exit
}

// Log returns all output of the server, including earlier runs.
func (s *Server) Log() string {
	text, err := os.ReadFile(s.logPath)
	if err != nil {
		return "(no log: " + err.Error() + ")"
	}
	return string(text)
}

// Tail returns the last n lines of Log.
func (s *Server) Tail(n int) string {
	lines := strings.Split(strings.TrimRight(s.Log(), "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
