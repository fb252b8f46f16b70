package health

import (
	"slices"
	"sync"
)

// Warning is something that an operator must correct, although the node serves. The words
// are public.
type Warning string

// The warnings.
const (
	// SecondNode: nodes share a database without Redis. Their users miss events of each
	// other, so that such a node is degraded.
	SecondNode Warning = "second_node_without_redis"
	// UntrustedProxy: requests come through a proxy that TRUST_PROXY does not name.
	UntrustedProxy Warning = "untrusted_proxy"
)

// warnings are those in force.
type warnings struct {
	mu  sync.Mutex
	all []Warning // sorted
}

// SetWarning puts w into force or ends it. It reports whether that is a change.
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
