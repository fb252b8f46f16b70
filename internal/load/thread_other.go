//go:build unix && !linux

package load

import (
	"errors"
	"fmt"
	"time"
)

func threadCPU() (time.Duration, error) {
	return 0, fmt.Errorf("CPU time of a thread: %w", errors.ErrUnsupported)
}

func pause(d time.Duration) { time.Sleep(d) }
