package app

import (
	"context"
	"errors"
	"time"

	"github.com/chillin-chat/chillin/internal/config"
	"github.com/chillin-chat/chillin/internal/health"
	"github.com/chillin-chat/chillin/internal/metrics"
	"github.com/chillin-chat/chillin/internal/store"
)

// replicaOptions returns the options of the configured replica, whose reads are counted.
func replicaOptions(c config.Config, m *metrics.Metrics) store.ReplicaOptions {
	if c.Database.Replica == "" {
		return store.ReplicaOptions{}
	}
	return store.ReplicaOptions{DSN: c.Database.Replica.Reveal(), OnRead: func(kind store.ReadKind, reason store.PrimaryReason) {
		m.Read(string(kind), string(reason))
	}}
}

// measureReplica registers the lag of the replica.
func (e *engines) measureReplica(m *metrics.Metrics) {
	m.ReplicaLag(func() (time.Duration, bool) {
		state, _ := e.store.Replica()
		return state.Lag, state.LagKnown
	})
}

// checkReplica reports whether messages can be read from the replica. Without it, nodes read from the
// primary.
func (e *engines) checkReplica(context.Context) error {
	state, _ := e.store.Replica()
	switch err := state.Err; {
	case err == nil:
		return nil
	case errors.Is(err, store.ErrReplicaStarting):
		return health.ErrStarting
	case errors.Is(err, store.ErrReplicaLagging):
		return health.WithReason("lagging", err)
	case errors.Is(err, store.ErrReplicaWritable):
		return health.WithReason("not a standby", err)
	case errors.Is(err, store.ErrOtherDatabase):
		return health.WithReason("another database", err)
	default:
		return health.WithReason("unreachable", err)
	}
}
