package app

import (
	"log/slog"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

// LimitMemory sets the garbage collector's limit (GOMEMLIMIT) to nine tenths of limit,
// which is memlimit.FromCgroup outside of tests. The collector then works harder near the
// limit of a container instead of letting the kernel end the process. GOMEMLIMIT in the
// environment has precedence, and without a limit nothing changes.
func LimitMemory(limit memlimit.Provider, log *slog.Logger) {
	set, err := memlimit.Set(memlimit.WithProvider(limit), memlimit.WithRatio(0.9))
	if err != nil {
		log.Debug("memory limit of the cgroup not read", "err", err)
		return
	}
	log.Debug("memory limit", "bytes", set)
}
