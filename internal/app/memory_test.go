package app_test

import (
	"errors"
	"log/slog"
	"runtime/debug"
	"testing"

	"github.com/chillin-chat/chillin/internal/app"
)

func TestMemoryLimitFollowsTheCgroup(t *testing.T) {
	before := debug.SetMemoryLimit(-1)
	t.Cleanup(func() { debug.SetMemoryLimit(before) })
	log := slog.New(slog.DiscardHandler)
	app.LimitMemory(func() (uint64, error) { return 10 << 30, nil }, log)
	if got := debug.SetMemoryLimit(-1); got != 9<<30 {
		t.Errorf("limit = %d, want nine tenths of the cgroup's", got)
	}
	app.LimitMemory(func() (uint64, error) { return 0, errors.New("no cgroup") }, log)
	if got := debug.SetMemoryLimit(-1); got != 9<<30 {
		t.Errorf("limit = %d, want it unchanged", got)
	}
}
