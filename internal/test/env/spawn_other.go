//go:build unix && !linux

package testenv

import (
	"os/exec"
	"syscall"
)

// attributes puts the process in its own process group. Only Linux can end it when this process is
// killed; on other systems Close must run.
func attributes(as *syscall.Credential, _ syscall.Signal) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Credential: as}
}

// run starts cmd, reports the result on started and waits for its end.
func (s *Server) run(cmd *exec.Cmd, started chan<- error, done chan<- struct{}) {
	defer close(done)
	err := cmd.Start()
	started <- err
	if err != nil {
		return
	}
	err = cmd.Wait()
	s.mu.Lock()
	s.exit, s.state = err, cmd.ProcessState
	s.mu.Unlock()
}

// family returns pid and, as -pid, its process group.
func family(pid int) []int { return []int{pid, -pid} }
