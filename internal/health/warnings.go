package health

import (
	"slices"
	"sync"
)

// Warning is a problem that an operator must fix, although the node serves. The values are public.
type Warning string

// The warnings.
const (
	// SecondNode means that nodes share a database without Redis. Their users miss each other's events,
	// so such a node is degraded.
	SecondNode Warning = "second_node_without_redis"
	// UntrustedProxy means that requests come through a proxy that TRUST_PROXY does not name.
	UntrustedProxy Warning = "untrusted_proxy"
)

// warnings are the active warnings.
type warnings struct {
	mu  sync.Mutex
	all []Warning // sorted
}

// SetWarning activates or clears w. It reports whether that is a change.
func (h *Health) SetWarning(w Warning, on bool) (changed bool) {
	h.warnings.mu.Lock()
	defer h.warnings.mu.Unlock()
	at, found := slices.BinarySearch(h.warnings.all, w)
	switch {
	case on && !found:
		h.warnings.all = slices.Insert(h.warnings.all, at, w)
	case !on && found:
		h.warnings.all = slices.Delete(h.warnings.all, at, at+1)
	}
	return on != found
}

func (w *warnings) list() []Warning {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.all)
}
