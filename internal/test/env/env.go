package testenv

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
)

// Env owns a temporary folder and the servers that run in it. All of them end with Close, and
// automatically when the process dies in any way.
type Env struct {
	dir    string
	logs   string
	waiter *exec.Cmd
	stdin  io.Closer

	mu      sync.Mutex
	servers []*Server
	names   map[string]int
}

// Open returns an empty Env. The servers' output is written to files in logs, which are kept after
// Close. If logs is "", the files are in the Env's folder and are removed with it.
func Open(logs string) (*Env, error) {
	dir, err := os.MkdirTemp("", "chillin-testenv-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for servers: %w", err)
	}
	// Postgres runs as another user and must be able to enter the folder.
	if err := os.Chmod(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make a folder for servers: %w", err)
	}
	if logs == "" {
		logs = dir
	}
	if err := os.MkdirAll(logs, 0o755); err != nil {
		return nil, fmt.Errorf("make a folder for logs: %w", err)
	}
	e := &Env{dir: dir, logs: logs, names: map[string]int{}}
	if err := e.startSweeper(); err != nil {
		return nil, err
	}
	return e, nil
}

// startSweeper starts a process that removes the folder after this process has ended: it waits for the
// end of a pipe that only this process holds open. It retries for a while, because dying servers may
// still write.
func (e *Env) startSweeper() error {
	const script = `cat >/dev/null; n=0; until rm -rf "$1" 2>/dev/null && [ ! -e "$1" ]; do n=$((n+1)); [ $n -gt 100 ] && exit 1; sleep 0.1; done`
	e.waiter = exec.Command("sh", "-c", script, "sh", e.dir)
	// A separate process group: Ctrl-C in the terminal must not end it early.
	e.waiter.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var err error
	if e.stdin, err = e.waiter.StdinPipe(); err != nil {
		return fmt.Errorf("start the sweeper: %w", err)
	}
	if err := e.waiter.Start(); err != nil {
		return fmt.Errorf("start the sweeper: %w", err)
	}
	return nil
}

// Close stops all servers, newest first, and removes the folder.
func (e *Env) Close() error {
	e.mu.Lock()
	servers := slices.Clone(e.servers)
	e.mu.Unlock()
	var errs []error
	for _, s := range slices.Backward(servers) {
		errs = append(errs, s.Stop())
	}
	_ = e.stdin.Close()
	errs = append(errs, e.waiter.Wait())
	return errors.Join(errs...)
}

// Logs returns the folder with one log per server.
func (e *Env) Logs() string { return e.logs }

// Servers returns the started servers, oldest first.
func (e *Env) Servers() []*Server {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.servers)
}

// folder creates a folder for a server's data and returns it with a name that is unique in e: "redis",
// "redis-2", …
func (e *Env) folder(kind string) (name, dir string, err error) {
	e.mu.Lock()
	e.names[kind]++
	name = kind
	if n := e.names[kind]; n > 1 {
		name = fmt.Sprintf("%s-%d", kind, n)
	}
	e.mu.Unlock()
	dir = filepath.Join(e.dir, name)
	if err := os.Mkdir(dir, 0o755); err != nil {
		return "", "", fmt.Errorf("make the folder of %s: %w", name, err)
	}
	return name, dir, nil
}

// add adds s to e and starts it.
func (e *Env) add(s *Server) error {
	s.logPath = filepath.Join(e.logs, s.Name+".log")
	if err := s.Start(); err != nil {
		return err
	}
	e.mu.Lock()
	e.servers = append(e.servers, s)
	e.mu.Unlock()
	return nil
}
