package load_test

import (
	"context"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/chillin-chat/chillin/internal/app"
	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/client"
	"github.com/chillin-chat/chillin/internal/config"
	"github.com/chillin-chat/chillin/internal/load"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// startNode runs an embedded node and returns its URL and that of its metrics.
func startNode(t *testing.T, more map[string]string) (base, metrics string) {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	metrics = free.Addr().String()
	free.Close()
	settings := map[string]string{
		"HOST": "127.0.0.1", "PORT": "0", "DATA_DIR": t.TempDir(), "METRICS_ADDR": metrics, "LOG_LEVEL": "error",
		"RATE_LIMIT_MESSAGES": "10000", "RATE_LIMIT_AUTH": "10000",
	}
	maps.Copy(settings, more)
	c, err := config.Load(func(key string) (string, bool) { v, ok := settings[key]; return v, ok })
	if err != nil {
		t.Fatal(err)
	}
	node, err := app.New(t.Context(), c, slog.New(slog.NewTextHandler(t.Output(), nil)))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- node.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("node ended: %v", err)
		}
		http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	})
	return "http://" + node.Addr().String(), "http://" + metrics + "/metrics"
}

// wantNoRooms checks as the admin, who sees private rooms.
func wantNoRooms(t *testing.T, base string) {
	t.Helper()
	admin := client.New(base)
	if err := admin.Register(t.Context(), "admin", "correct horse"); err != nil {
		t.Fatal(err)
	}
	var out struct {
		Rooms []chat.Room `json:"rooms"`
	}
	if err := admin.Do(t.Context(), http.MethodGet, "/admin/rooms", nil, &out); err != nil {
		t.Fatal(err)
	}
	for _, room := range out.Rooms {
		t.Errorf("room %q was not removed", room.Name)
	}
}

func TestRunDeliversOnceAndCleansUp(t *testing.T) {
	base, metrics := startNode(t, nil)
	report, err := load.Run(t.Context(), load.Options{
		URLs: []string{base}, Metrics: []string{metrics}, Clients: 50, Rooms: 5, Rate: 100, For: time.Second, Seed: 1, Progress: t.Output(),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := report.Err(); err != nil {
		t.Error(err)
	}
	if m := report.Messages; m.Sent != 100 || m.Confirmed != 100 || len(m.Refused) != 0 || m.Unanswered != 0 {
		t.Errorf("messages = %+v, want 100 sent and confirmed", m)
	}
	if got, want := report.Deliveries.Count, 100*50/5; got != want {
		t.Errorf("deliveries = %d, want %d: each message for each of the ten members", got, want)
	}
	for name, l := range map[string]load.Latency{"confirmed": report.Confirmed, "delivered": report.Delivered} {
		if !(0 < l.P50 && l.P50 <= l.P99 && l.P99 <= l.P999 && l.P999 <= l.Max) {
			t.Errorf("%s = %+v, want rising times", name, l)
		}
	}
	if s := report.Server; s == nil || s.Micros <= 0 || s.FloorMicros <= 0 || s.Ratio <= 0 {
		t.Errorf("server = %+v, want its cost and the floor", s)
	}
	var table strings.Builder
	if err := report.Write(&table); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"50 in 5 rooms", "100 sent, 100 confirmed, 0 refused", "0 missing, 0 twice, 0 out of order", "× a plain write", "p99.9"} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, &table)
		}
	}
	wantNoRooms(t, base)
}

// whenTold calls do when a progress line has this prefix.
type whenTold struct {
	begin string
	do    func()
}

func (w whenTold) Write(line []byte) (int, error) {
	if strings.HasPrefix(string(line), w.begin) {
		w.do()
	}
	return len(line), nil
}

func TestStoppedRunRemovesItsRooms(t *testing.T) {
	base, _ := startNode(t, nil)
	ctx, stop := context.WithCancel(t.Context())
	_, err := load.Run(ctx, load.Options{
		URLs: []string{base}, Clients: 20, Rooms: 3, Rate: 10, For: time.Hour, Progress: whenTold{"sending", stop},
	})
	if err == nil || !strings.Contains(err.Error(), "stopped early") {
		t.Errorf("err = %v, want an error about the stop", err)
	}
	wantNoRooms(t, base)
}

func TestRoomsThatCannotBeRemovedAreReported(t *testing.T) {
	base, _ := startNode(t, nil)
	node, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(node)
	keeping := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodDelete {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(keeping.Close)
	report, err := load.Run(t.Context(), load.Options{
		URLs: []string{keeping.URL}, Clients: 4, Rooms: 1, Rate: 10, For: time.Second, Progress: io.Discard,
	})
	if err == nil || !strings.Contains(err.Error(), "room 1 could not be removed") {
		t.Errorf("err = %v, want the room that was not removed", err)
	}
	if report == nil || report.Deliveries.Count != 40 || report.Err() != nil {
		t.Errorf("report = %+v, want 40 deliveries", report)
	}
}

func TestLimitsThatPreventTheRunAreNamed(t *testing.T) {
	for variable, ask := range map[string]load.Options{
		"RATE_LIMIT_MESSAGES": {Clients: 20, Rooms: 1, Rate: 10},
		"RATE_LIMIT_ROOMS":    {Clients: 20, Rooms: 2, Rate: 1},
	} {
		t.Run(variable, func(t *testing.T) {
			base, _ := startNode(t, map[string]string{variable: "1"})
			ask.URLs, ask.For, ask.Progress = []string{base}, time.Second, io.Discard
			_, err := load.Run(t.Context(), ask)
			if err == nil || !strings.Contains(err.Error(), variable) {
				t.Errorf("err = %v, want an error that names %s", err, variable)
			}
			wantNoRooms(t, base)
		})
	}
}

func TestOptionsAreChecked(t *testing.T) {
	good := load.Options{URLs: []string{"http://localhost:5000"}, Clients: 10, Rooms: 2, Rate: 5, For: time.Second}
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		change func(o *load.Options)
		want   string // part of the error; "" for none
	}{
		{func(o *load.Options) { o.URLs = nil }, "--url"},
		{func(o *load.Options) { o.URLs = []string{"chat.example.org"} }, "--url"},
		{func(o *load.Options) { o.URLs = []string{"https://chat.example.org"} }, "--yes-this-is-my-server"},
		{func(o *load.Options) { o.URLs = append(o.URLs, "http://10.0.0.1:5000") }, "--yes-this-is-my-server"},
		{func(o *load.Options) { o.URLs, o.Mine = []string{"https://chat.example.org"}, true }, ""},
		{func(o *load.Options) { o.URLs = []string{"http://[::1]:5000", "http://localhost"} }, ""},
		{func(o *load.Options) { o.Sources = []string{"127.0.0.1", "localhost"} }, `"localhost" is not an IP address of this machine`},
		{func(o *load.Options) { o.Sources = []string{"192.0.2.7"} }, `"192.0.2.7" is not an IP address of this machine`},
		{func(o *load.Options) { o.Sources = []string{"127.0.0.1"} }, ""},
		{func(o *load.Options) { o.Profiles = "x" }, "--metrics"},
		{func(o *load.Options) { o.Clients = 0 }, "--clients"},
		{func(o *load.Options) { o.Rooms = 11 }, "--rooms"},
		{func(o *load.Options) { o.PerUser = 21 }, "--connections-per-user"},
		{func(o *load.Options) { o.PerUser = -1 }, "--connections-per-user"},
		{func(o *load.Options) { o.Rate = 0 }, "--rate"},
		{func(o *load.Options) { o.Rate = 501 }, "--rate"},
		{func(o *load.Options) { o.Rate, o.Rates = 0, []float64{5, 10} }, ""},
		{func(o *load.Options) { o.Rates = []float64{5, 5} }, "--rates"},
		{func(o *load.Options) { o.Rates = []float64{5, 501} }, "501"},
		{func(o *load.Options) { o.For = 0 }, "--for"},
		{func(o *load.Options) { o.For = time.Millisecond }, "no messages"},
		{func(o *load.Options) { o.Scenario = "rush" }, "steady, idle, many-rooms, cross-node, ingest, storm, slow-readers, history"},
		{func(o *load.Options) { o.Fill = 100 }, "--fill"},
		{func(o *load.Options) { o.Immediately = true }, "--reconnect-immediately"},
		{func(o *load.Options) { o.Scenario = "idle" }, "sends no messages"},
		{func(o *load.Options) { o.Scenario, o.Rate, o.Rates = "idle", 0, []float64{5} }, "sends no messages"},
		{func(o *load.Options) { o.Scenario, o.Rate = "idle", 0 }, ""},
		{func(o *load.Options) { o.Scenario = "cross-node" }, "two different addresses"},
		{func(o *load.Options) { o.Scenario, o.URLs = "cross-node", append(o.URLs, o.URLs[0]) }, "two different addresses"},
		{func(o *load.Options) { o.Scenario, o.URLs = "cross-node", append(o.URLs, "http://localhost:5001") }, ""},
		{func(o *load.Options) { o.Scenario, o.Rooms = "storm", 10 }, "more clients than rooms"},
		{func(o *load.Options) { o.Scenario, o.Rate = "storm", 101 }, "each of 2 clients that send"},
		{func(o *load.Options) { o.Scenario, o.Immediately = "storm", true }, ""},
		{func(o *load.Options) { o.Scenario, o.ReturnTo = "storm", "http://localhost:5001" }, ""},
		{func(o *load.Options) { o.Scenario, o.ReturnTo = "storm", "https://chat.example.org" }, "-yes-this-is-my-server"},
		{func(o *load.Options) { o.ReturnTo = "http://localhost:5001" }, "-return-to"},
		{func(o *load.Options) { o.Scenario, o.Clients, o.Rooms = "slow-readers", 1, 1 }, "two or more"},
		{func(o *load.Options) { o.Scenario, o.Fill = "history", 49 }, "--fill"},
		{func(o *load.Options) { o.Scenario, o.Fill, o.Rate = "history", 50, 2000 }, ""},
	} {
		o := good
		c.change(&o)
		err := o.Check()
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", o, err, c.want)
		}
	}
}

func TestScenariosHaveValidDefaults(t *testing.T) {
	for _, s := range load.Scenarios() {
		o := load.Options{Scenario: s.Name, URLs: []string{"http://localhost:1", "http://localhost:2"}}
		o.SetDefaults(func(string) bool { return false })
		if err := o.Check(); err != nil || o.Clients == 0 || o.Rooms == 0 || o.For == 0 {
			t.Errorf("%s: %+v, %v, want valid defaults", s.Name, o, err)
		}
		set := load.Options{Scenario: s.Name, Clients: 40, Rooms: 3, PerUser: 2, Rate: 7, For: time.Hour, Fill: 60}
		want := set
		set.SetDefaults(func(string) bool { return true })
		if set.Clients != want.Clients || set.Rooms != want.Rooms || set.PerUser != want.PerUser || set.Rate != want.Rate || set.For != want.For || set.Fill != want.Fill {
			t.Errorf("%s: %+v, want what is set", s.Name, set)
		}
	}
	rooms := load.Options{Scenario: "many-rooms", Clients: 1000}
	rooms.SetDefaults(func(flag string) bool { return flag == "clients" })
	if rooms.Rooms != 200 {
		t.Errorf("many-rooms of 1000 clients has %d rooms, want 200", rooms.Rooms)
	}
}
