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

// receiver is a program that receives events.
type receiver struct {
	*httptest.Server
	secret string
	answer func(seq chat.Seq) int // returns the status for an event; nil is 204

	mu       sync.Mutex
	accepted []body        // events answered with 2xx
	news     chan struct{} // signaled when accepted has grown
	bad      []string      // errors in requests
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
		r.fail("body %q: %v", content, err)
	}
	mac := hmac.New(sha256.New, []byte(r.secret))
	fmt.Fprintf(mac, "%s.%s", request.Header.Get("X-Chillin-Timestamp"), content)
	if want := "sha256=" + hex.EncodeToString(mac.Sum(nil)); request.Header.Get("X-Chillin-Signature") != want {
		r.fail("signature of %d = %s, want %s", b.Seq, request.Header.Get("X-Chillin-Signature"), want)
	}
	if got := request.Header.Get("X-Chillin-Event"); got != b.Event {
		r.fail("header of %d = %q, body %q", b.Seq, got, b.Event)
	}
	if r.answer != nil {
		status = r.answer(b.Seq)
	}
	if status < 300 {
		r.mu.Lock()
		r.accepted = append(r.accepted, b)
		r.mu.Unlock()
	}
	w.WriteHeader(status)
	select {
	case r.news <- struct{}{}:
	default:
	}
}

func (r *receiver) fail(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.bad = append(r.bad, fmt.Sprintf(format, args...))
}

// waitFor waits until the receiver has accepted n events and returns them.
func (r *receiver) waitFor(t *testing.T, n int) []body {
	t.Helper()
	disableAfter := time.After(20 * time.Second)
	for {
		r.mu.Lock()
		accepted := slices.Clone(r.accepted)
		r.mu.Unlock()
		if len(accepted) >= n {
			return accepted
		}
		select {
		case <-r.news:
		case <-disableAfter:
			t.Fatalf("%d events accepted, want %d", len(accepted), n)
		}
	}
}

func seqs(accepted []body) []chat.Seq {
	all := make([]chat.Seq, len(accepted))
	for i, b := range accepted {
		all[i] = b.Seq
	}
	return all
}

func wantRun(t *testing.T, accepted []body, from, to chat.Seq) {
	t.Helper()
	next := from
	for _, seq := range seqs(accepted) {
		if seq != next {
			t.Fatalf("events = %v, want %d to %d, each once", seqs(accepted), from, to)
		}
		next++
	}
	if next != to+1 {
		t.Fatalf("events = %v, want up to %d", seqs(accepted), to)
	}
}

// rig is a room with a webhook and its receiver.
type rig struct {
	t       *testing.T
	store   *store.Store
	alice   chat.UserID
	room    chat.RoomID
	queries chan struct{} // signaled after each query for due webhooks, unless full
}

// signalingQueue is a store that signals queries for due webhooks.
type signalingQueue struct {
	chat.WebhookQueue
	queries chan struct{}
}

func (s signalingQueue) Due(ctx context.Context, perCreator, limit int) ([]chat.DueWebhook, error) {
	defer func() {
		select {
		case s.queries <- struct{}{}:
		default:
		}
	}()
	return s.WebhookQueue.Due(ctx, perCreator, limit)
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

func (r *rig) send(text string) chat.Message {
	r.t.Helper()
	m, _, err := r.store.Append(r.t.Context(), chat.Draft{Room: r.room, Author: r.alice, CID: chat.CID(uuid.NewString()), Text: text, HTML: text}, chat.CanSend)
	if err != nil {
		r.t.Fatal(err)
	}
	return m
}

// dispatch runs a dispatcher with short intervals until stop or the end of the test.
func (r *rig) dispatch() (stop func()) {
	_, stop = r.run(time.Now, 20*time.Millisecond)
	return stop
}

func (r *rig) run(now func() time.Time, poll time.Duration) (d *Dispatcher, stop func()) {
	d = NewDispatcher(Deps{
		Store: signalingQueue{r.store, r.queries}, Changes: r.store, Guard: Guard{AllowPrivate: true}, Metrics: metrics.New(),
		Log: slog.New(slog.DiscardHandler), Now: now,
	})
	d.poll, d.retry.First = poll, 10*time.Millisecond
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { d.Run(ctx); close(done) }()
	stop = func() { cancel(); <-done }
	r.t.Cleanup(stop)
	return d, stop
}

// waitUntil waits until the webhook satisfies is.
func (r *rig) waitUntil(what string, is func(chat.OutgoingWebhook) bool) chat.OutgoingWebhook {
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
			r.t.Fatalf("webhook = %+v, want: %s", hooks[0], what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestChangesAreDeliveredInOrder(t *testing.T) {
	to := newReceiver(t, nil)
	r := newRig(t, to)
	r.dispatch()
	m := r.send("one")
	to.waitFor(t, 1)
	if _, _, err := r.store.Edit(t.Context(), m.Ref(), r.alice, "uno", "uno", nil); err != nil {
		t.Fatal(err)
	}
	to.waitFor(t, 2)
	if _, _, err := r.store.React(t.Context(), m.Ref(), r.alice, "👍", true, nil); err != nil {
		t.Fatal(err)
	}
	to.waitFor(t, 3)
	if _, _, err := r.store.Delete(t.Context(), m.Ref(), r.alice, nil); err != nil {
		t.Fatal(err)
	}
	accepted := to.waitFor(t, 4)
	wantRun(t, accepted, 1, 4)
	var events []string
	for _, b := range accepted {
		events = append(events, b.Event+" "+b.Message.Text)
	}
	if want := "message:new one|message:edited uno|message:reaction uno|message:deleted "; strings.Join(events, "|") != want {
		t.Fatalf("events = %q, want %q", events, want)
	}
	r.waitUntil("all delivered", func(h chat.OutgoingWebhook) bool { return h.Delivered == 4 && h.Failures == 0 })
}

// TestNothingIsLostOrReordered has several nodes for one webhook, of which one after the other stops,
// and a receiver that refuses every third event.
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
			to.waitFor(t, 10)
			stopFirst()
			r.dispatch()
		}
		r.send(fmt.Sprint(i))
	}
	wantRun(t, to.waitFor(t, n), 1, n)
}

// TestWakeDeliversWithoutPolling also covers changes that happened while the webhook was leased.
func TestWakeDeliversWithoutPolling(t *testing.T) {
	arrived, goOn := make(chan struct{}), make(chan struct{})
	to := newReceiver(t, func(seq chat.Seq) int {
		if seq == 1 {
			close(arrived)
			<-goOn
		}
		return http.StatusOK
	})
	r := newRig(t, to)
	r.send("one")
	d, _ := r.run(time.Now, time.Hour)
	<-r.queries
	<-arrived
	r.send("two")
	d.Wake()
	<-r.queries // the webhook is leased
	close(goOn)
	wantRun(t, to.waitFor(t, 2), 1, 2)
}

func TestGoneReceiverIsDisabled(t *testing.T) {
	to := newReceiver(t, func(chat.Seq) int { return http.StatusGone })
	r := newRig(t, to)
	r.dispatch()
	r.send("one")
	if h := r.waitUntil("disabled", func(h chat.OutgoingWebhook) bool { return h.DisabledAt != 0 }); h.Delivered != 0 || h.LastError != "answered 410 Gone" {
		t.Fatalf("hook = %+v", h)
	}
}

func TestReceiverThatFailsForDaysIsDisabled(t *testing.T) {
	to := newReceiver(t, func(chat.Seq) int { return http.StatusInternalServerError })
	r := newRig(t, to)
	stop := r.dispatch()
	r.send("one")
	r.waitUntil("fails", func(h chat.OutgoingWebhook) bool {
		return h.Failures > 1 && h.LastError == "answered 500 Internal Server Error"
	})
	stop()
	r.run(func() time.Time { return time.Now().Add(disableAfter) }, 20*time.Millisecond)
	r.waitUntil("disabled", func(h chat.OutgoingWebhook) bool { return h.DisabledAt != 0 })
}

func TestRedirectIsNotFollowed(t *testing.T) {
	elsewhere := newReceiver(t, nil)
	to := newReceiver(t, nil)
	r := newRig(t, to)
	to.Config.Handler = http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect)
	r.dispatch()
	r.send("one")
	r.waitUntil("failing", func(h chat.OutgoingWebhook) bool { return h.LastError == "answered 307 Temporary Redirect" })
	if accepted := elsewhere.waitFor(t, 0); len(accepted) != 0 {
		t.Fatalf("elsewhere got %v, want nothing", seqs(accepted))
	}
}

func TestEndlessResponseDoesNotDelayOthers(t *testing.T) {
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
	r.send("one")
	began := time.Now()
	r.waitUntil("delivers", func(h chat.OutgoingWebhook) bool { return h.Delivered == 1 })
	if took := time.Since(began); took > sendTime/2 {
		t.Fatalf("delivered after %v, want immediately", took)
	}
}

func TestNumbersWithoutAMessageAreSkipped(t *testing.T) {
	to := newReceiver(t, nil)
	r := newRig(t, to)
	trimmed := func(_ context.Context, _ chat.RoomID, _ chat.UserID, q chat.ChangesQuery) (chat.Changes, error) {
		return chat.Changes{From: q.Since, To: 1, Head: 1}, nil
	}
	d := NewDispatcher(Deps{Store: r.store, Changes: changesFunc(trimmed), Metrics: metrics.New(), Log: slog.New(slog.DiscardHandler), Now: time.Now})
	r.send("one")
	due, err := d.Due(t.Context())
	if err != nil || len(due) != 1 {
		t.Fatalf("due = %+v, %v, want one webhook", due, err)
	}
	turns, err := d.Claim(t.Context(), []int64{due[0].ID})
	if err != nil || len(turns) != 1 {
		t.Fatalf("turns = %+v, %v, want one", turns, err)
	}
	turns[0].Run(t.Context())
	r.waitUntil("numbers skipped", func(h chat.OutgoingWebhook) bool { return h.Delivered == 1 })
	if accepted := to.waitFor(t, 0); len(accepted) != 0 {
		t.Fatalf("events = %v, want none", seqs(accepted))
	}
}

type changesFunc func(ctx context.Context, room chat.RoomID, viewer chat.UserID, q chat.ChangesQuery) (chat.Changes, error)

func (f changesFunc) Changes(ctx context.Context, room chat.RoomID, viewer chat.UserID, q chat.ChangesQuery) (chat.Changes, error) {
	return f(ctx, room, viewer, q)
}

func TestRetriesGrowToAnHour(t *testing.T) {
	d := NewDispatcher(Deps{})
	for failures, want := range map[int]time.Duration{0: time.Second, 1: 2 * time.Second, 5: 32 * time.Second, 11: 2048 * time.Second, 12: time.Hour, 99: time.Hour} {
		if got := d.retry.After(failures); got != want {
			t.Errorf("after %d failures: %v, want %v", failures, got, want)
		}
	}
}

// TestSlowReceiversDelayOnlyTheirCreator has more webhooks of one creator at a host that does not
// answer than there are workers.
func TestSlowReceiversDelayOnlyTheirCreator(t *testing.T) {
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
	for range 3 { // the slow ones have been claimed
		<-r.queries
	}
	r.send("one")
	began := time.Now()
	wantRun(t, to.waitFor(t, 1), 1, 1)
	if took := time.Since(began); took > sendTime/2 {
		t.Fatalf("delivered after %v, want immediately", took)
	}
}

func TestReasonsDoNotRevealInternalNames(t *testing.T) {
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
