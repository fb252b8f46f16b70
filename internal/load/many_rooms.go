package load

import "time"

// manyRoomsScenario is steady in rooms of five clients: compare the CPU time per message and the memory
// per client with those of steady to see what a room costs.
func manyRoomsScenario() scenario {
	return scenario{
		name:     "many-rooms",
		summary:  "many rooms of five clients: what a room costs",
		defaults: defaults{clients: 500, roomSize: 5, rate: 100, duration: 30 * time.Second},
		floor:    true,
		measure:  sendAndSettle,
	}
}
