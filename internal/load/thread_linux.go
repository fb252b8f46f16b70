package load

import (
	"syscall"
	"time"
)

// threadCPU returns the CPU time of this thread, in user space and in the kernel.
func threadCPU() (time.Duration, error) {
	const thisThread = 1 // RUSAGE_THREAD
	return cpu(thisThread)
}

// pause waits with a precision of a tenth of a millisecond; Go's timers may be a whole one late. It may
// end early.
func pause(d time.Duration) {
	span := syscall.NsecToTimespec(int64(d))
	_ = syscall.Nanosleep(&span, nil)
}
