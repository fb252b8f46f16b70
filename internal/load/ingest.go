package load

import "time"

// ingestScenario sends faster than most servers store: then all of their messages per second are
// measured, and the latencies show the queue. At a lower rate it measures the CPU time per message.
func ingestScenario() scenario {
	return scenario{
		name:     "ingest",
		summary:  "one client in each room: stored messages per second",
		defaults: defaults{clients: 200, roomSize: 1, rate: 2000, duration: 10 * time.Second},
		measure:  sendAndSettle,
	}
}
