package load

import (
	"fmt"
	"syscall"
	"time"
)

// processCPU returns the CPU time of this process, in user space and in the kernel.
func processCPU() (time.Duration, error) { return cpu(syscall.RUSAGE_SELF) }

func cpu(of int) (time.Duration, error) {
	var used syscall.Rusage
	if err := syscall.Getrusage(of, &used); err != nil {
		return 0, fmt.Errorf("get CPU time: %w", err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano()), nil
}
