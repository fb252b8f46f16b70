package load

import (
	"syscall"
	"time"
)

// threadCPU is the time that this thread has had, in user space and in the kernel.
func threadCPU() (time.Duration, error) {
	const thisThread = 1 // RUSAGE_THREAD
	return cpu(thisThread)
}

// pause waits to a tenth of a millisecond; Go's timers are late by up to a whole one.
// It may end early.
func pause(d time.Duration) {
	span := syscall.NsecToTimespec(int64(d))
	_ = syscall.Nanosleep(&span, nil)
}
