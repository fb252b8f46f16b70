package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// tick is the unit of the times in /proc/<pid>/stat. The kernel shows programs 100 per second on every
// platform of Go, however often its own clock ticks.
const tick = 10 * time.Millisecond

// process is a process, as /proc/<pid>/stat describes it.
type process struct {
	parent   int
	cpu      time.Duration // in user space and in the kernel, including ended children
	resident int64         // bytes
}

// The fields after the name, counted from 0; proc(5) counts from 3.
const (
	parentField   = 1
	firstCPUField = 11 // utime, stime, cutime, cstime
	lastCPUField  = 14
	residentField = 21 // pages
)

// parseStat parses the content of /proc/<pid>/stat.
func parseStat(text []byte) (p process, err error) {
	// pid (name) state …; the name may contain anything, even parentheses and spaces.
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) <= residentField {
		return p, fmt.Errorf("parse stat %q: %d fields after the name", text, len(fields))
	}
	number := func(field int) int64 {
		n, fault := strconv.ParseInt(string(fields[field]), 10, 64)
		err = errors.Join(err, fault)
		return n
	}
	p.parent = int(number(parentField))
	for field := firstCPUField; field <= lastCPUField; field++ {
		p.cpu += time.Duration(number(field)) * tick
	}
	p.resident = number(residentField) * int64(os.Getpagesize())
	return p, err
}

// processes are all processes of the machine, by pid.
type processes map[int]process

// readProcesses reads the processes in dir, which is /proc.
func readProcesses(dir string) (processes, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "[0-9]*", "stat"))
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	all := processes{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err != nil {
			continue // a name that only begins with a digit is no process
		}
		if all[pid], err = parseStat(text); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// tree returns the sum of a process and its descendants. It returns an error if the process does not
// exist.
func (p processes) tree(pid int) (process, error) {
	sum, found := p[pid]
	if !found {
		return sum, fmt.Errorf("read the CPU time of process %d: it does not exist", pid)
	}
	for child, c := range p {
		if c.parent != pid {
			continue
		}
		below, err := p.tree(child)
		if err != nil {
			return sum, err
		}
		sum.cpu += below.cpu
		sum.resident += below.resident
	}
	return sum, nil
}

// Usage is the CPU time of each group of server processes, in seconds.
type Usage struct {
	Nodes    float64 `json:"nodes"`
	Postgres float64 `json:"postgres"`
	Redis    float64 `json:"redis"`
}

// Total returns the CPU time of all servers.
func (u Usage) Total() float64 { return u.Nodes + u.Postgres + u.Redis }

// since returns the CPU time that was used after earlier.
func (u Usage) since(earlier Usage) Usage {
	return Usage{u.Nodes - earlier.Nodes, u.Postgres - earlier.Postgres, u.Redis - earlier.Redis}
}

// microsPer returns the CPU time for each of n things, in µs; 0 if n is 0.
func (u Usage) microsPer(n float64) Usage {
	if n <= 0 {
		return Usage{}
	}
	return Usage{1e6 * u.Nodes / n, 1e6 * u.Postgres / n, 1e6 * u.Redis / n}
}
