package app_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/chillin-chat/chillin/internal/app"
	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/client"
	"github.com/chillin-chat/chillin/internal/config"
	testenv "github.com/chillin-chat/chillin/internal/test/env"
	"github.com/chillin-chat/chillin/internal/wire"
)

func TestMain(m *testing.M) { testenv.Main(m) }

// deployment is a running chat: one embedded node, or two nodes on real engines. Every test must pass with
// both.
type deployment struct {
	t     *testing.T
	nodes []string // base URLs
}

// deployments are the deployments that the tests use.
var deployments = []struct {
	name string
	open func(t *testing.T, more map[string]string) *deployment
}{
	{"one embedded node", embedded},
	{"two nodes on real engines", clustered},
}

// onBothDeployments runs test with each deployment, in parallel with other tests, because tests wait
// most of the time. Each test has its own deployment.
func onBothDeployments(t *testing.T, test func(d *deployment)) {
	t.Helper()
	t.Parallel()
	for _, kind := range deployments {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			test(kind.open(t, nil))
		})
	}
}

func embedded(t *testing.T, more map[string]string) *deployment {
	t.Helper()
	env := map[string]string{"DATA_DIR": t.TempDir()}
	return &deployment{t, []string{startNode(t, env, more).base}}
}

func clustered(t *testing.T, more map[string]string) *deployment {
	t.Helper()
	env := clusterEnv(t)
	return &deployment{t, []string{startNode(t, env, more).base, startNode(t, env, more).base}}
}

// embeddedWithStorage starts one node whose files are stored on its own S3 server.
func embeddedWithStorage(t *testing.T) (*deployment, *testenv.ObjectStore) {
	t.Helper()
	server, bucket := ownStorage(t)
	return embedded(t, storageEnv(bucket)), server
}

// ownStorage starts an S3 server for one test, with a bucket.
func ownStorage(t *testing.T) (*testenv.ObjectStore, testenv.Store) {
	t.Helper()
	server, err := testenv.New(t).ObjectStore()
	if err != nil {
		t.Fatal(err)
	}
	bucket, err := server.Create(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return server, bucket
}

func storageEnv(s3 testenv.Store) map[string]string {
	return map[string]string{
		"USE_MINIO": "true", "MINIO_ENDPOINT": s3.Endpoint, "S3_ACCESS_KEY_ID": s3.AccessKey,
		"S3_SECRET_ACCESS_KEY": s3.SecretKey, "S3_BUCKET_NAME": s3.Bucket, "S3_REGION": s3.Region,
	}
}

// clusterEnv returns the settings of engines that several nodes share.
func clusterEnv(t *testing.T) map[string]string {
	t.Helper()
	env := storageEnv(testenv.S3(t))
	env["DATABASE_URL"], env["REDIS_URL"] = testenv.Postgres(t), testenv.Redis(t)
	return env
}

// node is a running App.
type node struct {
	base    string
	config  config.Config
	handler http.Handler
	stop    func() error // like SIGTERM; returns the result of Run
}

// startNode runs an App with env and stops it when the test ends.
func startNode(t testing.TB, env, more map[string]string) *node {
	t.Helper()
	return startLogging(t, t.Output(), env, more)
}

// startLogging is startNode with the log written to out.
func startLogging(t testing.TB, out io.Writer, env, more map[string]string) *node {
	t.Helper()
	settings := map[string]string{
		"HOST": "127.0.0.1", "PORT": "0", "RATE_LIMIT_MESSAGES": "10000", "RATE_LIMIT_AUTH": "10000",
		"RATE_LIMIT_JOINS": "10000", "RATE_LIMIT_ROOMS": "10000", "LOG_LEVEL": "error",
	}
	for _, m := range []map[string]string{env, more} {
		maps.Copy(settings, m)
	}
	c, err := config.Load(func(key string) (string, bool) { v, ok := settings[key]; return v, ok })
	if err != nil {
		t.Fatalf("settings: %v", err)
	}
	log := slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: c.LogLevel}))
	open := app.NewCheap
	if _, measures := t.(*testing.B); measures {
		open = app.New
	}
	a, err := open(t.Context(), c, log)
	if err != nil {
		t.Fatalf("new node: %v", err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	n := &node{base: "http://" + a.Addr().String(), config: c, handler: a.Handler()}
	stopped := false
	n.stop = func() error {
		if stopped {
			return nil
		}
		stopped = true
		cancel()
		return <-ended
	}
	t.Cleanup(func() {
		if err := n.stop(); err != nil {
			t.Errorf("node ended: %v", err)
		}
	})
	return n
}

// testUser is a user with a connection.
type testUser struct {
	*client.Client
	*client.Socket
	t *testing.T
}

// ctx limits one step: a step that takes longer has failed.
func ctx(t *testing.T) context.Context {
	t.Helper()
	c, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
	t.Cleanup(cancel)
	return c
}

// patience is how long a test repeats what the server refuses with UNAVAILABLE: on a busy machine the
// database exceeds its time.
const patience = 20 * time.Second

func newClient(base string) *client.Client {
	c := client.New(base)
	c.Patience = patience
	return c
}

// user registers a user at node n (modulo the number of nodes) and connects.
func (d *deployment) user(name string, n int) *testUser {
	d.t.Helper()
	c := newClient(d.nodes[n%len(d.nodes)])
	if err := c.Register(ctx(d.t), name, "correct horse"); err != nil {
		d.t.Fatalf("register %s: %v", name, err)
	}
	p := &testUser{Client: c, t: d.t}
	p.connect()
	return p
}

func (p *testUser) connect() {
	p.t.Helper()
	s, err := p.Dial(ctx(p.t))
	if err != nil {
		p.t.Fatalf("dial: %v", err)
	}
	p.Socket = s
	p.t.Cleanup(s.Cut)
}

func (p *testUser) room(name string, options map[string]any) chat.Room {
	p.t.Helper()
	room, err := p.CreateRoom(ctx(p.t), name, options)
	if err != nil {
		p.t.Fatalf("create room: %v", err)
	}
	return room
}

func (p *testUser) join(room chat.RoomID, more map[string]any) wire.RoomJoined {
	p.t.Helper()
	in := map[string]any{"roomId": room}
	maps.Copy(in, more)
	var joined wire.RoomJoined
	if err := p.Socket.Do(ctx(p.t), "room:join", in, &joined); err != nil {
		p.t.Fatalf("room:join: %v", err)
	}
	return joined
}

func (p *testUser) send(room chat.RoomID, text string) wire.MessageConfirmed {
	p.t.Helper()
	done, err := p.trySend(room, uuid.NewString(), text)
	if err != nil {
		p.t.Fatalf("message:send %q: %v", text, err)
	}
	return done
}

func (p *testUser) trySend(room chat.RoomID, cid, text string) (wire.MessageConfirmed, error) {
	var done wire.MessageConfirmed
	err := p.Socket.Do(ctx(p.t), "message:send", map[string]any{"roomId": room, "cid": cid, "text": text}, &done)
	return done, err
}

// receives returns the next message event and fails unless it has number seq.
func (p *testUser) receives(seq chat.Seq) chat.Message {
	p.t.Helper()
	f, err := p.Next(ctx(p.t), "message:new")
	if err != nil {
		p.t.Fatalf("wait for %d: %v", seq, err)
	}
	var e wire.MessageEvent
	if err := f.Decode(&e); err != nil || e.Seq != seq {
		p.t.Fatalf("event = %+v, %v, want seq %d", e, err, seq)
	}
	return e.Message
}

func wantCode(t *testing.T, err error, want chat.Code) {
	t.Helper()
	refusal, ok := errors.AsType[*client.Error](err)
	if !ok || refusal.Code != want {
		t.Fatalf("err = %v, want code %s", err, want)
	}
}

func path(format string, args ...any) string { return fmt.Sprintf(format, args...) }

func texts(messages []chat.Message) string {
	var all []string
	for _, m := range messages {
		if m.Kind == chat.Text {
			all = append(all, m.Text)
		}
	}
	return strings.Join(all, " ")
}

func count(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = strconv.Itoa(i + 1)
	}
	return all
}
