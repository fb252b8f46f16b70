// Package wake wakes background loops.
package wake

// Signal wakes one goroutine, which receives from it. Signals that are sent before it
// receives count as one.
type Signal chan struct{}

// NewSignal returns a Signal that has not been sent.
func NewSignal() Signal { return make(Signal, 1) }

// Send wakes the receiver. It never blocks.
func (s Signal) Send() {
	select {
	case s <- struct{}{}:
	default:
	}
}
