package main

import (
	"os"
	"testing"
)

func TestThisProcessUsesCPU(t *testing.T) {
	all, err := readProcesses("/proc")
	if err != nil {
		t.Fatal(err)
	}
	self, err := all.tree(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if self.parent != os.Getppid() || self.resident < 1<<20 {
		t.Errorf("this process = %+v, want parent %d and more than a MiB", self, os.Getppid())
	}
}
