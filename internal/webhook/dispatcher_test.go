package webhook

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/metrics"
	"github.com/chillin-chat/chillin/internal/store"
	"github.com/chillin-chat/chillin/internal/store/schema"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// receiver is a program that is told what happens.
type receiver struct {
	*httptest.Server
	secret string
	answer func(seq chat.Seq) int // the status; nil is 204

	mu   sync.Mutex
	took []body        // with 2xx
	news chan struct{} // has one element when took has grown
	bad  []string      // what was wrong with requests
}

func newReceiver(t *testing.T, answer func(seq chat.Seq) int) *receiver {
	r := &receiver{answer: answer, news: make(chan struct{}, 1)}
	r.Server = httptest.NewServer(r)
	t.Cleanup(func() {
		r.Close()
		for _, bad := range r.bad {
			t.Error(bad)
		}
	})
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	content, _ := io.ReadAll(request.Body)
	var b body
	status := http.StatusNoContent
	if err := json.Unmarshal(content, &b); err != nil {
		r.fault("body %q: %v", content, err)
	}
	mac := hmac.New(sha256.New, []byte(r.secret))
	fmt.Fprintf(mac, "%s.%s", request.Header.Get("X-Chillin-Timestamp"), content)
	if want := "sha256=" + hex.EncodeToString(mac.Sum(nil)); request.Header.Get("X-Chillin-Signature") != want {
		r.fault("signature of %d = %s, want %s", b.Seq, request.Header.Get("X-Chillin-Signature"), want)
	}
	if got := request.Header.Get("X-Chillin-Event"); got != b.Event {
		r.fault("header of %d says %q, body %q", b.Seq, got, b.Event)
	}
	if r.answer != nil {
		status = r.answer(b.Seq)
	}
	if status < 300 {
		r.mu.Lock()
		r.took = append(r.took, b)
		r.mu.Unlock()
	}
	w.WriteHeader(status)
	select {
	case r.news <- struct{}{}:
	default:
	}
}

func (r *receiver) fault(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.bad = append(r.bad, fmt.Sprintf(format, args...))
}

// has waits until the receiver has taken n events and returns them.
func (r *receiver) has(t *testing.T, n int) []body {
	t.Helper()
	patience := time.After(20 * time.Second)
	for {
		r.mu.Lock()
		took := slices.Clone(r.took)
		r.mu.Unlock()
		if len(took) >= n {
			return took
		}
		select {
		case <-r.news:
		case <-patience:
			t.Fatalf("%d events taken, want %d", len(took), n)
		}
	}
}

func seqs(took []body) []chat.Seq {
	all := make([]chat.Seq, len(took))
	for i, b := range took {
		all[i] = b.Seq
	}
	return all
}

func wantRun(t *testing.T, took []body, from, to chat.Seq) {
	t.Helper()
	next := from
	for _, seq := range seqs(took) {
		if seq != next {
			t.Fatalf("events = %v, want %d to %d, each once", seqs(took), from, to)
		}
		next++
	}
	if next != to+1 {
		t.Fatalf("events = %v, want up to %d", seqs(took), to)
	}
}

// rig is a room with a hook to a receiver.
type rig struct {
	t     *testing.T
	store *store.Store
	alice chat.UserID
	room  chat.RoomID
	looks chan struct{} // gets an element after each look for due hooks, while there is room
}

// seen is a store that tells of looks for due hooks.
type seen struct {
	chat.WebhookQueue
	looks chan struct{}
}

func (s seen) Due(ctx context.Context, perMaker, limit int) ([]chat.DueWebhook, error) {
	defer func() {
		select {
		case s.looks <- struct{}{}:
		default:
		}
	}()
	return s.WebhookQueue.Due(ctx, perMaker, limit)
}

func newRig(t *testing.T, to *receiver) *rig {
	t.Helper()
	dir := t.TempDir()
	migrator, err := schema.OpenSQLite(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := migrator.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	_ = migrator.Close()
	s, err := store.OpenSQLite(t.Context(), dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	caller, err := s.Register(t.Context(), chat.NewAccount{Username: "alice", DisplayName: "Alice", PasswordHash: "x"},
		chat.NewSession{TokenHash: make([]byte, 32), ExpiresAt: chat.NoExpiry})
	if err != nil {
		t.Fatal(err)
	}
	room, _, err := s.CreateRoom(t.Context(), chat.NewRoom{Name: "Lobby", NameKey: "lobby", Owner: caller.User.ID})
	if err != nil {
		t.Fatal(err)
	}
	to.secret = "the secret"
	_, err = s.CreateOutgoing(t.Context(), chat.NewOutgoingWebhook{Room: room.ID, URL: to.URL + "/in", Secret: to.secret}, caller.User.ID, nil)
	if err != nil {
		t.Fatal(err)
	}
	return &rig{t, s, caller.User.ID, room.ID, make(chan struct{}, 100)}
}

func (r *rig) say(text string) chat.Message {
	r.t.Helper()
	m, _, err := r.store.Append(r.t.Context(), chat.Draft{Room: r.room, Author: r.alice, CID: chat.CID(uuid.NewString()), Text: text, HTML: text}, chat.CanSend)
	if err != nil {
		r.t.Fatal(err)
	}
	return m
}

// dispatch runs a dispatcher in a hurry until stop or the end of the test.
func (r *rig) dispatch() (stop func()) {
	_, stop = r.run(time.Now, 20*time.Millisecond)
	return stop
}

func (r *rig) run(now func() time.Time, poll time.Duration) (d *Dispatcher, stop func()) {
	d = NewDispatcher(Deps{
		Store: seen{r.store, r.looks}, Changes: r.store, Guard: Guard{AllowPrivate: true}, Metrics: metrics.New(),
		Log: slog.New(slog.DiscardHandler), Now: now,
	})
	d.poll, d.retry = poll, 10*time.Millisecond
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { d.Run(ctx); close(done) }()
	stop = func() { cancel(); <-done }
	r.t.Cleanup(stop)
	return d, stop
}

// becomes waits until the hook is as asked.
func (r *rig) becomes(what string, is func(chat.OutgoingWebhook) bool) chat.OutgoingWebhook {
	r.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		hooks, err := r.store.Outgoing(r.t.Context(), r.room)
		if err != nil || len(hooks) != 1 {
			r.t.Fatalf("hooks = %+v, %v", hooks, err)
		}
		if is(hooks[0]) {
			return hooks[0]
		}
		if time.Now().After(deadline) {
			r.t.Fatalf("hook = %+v, want that it %s", hooks[0], what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestEveryChangeIsDeliveredInOrder(t *testing.T) {
	to := newReceiver(t, nil)
	r := newRig(t, to)
	r.dispatch()
	m := r.say("one")
	to.has(t, 1)
	if _, _, err := r.store.Edit(t.Context(), m.Ref(), r.alice, "uno", "uno", nil); err != nil {
		t.Fatal(err)
	}
	to.has(t, 2)
	if _, _, err := r.store.React(t.Context(), m.Ref(), r.alice, "👍", true, nil); err != nil {
		t.Fatal(err)
	}
	to.has(t, 3)
	if _, _, err := r.store.Delete(t.Context(), m.Ref(), r.alice, nil); err != nil {
		t.Fatal(err)
	}
	took := to.has(t, 4)
	wantRun(t, took, 1, 4)
	var told []string
	for _, b := range took {
		told = append(told, b.Event+" "+b.Message.Text)
	}
	if want := "message:new one|message:edited uno|message:reaction uno|message:deleted "; strings.Join(told, "|") != want {
		t.Fatalf("told %q, want %q", told, want)
	}
	r.becomes("has delivered all", func(h chat.OutgoingWebhook) bool { return h.Delivered == 4 && h.Failures == 0 })
}

// TestNothingIsLostOrReordered has several nodes at one hook, of which one after the
// other stops, and a receiver that refuses every third try.
func TestNothingIsLostOrReordered(t *testing.T) {
	var mu sync.Mutex
	random := rand.New(rand.NewPCG(3, 3))
	to := newReceiver(t, func(chat.Seq) int {
		mu.Lock()
		defer mu.Unlock()
		if random.IntN(3) == 0 {
			return http.StatusServiceUnavailable
		}
		return http.StatusOK
	})
	r := newRig(t, to)
	stopFirst := r.dispatch()
	const n = 120
	for i := range n {
		switch i {
		case 40:
			r.dispatch()
		case 60:
			to.has(t, 10)
			stopFirst()
			r.dispatch()
		}
		r.say(fmt.Sprint(i))
	}
	wantRun(t, to.has(t, n), 1, n)
}

// TestWhoIsWokenNeedsNoPoll: also for what happened while the hook was taken.
func TestWhoIsWokenNeedsNoPoll(t *testing.T) {
	arrived, goOn := make(chan struct{}), make(chan struct{})
	to := newReceiver(t, func(seq chat.Seq) int {
		if seq == 1 {
			close(arrived)
			<-goOn
		}
		return http.StatusOK
	})
	r := newRig(t, to)
	r.say("one")
	d, _ := r.run(time.Now, time.Hour)
	<-r.looks
	<-arrived
	r.say("two")
	d.Wake()
	<-r.looks // it has found the hook taken
	close(goOn)
	wantRun(t, to.has(t, 2), 1, 2)
}

func TestAReceiverThatIsGoneIsGivenUp(t *testing.T) {
	to := newReceiver(t, func(chat.Seq) int { return http.StatusGone })
	r := newRig(t, to)
	r.dispatch()
	r.say("one")
	if h := r.becomes("is given up", func(h chat.OutgoingWebhook) bool { return h.DisabledAt != 0 }); h.Delivered != 0 || h.LastError != "answered 410 Gone" {
		t.Fatalf("hook = %+v", h)
	}
}

func TestAReceiverThatFailsForDaysIsGivenUp(t *testing.T) {
	to := newReceiver(t, func(chat.Seq) int { return http.StatusInternalServerError })
	r := newRig(t, to)
	stop := r.dispatch()
	r.say("one")
	r.becomes("fails", func(h chat.OutgoingWebhook) bool {
		return h.Failures > 1 && h.LastError == "answered 500 Internal Server Error"
	})
	stop()
	r.run(func() time.Time { return time.Now().Add(patience) }, 20*time.Millisecond)
	r.becomes("is given up", func(h chat.OutgoingWebhook) bool { return h.DisabledAt != 0 })
}

func TestARedirectIsNotFollowed(t *testing.T) {
	elsewhere := newReceiver(t, nil)
	to := newReceiver(t, nil)
	r := newRig(t, to)
	to.Config.Handler = http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect)
	r.dispatch()
	r.say("one")
	r.becomes("fails", func(h chat.OutgoingWebhook) bool { return h.LastError == "answered 307 Temporary Redirect" })
	if took := elsewhere.has(t, 0); len(took) != 0 {
		t.Fatalf("elsewhere got %v, want nothing", seqs(took))
	}
}

func TestAnEndlessAnswerHoldsNobodyUp(t *testing.T) {
	to := newReceiver(t, nil)
	r := newRig(t, to)
	over := make(chan struct{})
	defer close(over)
	to.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		_, _ = w.Write(make([]byte, 2*maxResponse))
		_ = http.NewResponseController(w).Flush()
		select {
		case <-over:
		case <-request.Context().Done():
		}
	})
	r.dispatch()
	r.say("one")
	began := time.Now()
	r.becomes("delivers", func(h chat.OutgoingWebhook) bool { return h.Delivered == 1 })
	if took := time.Since(began); took > sendTime/2 {
		t.Fatalf("delivered after %v, want at once", took)
	}
}

func TestNumbersWithoutABearerArePassedOver(t *testing.T) {
	to := newReceiver(t, nil)
	r := newRig(t, to)
	trimmed := func(_ context.Context, _ chat.RoomID, _ chat.UserID, since chat.Seq, _ int) (chat.Changes, error) {
		return chat.Changes{From: since, To: 1, Head: 1}, nil
	}
	d := NewDispatcher(Deps{Store: r.store, Changes: changesFunc(trimmed), Metrics: metrics.New(), Log: slog.New(slog.DiscardHandler), Now: time.Now})
	r.say("one")
	for _, turn := range d.take(t.Context()) {
		d.serve(t.Context(), turn)
	}
	r.becomes("is past them", func(h chat.OutgoingWebhook) bool { return h.Delivered == 1 })
	if took := to.has(t, 0); len(took) != 0 {
		t.Fatalf("told %v, want nothing", seqs(took))
	}
}

type changesFunc func(ctx context.Context, room chat.RoomID, viewer chat.UserID, since chat.Seq, limit int) (chat.Changes, error)

func (f changesFunc) Changes(ctx context.Context, room chat.RoomID, viewer chat.UserID, since chat.Seq, limit int) (chat.Changes, error) {
	return f(ctx, room, viewer, since, limit)
}

func TestRetriesGrowToAnHour(t *testing.T) {
	d := &Dispatcher{retry: firstRetry}
	for failures, want := range map[int]time.Duration{0: time.Second, 1: 2 * time.Second, 5: 32 * time.Second, 11: 2048 * time.Second, 12: time.Hour, 99: time.Hour} {
		if got := d.retryAfter(failures); got != want {
			t.Errorf("after %d failures: %v, want %v", failures, got, want)
		}
	}
}

// TestSlowReceiversDelayOnlyTheirMaker has more webhooks of one maker at a host that
// does not answer than there are workers.
func TestSlowReceiversDelayOnlyTheirMaker(t *testing.T) {
	over := make(chan struct{})
	slow := newReceiver(t, nil)
	slow.Config.Handler = http.HandlerFunc(func(_ http.ResponseWriter, request *http.Request) {
		select {
		case <-over:
		case <-request.Context().Done():
		}
	})
	defer close(over)
	to := newReceiver(t, nil)
	r := newRig(t, to)
	mallory, err := r.store.Register(t.Context(), chat.NewAccount{Username: "mallory", DisplayName: "Mallory", PasswordHash: "x"},
		chat.NewSession{TokenHash: []byte(strings.Repeat("m", 32)), ExpiresAt: chat.NoExpiry})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 2 * workers / chat.MaxWebhooks {
		name := fmt.Sprint("slow ", i)
		room, _, err := r.store.CreateRoom(t.Context(), chat.NewRoom{Name: name, NameKey: name, Owner: mallory.User.ID})
		if err != nil {
			t.Fatal(err)
		}
		for range chat.MaxWebhooks {
			_, err = r.store.CreateOutgoing(t.Context(), chat.NewOutgoingWebhook{Room: room.ID, URL: strings.Replace(slow.URL, "127.0.0.1", "localhost", 1), Secret: "s"}, mallory.User.ID, nil)
			if err != nil {
				t.Fatal(err)
			}
		}
		_, _, err = r.store.Append(t.Context(), chat.Draft{Room: room.ID, Author: mallory.User.ID, CID: chat.CID(uuid.NewString()), Text: "x", HTML: "x"}, chat.CanSend)
		if err != nil {
			t.Fatal(err)
		}
	}
	r.dispatch()
	for range 3 { // the slow ones have been taken
		<-r.looks
	}
	r.say("one")
	began := time.Now()
	wantRun(t, to.has(t, 1), 1, 1)
	if took := time.Since(began); took > sendTime/2 {
		t.Fatalf("delivered after %v, want at once", took)
	}
}

func TestReasonsDoNotTellInnerNamesApart(t *testing.T) {
	reasons := map[string]bool{}
	for _, host := range []string{"localhost", "does-not-exist.invalid", "127.0.0.1", "[::1]"} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+host+":9/", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := Guard{}.client().Do(request)
		if err == nil {
			_ = answer.Body.Close()
			t.Fatalf("%s was reached", host)
		}
		reasons[explain(err).Error()] = true
	}
	for _, err := range []error{&net.DNSError{IsTimeout: true}, &net.DNSError{IsNotFound: true}, errForbidden, syscall.ECONNREFUSED, syscall.EHOSTUNREACH} {
		reasons[explain(err).Error()] = true
	}
	if len(reasons) != 1 {
		t.Fatalf("reasons = %v, want one for all", slices.Collect(maps.Keys(reasons)))
	}
}
