package testenv

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
)

// attributes puts the process in its own process group, so that Ctrl-C in the terminal does not reach
// it. The kernel sends it orphaned when this process dies.
func attributes(as *syscall.Credential, orphaned syscall.Signal) *syscall.SysProcAttr {
	if orphaned == 0 {
		orphaned = syscall.SIGKILL
	}
	return &syscall.SysProcAttr{Setpgid: true, Credential: as, Pdeathsig: orphaned}
}

// run starts cmd, reports the result on started and waits for its end.
//
// The kernel sends Pdeathsig when the thread that forked ends, not the process. Therefore the thread is
// kept while the child runs.
func (s *Server) run(cmd *exec.Cmd, started chan<- error, done chan<- struct{}) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
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

// processTree returns pid and its descendants, parents before children.
func processTree(pid int) []int {
	children := map[int][]int{}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		// pid (name) state ppid …; the name may contain anything, even parentheses.
		end := bytes.LastIndexByte(text, ')')
		if fields := bytes.Fields(text[end+1:]); end > 0 && len(fields) > 1 {
			child, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
			parent, _ := strconv.Atoi(string(fields[1]))
			children[parent] = append(children[parent], child)
		}
	}
	all := []int{pid}
	for i := 0; i < len(all); i++ {
		all = append(all, children[all[i]]...)
	}
	return all
}
