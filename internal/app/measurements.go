package app

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/chillin-chat/chillin/internal/auth"
	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/metrics"
	"github.com/chillin-chat/chillin/internal/picture"
)

// measure registers the metrics that are read from the parts of the node at each scrape. None of them
// waits for an engine.
func (a *App) measure(m *metrics.Metrics, hasher *auth.Hasher, pictures *picture.Maker) {
	m.Queues(func() map[string]int {
		lengths := map[string]int{
			"passwords": hasher.Waiting(), "pictures": pictures.Waiting(),
			"uploads": a.service.UploadsRunning(), "socket_writes": a.hub.Unwritten(),
		}
		maps.Copy(lengths, a.engines.store.Queues())
		maps.Copy(lengths, a.engines.queues())
		return lengths
	})
	m.Sockets(a.hub.QueuedBytes, a.hub.Users)
	m.StorageQuota(func() int { return a.settings.Limits().StorageBytes })
}

// counted are the methods whose counters start at 0 for each route that has them.
var counted = []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}

// countRoutes initializes the counters of all routes to 0, so that the first error of a route is an
// increase.
func countRoutes(m *metrics.Metrics, router chi.Routes) {
	m.Route(http.MethodGet, metrics.Unmatched) // the pages of the client
	_ = chi.Walk(router, func(method, route string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		if slices.Contains(counted, method) && (route != "/ws" || method == http.MethodGet) {
			m.Route(method, route)
		}
		return nil
	}) // the walk function returns no error
}

// The intervals at which a node reads metrics from the database.
const (
	readBacklogEvery     = 15 * time.Second
	readActiveUsersEvery = 5 * time.Minute
	// activeWithin is the time after which a user is no longer active.
	activeWithin = 24 * time.Hour
)

// readBacklog updates the metrics of the backlog until ctx ends. A scrape never waits for the database:
// it reports the last values, or none while the database is unavailable.
func (a *App) readBacklog(ctx context.Context) {
	m := a.metrics
	a.readMetrics(ctx, readBacklogEvery, "read backlog", []reading{m.SearchLag, m.WebhooksDue, m.WebhookAge, m.StoredBytes, m.StoredJobs},
		func(ctx context.Context) error {
			b, err := a.engines.store.Backlog(ctx)
			if err == nil {
				err = a.readJobs(ctx)
			}
			if err != nil {
				return err
			}
			m.SearchLag.Set(b.SearchLag.Seconds())
			m.WebhooksDue.Set(float64(b.WebhooksDue))
			m.WebhookAge.Set(b.WebhookAge.Seconds())
			m.StoredBytes.Set(float64(b.StoredBytes))
			return nil
		})
}

// readActiveUsers updates the metric of active users until ctx ends.
func (a *App) readActiveUsers(ctx context.Context) {
	m := a.metrics
	a.readMetrics(ctx, readActiveUsersEvery, "count active users", []reading{m.ActiveUsers},
		func(ctx context.Context) error {
			n, err := a.engines.store.ActiveUsers(ctx, activeWithin)
			if err == nil {
				m.ActiveUsers.Set(float64(n))
			}
			return err
		})
}

// reading is a metric that is read from the database.
type reading interface{ Clear() }

// readMetrics runs read every period until ctx ends, if the node serves metrics. If read fails, the
// readings are cleared. An unavailable database is reported by health, other errors are logged.
func (a *App) readMetrics(ctx context.Context, period time.Duration, name string, readings []reading, read func(context.Context) error) {
	if a.ops == nil {
		return
	}
	a.every(ctx, period, name, func(ctx context.Context) error {
		err := read(ctx)
		if err == nil {
			return nil
		}
		for _, r := range readings {
			r.Clear()
		}
		if chat.CodeOf(err) == chat.Unavailable {
			return nil
		}
		return err
	})
}
