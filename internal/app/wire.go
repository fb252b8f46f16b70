package app

import (
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/go-chi/cors"

	"github.com/chillin-chat/chillin/internal/api"
	"github.com/chillin-chat/chillin/internal/auth"
	"github.com/chillin-chat/chillin/internal/cache"
	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/gateway"
	"github.com/chillin-chat/chillin/internal/health"
	"github.com/chillin-chat/chillin/internal/media"
	"github.com/chillin-chat/chillin/internal/metrics"
	"github.com/chillin-chat/chillin/internal/picture"
	"github.com/chillin-chat/chillin/internal/service"
	"github.com/chillin-chat/chillin/internal/version"
	"github.com/chillin-chat/chillin/internal/webhook"
	"github.com/chillin-chat/chillin/internal/wire"
	"github.com/chillin-chat/chillin/web"
)

// wire builds the node on top of its engines.
func (a *App) wire(m *metrics.Metrics, passwords auth.Cost) (err error) {
	recent, limiters, hasher := cache.NewMessages(m, time.Now), newLimiters(), auth.NewHasher(0, passwords)
	pictures := picture.NewMaker(a.panics.Report)
	guard := webhook.Guard{AllowPrivate: a.config.WebhookAllowPrivate}
	a.settings = a.newSettings(limiters)
	a.hub = a.newHub(recent, m)
	a.hooks = a.newDispatcher(guard, m)
	a.gc = service.NewGarbageCollector(a.engines.store, a.engines.store, a.engines.store, a.engines.blobs, a.log)
	a.indexer = &service.Indexer{Store: a.engines.store, Log: a.log, Report: a.panics.Report}
	if a.service, err = a.newService(recent, limiters, hasher, guard, pictures); err != nil {
		return err
	}
	accounts, err := a.newAccounts(limiters, hasher)
	if err != nil {
		return err
	}
	a.jobs = a.newJobs(m)
	a.activity = &auth.SessionActivity{Store: a.engines.store, Connected: a.hub.Sessions, Log: a.log}
	a.health = a.newHealth(m)
	a.measure(m, hasher, pictures)
	a.server = &http.Server{
		Handler:           a.routes(accounts, a.newRequests(), m),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       bodyTime,
		WriteTimeout:      answerTime,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(a.log.Handler(), slog.LevelWarn),
	}
	return nil
}

func (a *App) newHub(recent chat.MessageCache, m *metrics.Metrics) *gateway.Hub {
	db := a.engines.store
	return gateway.NewHub(gateway.Deps{
		Node: a.engines.node, Epoch: db.Epoch(),
		Rooms: db, Messages: db, Accounts: db, Cache: recent,
		Bus: a.engines.bus, Presence: a.engines.presence,
		SettingsChanged: a.settings.Refresh, Metrics: m, Log: a.log,
	})
}

func (a *App) newDispatcher(guard webhook.Guard, m *metrics.Metrics) *webhook.Dispatcher {
	return webhook.NewDispatcher(webhook.Deps{
		Store: a.engines.store, Changes: a.engines.store, Guard: guard, Metrics: m, Log: a.log, Now: time.Now,
	})
}

func (a *App) newService(recent chat.MessageCache, l limiters, hasher *auth.Hasher, guard webhook.Guard, pictures *picture.Maker) (*service.Service, error) {
	db := a.engines.store
	return service.New(service.Dependencies{
		Accounts: db, Profiles: db, AccountDeletion: db, Rooms: db, Moderation: db, Invites: db, Directs: db, Blocks: db,
		Messages: db, Archive: db, Attachments: db, Storage: db, Webhooks: db, Administration: db,

		Presence: a.engines.presence, Publisher: webhookWaker{a.hub, a.hooks}, MessageCache: recent, Subscriptions: a.hub, Connections: a.hub,

		Blobs: a.engines.blobs, Space: a.newSpace(), GarbageCollector: a.gc, Pictures: pictures, Media: &media.Cleaner{Report: a.panics.Report},
		Links: service.Links{Secret: db.LinkSecret(), Now: time.Now},

		Settings: a.settings, MessageRate: l.messageRate, RoomMessageRate: l.roomMessageRate, JoinRate: l.joinRate, RoomCreationRate: l.roomCreationRate,
		ChangeRates: l.rates(), UploadRate: perUser(uploadsPer10s), SearchRate: perMinute[chat.UserID](searchesPerMinute),
		NameSearchRate: perMinute[chat.UserID](nameSearchesPerMinute),
		ReadRate:       per[chat.UserID](100*time.Second, readsPer100s),
		RoomPasswordAttempts: service.RoomPasswordAttempts{
			PerCaller: perMinute[chat.UserID](roomPasswordsPerCaller),
			PerUser:   perMinute[service.RoomPasswordAttempt](roomPasswordsPerUser), PerRoom: perMinute[service.RoomPasswordAttempt](roomPasswordsPerRoom),
		},
		Passwords: hasher.ForRooms(), Targets: guard,

		Log: a.log, Now: time.Now,
	})
}

func (a *App) newAccounts(l limiters, hasher *auth.Hasher) (*service.Accounts, error) {
	return service.NewAccounts(service.AccountDependencies{
		Store: a.engines.store, Bots: a.engines.store, Publisher: a.hub, Settings: a.settings, SignIns: hasher, NewPasswords: hasher.ForNewPasswords(), Now: time.Now,
		PublishProfile: a.service.PublishProfile,
		AttemptRate:    byNetwork{l.attemptRate}, SignupRate: byNetwork{l.signupRate},
		LoginLimits: newLoginLimits(), Devices: service.DeviceSigner{Secret: a.engines.store.LinkSecret()},
		CreationRate: l.creations,
	})
}

func (a *App) newRequests() *auth.Authenticator {
	return &auth.Authenticator{Store: a.engines.store, Origins: a.config.ClientOrigins, FromLiveConn: a.hub.Caller, Activity: a.activity}
}

// bodyTime is the timeout for reading a request, including its body. Uploads have a longer one (see
// api). Sockets have none.
const bodyTime = 10 * time.Second

// answerTime is the timeout for a request until its response is written, so that a client that does not
// read cannot block it. Uploads and files have a longer one.
const answerTime = time.Minute

// webhookWaker publishes to the hub and wakes the webhook dispatcher.
type webhookWaker struct {
	chat.Publisher
	hooks *webhook.Dispatcher
}

func (w webhookWaker) PublishRoom(e chat.RoomEvent) {
	w.Publisher.PublishRoom(e)
	if _, durable := e.(chat.MessageChanged); durable {
		w.hooks.Wake()
	}
}

// routes returns the handler of all requests: the API, the WebSocket, the health checks and, for all
// other paths, the browser client.
func (a *App) routes(accounts *service.Accounts, requests *auth.Authenticator, m *metrics.Metrics) http.Handler {
	router := chi.NewRouter()
	var rest *api.API
	router.Use(
		func(next http.Handler) http.Handler { return a.observe(m, next) },
		func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				a.warnUntrustedProxy(r)
				next.ServeHTTP(w, r)
			})
		},
		func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { rest.Recover(next).ServeHTTP(w, r) })
		},
		func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { rest.Headers(next).ServeHTTP(w, r) })
		},
		middleware.GetHead, // HEAD is answered like GET, without the body
	)
	if len(a.config.ClientOrigins) > 0 { // an empty list would allow every origin
		router.Use(cors.Handler(cors.Options{
			AllowOriginFunc:  func(_ *http.Request, origin string) bool { return requests.Allows(origin) },
			AllowCredentials: true, MaxAge: 600,
			AllowedMethods: []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"},
			AllowedHeaders: api.RequestHeaders,
			ExposedHeaders: append([]string{requestIDHeader}, api.ResponseHeaders...),
		}))
	}
	rest = api.Mount(router, api.Deps{
		Service: a.service, Accounts: accounts, Requests: requests,
		ClientIP: a.clientIP, ClientNetwork: a.clientKey, Secure: a.secure, Version: version.Read().Version, Frames: wire.Data(), Metrics: m, Log: a.log,
	})
	router.Handle("/ws", &gateway.Server{
		Hub: a.hub, Service: a.service, Requests: requests, ClientIP: a.clientIP, Refuse: rest.WriteError,
		ClientKey: a.clientKey, Failures: perMinute[string](failedUpgrades),
	})
	router.Method(http.MethodGet, "/health", health.Live(time.Now, version.Read()))
	router.Method(http.MethodGet, "/health/ready", a.health.Ready())
	client := web.Handler()
	router.NotFound(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/api/") {
			rest.NotFound(w, r)
			return
		}
		client.ServeHTTP(w, r)
	})
	countRoutes(m, router)
	return router
}

func (a *App) clientIP(r *http.Request) netip.Addr {
	return a.config.TrustProxy.Client(r.RemoteAddr, r.Header.Values("X-Forwarded-For"))
}

// secure reports whether the client's connection uses TLS, either to this node or to a trusted proxy.
func (a *App) secure(r *http.Request) bool {
	if r.TLS != nil {
		return true
	}
	return a.config.TrustProxy.Scheme(r.RemoteAddr, r.Header.Values("X-Forwarded-For"), r.Header.Values("X-Forwarded-Proto")) == "https"
}
