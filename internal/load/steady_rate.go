package load

import "time"

func steadyScenario() scenario {
	return scenario{
		name:     "steady",
		summary:  "messages at a steady rate",
		defaults: defaults{clients: 500, rooms: 5, rate: 20, duration: 30 * time.Second},
		floor:    true,
		measure:  sendAndSettle,
	}
}
