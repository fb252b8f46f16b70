package app

import (
	"log/slog"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

// LimitMemory sets the garbage collector's limit (GOMEMLIMIT) to nine tenths of limit, which is
// memlimit.FromCgroup outside of tests. Near a container's limit the collector then runs more often,
// before the kernel kills the process. GOMEMLIMIT in the environment has precedence. Without a limit
// nothing changes.
func LimitMemory(limit memlimit.Provider, log *slog.Logger) {
	set, err := memlimit.Set(memlimit.WithProvider(limit), memlimit.WithRatio(0.9))
	if err != nil {
		log.Debug("read cgroup memory limit failed", "err", err)
		return
	}
	log.Debug("memory limit set", "bytes", set)
}
