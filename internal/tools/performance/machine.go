package main

import (
	"cmp"
	"context"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// Machine is where and what was measured.
type Machine struct {
	Date       string  `json:"date"`
	Version    string  `json:"version"` // of chillin
	Processor  string  `json:"processor"`
	Processors int     `json:"processors"`
	GiB        float64 `json:"gib"`
	System     string  `json:"system"`
}

// thisMachine describes this machine and the binary. Parts that cannot be read are empty.
func thisMachine(ctx context.Context, binary string) Machine {
	kib, _ := strconv.ParseFloat(strings.TrimSuffix(field("/proc/meminfo", "MemTotal", ":"), " kB"), 64)
	version, _ := exec.CommandContext(ctx, binary, "version").Output()
	first, _, _ := strings.Cut(string(version), "\n")
	system := strings.Trim(field("/etc/os-release", "PRETTY_NAME", "="), `"`)
	kernel, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	return Machine{
		Date:       time.Now().UTC().Format(time.DateOnly),
		Version:    first,
		Processor:  cmp.Or(field("/proc/cpuinfo", "model name", ":"), runtime.GOARCH),
		Processors: runtime.NumCPU(),
		GiB:        kib / (1 << 20),
		System:     strings.Trim(system+", Linux "+strings.TrimSpace(string(kernel)), ", "),
	}
}

// field returns the first value of a key in a file of lines such as "key: value"; "" if there is none.
func field(path, key, separator string) string {
	text, _ := os.ReadFile(path)
	for line := range strings.Lines(string(text)) {
		if name, value, found := strings.Cut(line, separator); found && strings.TrimSpace(name) == key {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
