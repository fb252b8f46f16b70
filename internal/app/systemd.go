package app

import (
	"context"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// notifySystemd sends the state of the node to systemd, if systemd started it (Type=notify).
func (a *App) notifySystemd(state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		a.log.Warn("notify systemd failed", "state", state, "err", err)
	}
}

// keepWatchdog notifies systemd's watchdog until ctx ends, if the unit has a WatchdogSec.
func (a *App) keepWatchdog(ctx context.Context) {
	interval, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		a.log.Warn("read WATCHDOG_USEC failed", "err", err)
	}
	if interval == 0 {
		return
	}
	tick := time.NewTicker(interval / 3)
	defer tick.Stop()
	for {
		a.notifySystemd(daemon.SdNotifyWatchdog)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}
