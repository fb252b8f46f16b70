package app_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/client"
)

type incomingHook struct {
	chat.IncomingWebhook
	URL   string `json:"url"`
	Token string `json:"token"`
}

func (p *testUser) incoming(room chat.RoomID, name string) incomingHook {
	p.t.Helper()
	var made struct {
		Webhook incomingHook `json:"webhook"`
	}
	err := p.Client.Do(ctx(p.t), http.MethodPost, path("/rooms/%d/webhooks/incoming", room), map[string]string{"name": name}, &made)
	if err != nil {
		p.t.Fatalf("create webhook: %v", err)
	}
	return made.Webhook
}

// post posts to a webhook like a program that knows only its URL.
func post(t *testing.T, url, key, body string) (int, chat.Message) {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx(t), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	if key != "" {
		request.Header.Set("Idempotency-Key", key)
	}
	answer, data := fetchOnce(t, request)
	var out struct {
		Message chat.Message `json:"message"`
	}
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatalf("response to %.100q: %v", body, err)
	}
	return answer.StatusCode, out.Message
}

// postPatiently posts with a key, again while the node is unavailable: a busy one stores a part of a long
// text each time, or everything without an answer. It returns 201 if everything was stored.
func postPatiently(t *testing.T, url, body string) (int, chat.Message) {
	t.Helper()
	key := uuid.NewString()
	status, m := post(t, url, key, body)
	for deadline := ctx(t); status == http.StatusServiceUnavailable && deadline.Err() == nil; {
		if status, m = post(t, url, key, body); status == http.StatusOK {
			status = http.StatusCreated
		}
	}
	return status, m
}

func TestIncomingWebhook(t *testing.T) {
	onBothDeployments(t, func(d *deployment) {
		alice := d.user("alice", 0)
		room := alice.room("Lobby", map[string]any{"private": true})
		alice.join(room.ID, nil)
		hook := alice.incoming(room.ID, "Build server")
		if joined := alice.receives(1); joined.System == nil || joined.System.UserID != hook.UserID {
			d.t.Fatalf("message = %+v, want that the bot joined", joined)
		}
		if hook.URL != d.nodes[0]+"/api/v1/hooks/"+hook.Token || len(hook.Token) < 22 {
			d.t.Fatalf("webhook = %+v", hook)
		}
		other := strings.Replace(hook.URL, d.nodes[0], d.nodes[len(d.nodes)-1], 1)

		status, first := post(d.t, other, "", `{"text":"build **green**"}`)
		if m := alice.receives(2); status != http.StatusCreated || m.ID != first.ID || m.Author.DisplayName != "Build server" || m.Text != "build **green**" {
			d.t.Fatalf("%d, received %+v", status, m)
		}
		post(d.t, hook.URL, "", `{"text":"build **green**"}`)
		alice.receives(3) // without a key every post is a new message
		cid := uuid.NewString()
		for _, again := range []struct{ key, body string }{
			{"", path(`{"text":"once","cid":%q}`, cid)}, {"other", path(`{"text":"once","cid":%q}`, cid)},
			{"run 7", `{"text":"by key"}`}, {"run 7", `{"text":"by key"}`},
		} {
			status, m := post(d.t, other, again.key, again.body)
			if status == http.StatusCreated {
				alice.receives(m.Seq)
			} else if status != http.StatusOK {
				d.t.Fatalf("%+v: %d", again, status)
			}
		}
		history, err := alice.History(ctx(d.t), room.ID, "limit=100")
		if err != nil || texts(history) != "build **green** build **green** once by key" {
			d.t.Fatalf("history = %q, %v", texts(history), err)
		}

		for body, want := range map[string]int{
			path(`{"text":"another","cid":%q}`, cid): http.StatusConflict,
			`{"text":"x","cid":"7"}`:                 http.StatusUnprocessableEntity,
			`{"text":" "}`:                           http.StatusUnprocessableEntity,
			`{"text":7}`:                             http.StatusUnprocessableEntity,
			`{"text":"x"`:                            http.StatusUnprocessableEntity,
			`{"text":"x","text":"y"}`:                http.StatusUnprocessableEntity,
			`{"text":"` + strings.Repeat("x", 257<<10) + `"}`:               http.StatusRequestEntityTooLarge,
			`{"text":"` + strings.Repeat("x", 200<<10) + `"}`:               http.StatusUnprocessableEntity,
			`{"event":"message:new","roomId":1,"seq":2,"message":{"id":7}}`: http.StatusUnprocessableEntity,
		} {
			if status, _ := post(d.t, hook.URL, "", body); status != want {
				d.t.Errorf("%.60q: %d, want %d", body, status, want)
			}
		}
		if status, _ := post(d.t, hook.URL[:len(hook.URL)-1], "", `{"text":"x"}`); status != http.StatusNotFound {
			d.t.Errorf("another token: %d, want 404", status)
		}

		if err := alice.Client.Do(ctx(d.t), http.MethodDelete, path("/rooms/%d/webhooks/incoming/%d", room.ID, hook.ID), nil, nil); err != nil {
			d.t.Fatal(err)
		}
		for _, url := range []string{hook.URL, other} {
			if status, _ := post(d.t, url, "", `{"text":"late"}`); status != http.StatusNotFound {
				d.t.Errorf("after delete: %d, want 404", status)
			}
		}
	})
}

// What tools send becomes messages of the webhook's bot: a long text several of them, once.
func TestIncomingWebhookFormats(t *testing.T) {
	onBothDeployments(t, func(d *deployment) {
		alice := d.user("alice", 0)
		room := alice.room("Lobby", nil)
		alice.join(room.ID, nil)
		hook := alice.incoming(room.ID, "CI")
		alice.receives(1)
		seq := chat.Seq(1)
		for _, c := range []struct{ path, body, want string }{
			{"", `{"text":"<https://ci.example/7|build 7>","username":"alice","icon_emoji":":x:"}`, "**alice**\n[build 7](https://ci.example/7)"},
			{"", `{"text":"same name","username":"ci"}`, "same name"},
			{"/slack", `{"text":"*bold*"}`, "**bold**"},
			{"/discord", `{"content":"hello","embeds":[]}`, "hello"},
			{"/github", `{"zen":"Calm.","repository":{"full_name":"a/b"}}`, "**a/b**"},
			{"/grafana", `{"title":"Disk","message":"full","state":"alerting"}`, "**Disk**\nfull"},
			{"/alertmanager", `{"version":"4","status":"resolved","alerts":[],"commonLabels":{"alertname":"Up"}}`, "**(RESOLVED) Up**"},
		} {
			status, _ := postPatiently(d.t, hook.URL+c.path, c.body)
			seq++
			if m := alice.receives(seq); status != http.StatusCreated || m.Text != c.want || m.Author.ID != hook.UserID || m.Author.DisplayName != "CI" {
				d.t.Fatalf("%s %s = %d, received %+v, want %q by the bot", c.path, c.body, status, m, c.want)
			}
		}
		words := strings.Repeat("word ", 900)
		first := chat.Message{}
		for _, want := range []int{http.StatusCreated, http.StatusOK} {
			status, m := post(d.t, hook.URL, "once", `{"text":"`+words+`"}`)
			if first.ID == 0 {
				first = m
			}
			if status != want || m.ID != first.ID {
				d.t.Errorf("long text = %d, message %d, want %d and message %d", status, m.ID, want, first.ID)
			}
		}
		all := ""
		for range 3 {
			seq++
			all += alice.receives(seq).Text + " "
		}
		if all != words {
			d.t.Errorf("received %d characters, want all %d", len(all), len(words))
		}
		history, err := alice.History(ctx(d.t), room.ID, "limit=100")
		if err != nil || len(history) != int(seq) {
			d.t.Errorf("%d messages, %v, want %d", len(history), err, seq)
		}
		if status, _ := postPatiently(d.t, hook.URL, `{"text":"`+strings.Repeat("x", 100_000)+`"}`); status != http.StatusCreated {
			d.t.Errorf("100,000 characters = %d, want 201", status)
		}
	})
}

func TestOnlyRoomAdminsManageWebhooks(t *testing.T) {
	onBothDeployments(t, func(d *deployment) {
		alice, bob, carol := d.user("alice", 0), d.user("bob", 1), d.user("carol", 0)
		room := alice.room("Lobby", nil)
		hidden := alice.room("Hidden", map[string]any{"private": true})
		bob.join(room.ID, nil)
		hook := alice.incoming(room.ID, "CI")
		guest := newClient(d.nodes[0])
		if err := guest.Guest(ctx(d.t), "Guest"); err != nil {
			d.t.Fatal(err)
		}
		den, err := guest.CreateRoom(ctx(d.t), "Den", nil)
		if err != nil {
			d.t.Fatal(err)
		}
		for _, c := range []struct {
			who  *client.Client
			room chat.RoomID
			want chat.Code
		}{
			{bob.Client, room.ID, chat.Forbidden}, {carol.Client, room.ID, chat.NotAMember},
			{carol.Client, hidden.ID, chat.NotFound}, {guest, den.ID, chat.Forbidden},
		} {
			in, out := path("/rooms/%d/webhooks/incoming", c.room), path("/rooms/%d/webhooks/outgoing", c.room)
			wantCode(d.t, c.who.Do(ctx(d.t), http.MethodPost, in, map[string]string{"name": "X"}, nil), c.want)
			wantCode(d.t, c.who.Do(ctx(d.t), http.MethodPost, out, map[string]string{"url": "https://example.org/"}, nil), c.want)
			if c.who == guest {
				continue
			}
			wantCode(d.t, c.who.Do(ctx(d.t), http.MethodGet, in, nil, nil), c.want)
			wantCode(d.t, c.who.Do(ctx(d.t), http.MethodGet, out, nil, nil), c.want)
			wantCode(d.t, c.who.Do(ctx(d.t), http.MethodDelete, path("%s/%d", in, hook.ID), nil, nil), c.want)
			wantCode(d.t, c.who.Do(ctx(d.t), http.MethodDelete, path("%s/%d", out, hook.ID), nil, nil), c.want)
		}
		var raw json.RawMessage
		if err := alice.Client.Do(ctx(d.t), http.MethodGet, path("/rooms/%d/webhooks/incoming", room.ID), nil, &raw); err != nil {
			d.t.Fatal(err)
		}
		if !bytes.Contains(raw, []byte(`"name":"CI"`)) || bytes.Contains(raw, []byte(hook.Token)) || bytes.Contains(raw, []byte("token")) {
			d.t.Fatalf("list = %s, want the hook without its token", raw)
		}
		for _, url := range []string{"http://127.0.0.1:6379/", "http://169.254.169.254/", "file:///etc/passwd", ""} {
			wantCode(d.t, alice.Client.Do(ctx(d.t), http.MethodPost, path("/rooms/%d/webhooks/outgoing", room.ID),
				map[string]string{"url": url}, nil), chat.BadRequest)
		}
	})
}

// webhookEvent is the payload of an outgoing webhook.
type webhookEvent struct {
	Event   string       `json:"event"`
	RoomID  chat.RoomID  `json:"roomId"`
	Seq     chat.Seq     `json:"seq"`
	Message chat.Message `json:"message"`
}

// receiver is an external program. It verifies the signature and accepts events unless refuses was
// called.
type receiver struct {
	*httptest.Server
	heard chan webhookEvent

	mu     sync.Mutex
	secret string
	refuse bool
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{heard: make(chan webhookEvent, 1000)}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		content, _ := io.ReadAll(request.Body)
		r.mu.Lock()
		defer r.mu.Unlock()
		mac := hmac.New(sha256.New, []byte(r.secret))
		mac.Write([]byte(request.Header.Get("X-Chillin-Timestamp") + "." + string(content)))
		var e webhookEvent
		switch {
		case request.Header.Get("X-Chillin-Signature") != "sha256="+hex.EncodeToString(mac.Sum(nil)):
			t.Errorf("the signature of %q is wrong", content)
		case json.Unmarshal(content, &e) != nil || e.Event != request.Header.Get("X-Chillin-Event"):
			t.Errorf("body %q with event %q", content, request.Header.Get("X-Chillin-Event"))
		case r.refuse:
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		r.heard <- e
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) refuses(yes bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refuse = yes
}

// receives returns the next event and fails unless it has number seq.
func (r *receiver) receives(t *testing.T, seq chat.Seq) webhookEvent {
	t.Helper()
	select {
	case e := <-r.heard:
		if e.Seq != seq {
			t.Fatalf("received %d, want %d", e.Seq, seq)
		}
		return e
	case <-time.After(20 * time.Second):
		t.Fatalf("received nothing, want %d", seq)
	}
	return webhookEvent{}
}

func (p *testUser) outgoing(room chat.RoomID, to *receiver) chat.OutgoingWebhook {
	p.t.Helper()
	var made struct {
		Webhook struct {
			chat.OutgoingWebhook
			Secret string `json:"secret"`
		} `json:"webhook"`
	}
	to.mu.Lock() // the first event may arrive before the response
	defer to.mu.Unlock()
	err := p.Client.Do(ctx(p.t), http.MethodPost, path("/rooms/%d/webhooks/outgoing", room), map[string]string{"url": to.URL + "/in"}, &made)
	if err != nil || made.Webhook.Secret == "" {
		p.t.Fatalf("create webhook: %+v, %v", made, err)
	}
	to.secret = made.Webhook.Secret
	return made.Webhook.OutgoingWebhook
}

var allowPrivate = map[string]string{"WEBHOOK_ALLOW_PRIVATE": "true"}

func TestOutgoingWebhook(t *testing.T) {
	t.Parallel()
	for _, kind := range deployments {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			d := kind.open(t, allowPrivate)
			alice, bob := d.user("alice", 0), d.user("bob", 1)
			room, to := alice.room("Lobby", nil), newReceiver(t)
			alice.send(room.ID, "before")
			hook := alice.outgoing(room.ID, to)
			bob.join(room.ID, nil)
			if e := to.receives(t, 2); e.Message.System == nil || e.Message.System.Action != chat.Joined {
				t.Fatalf("received %+v, want that bob joined", e)
			}
			said := bob.send(room.ID, "hello")
			if e := to.receives(t, 3); e.Event != "message:new" || e.RoomID != room.ID || e.Message.ID != said.ID || e.Message.Author.Username != "bob" {
				t.Fatalf("received %+v, want bob's message", e)
			}
			if err := bob.Client.Do(ctx(t), http.MethodPut, path("/messages/%d/reactions/👍", said.ID), nil, nil); err != nil {
				t.Fatal(err)
			}
			if e := to.receives(t, 4); e.Event != "message:reaction" || e.Message.Reactions[0].Me {
				t.Fatalf("received %+v, want the reaction, not as the reader's own", e)
			}
			if err := alice.Client.Do(ctx(t), http.MethodDelete, path("/messages/%d", said.ID), nil, nil); err != nil {
				t.Fatal(err)
			}
			if e := to.receives(t, 5); e.Event != "message:deleted" || e.Message.Text != "" {
				t.Fatalf("received %+v, want the deletion", e)
			}

			to.refuses(true)
			alice.send(room.ID, "unheard")
			for h := (chat.OutgoingWebhook{}); h.Failures == 0; {
				h = alice.outgoingState(room.ID)
				if h.Failures > 0 && (h.LastError != "answered 503 Service Unavailable" || h.NextTryAt == 0 || h.Delivered != 5) {
					t.Fatalf("hook = %+v", h)
				}
			}
			to.refuses(false)
			to.receives(t, 6)
			if err := alice.Client.Do(ctx(t), http.MethodDelete, path("/rooms/%d/webhooks/outgoing/%d", room.ID, hook.ID), nil, nil); err != nil {
				t.Fatal(err)
			}
			next := newReceiver(t)
			alice.outgoing(room.ID, next)
			alice.send(room.ID, "later")
			next.receives(t, 7)
			if len(to.heard) != 0 {
				t.Fatalf("the deleted webhook received %+v", <-to.heard)
			}
		})
	}
}

func (p *testUser) outgoingState(room chat.RoomID) chat.OutgoingWebhook {
	p.t.Helper()
	var list struct {
		Webhooks []chat.OutgoingWebhook `json:"webhooks"`
	}
	err := p.Client.Do(ctx(p.t), http.MethodGet, path("/rooms/%d/webhooks/outgoing", room), nil, &list)
	if err != nil || len(list.Webhooks) != 1 {
		p.t.Fatalf("webhooks = %+v, %v, want one", list, err)
	}
	return list.Webhooks[0]
}

// TestStopLosesNoWebhookEvents stops a node in the middle of deliveries: the other node, or the
// restarted one, continues.
func TestStopLosesNoWebhookEvents(t *testing.T) {
	t.Parallel()
	t.Run("one embedded node", func(t *testing.T) {
		env := map[string]string{"DATA_DIR": t.TempDir()}
		n := startNode(t, env, allowPrivate)
		stopDuringDeliveries(t, n, func() string { return startNode(t, env, allowPrivate).base })
	})
	t.Run("two nodes on real engines", func(t *testing.T) {
		env := clusterEnv(t)
		n, other := startNode(t, env, allowPrivate), startNode(t, env, allowPrivate)
		stopDuringDeliveries(t, n, func() string { return other.base })
	})
}

func stopDuringDeliveries(t *testing.T, n *node, next func() string) {
	d := &deployment{t, []string{n.base}}
	alice := d.user("alice", 0)
	room, to := alice.room("Lobby", nil), newReceiver(t)
	alice.outgoing(room.ID, to)
	const before, after = 60, 40
	for _, text := range count(before) {
		alice.send(room.ID, text)
	}
	to.receives(t, 1) // deliveries are in progress
	if err := n.stop(); err != nil {
		t.Fatal(err)
	}
	alice.Base = next()
	alice.connect()
	for _, text := range count(after) {
		alice.send(room.ID, text)
	}
	for seq := range chat.Seq(before + after - 1) {
		to.receives(t, seq+2)
	}
}

// TestWebhooksOfAKickedAdminPause checks that the owner sees the pause in the room and can resume a
// webhook.
func TestWebhooksOfAKickedAdminPause(t *testing.T) {
	onBothDeployments(t, func(d *deployment) {
		alice, bob := d.user("alice", 0), d.user("bob", 1)
		room := alice.room("Lobby", nil)
		alice.join(room.ID, nil)
		bob.join(room.ID, nil)
		alice.receives(1)
		role := map[string]string{"role": "admin"}
		if err := alice.Client.Do(ctx(d.t), http.MethodPatch, path("/rooms/%d/members/%d", room.ID, bob.User.ID), role, nil); err != nil {
			d.t.Fatal(err)
		}
		hook := bob.incoming(room.ID, "CI")
		alice.receives(2)
		if status, _ := post(d.t, hook.URL, "", `{"text":"of an admin"}`); status != http.StatusCreated {
			d.t.Fatalf("post = %d, want 201", status)
		}
		alice.receives(3)
		if err := alice.Client.Do(ctx(d.t), http.MethodDelete, path("/rooms/%d/members/%d", room.ID, bob.User.ID), nil, nil); err != nil {
			d.t.Fatal(err)
		}
		alice.receives(4)
		for _, node := range d.nodes {
			if status, _ := post(d.t, strings.Replace(hook.URL, d.nodes[len(d.nodes)-1], node, 1), "", `{"text":"of nobody"}`); status != http.StatusForbidden {
				d.t.Errorf("post after the kick = %d, want 403", status)
			}
		}
		if notice := alice.receives(5); notice.System == nil || notice.System.Action != chat.Paused || notice.System.UserID != bob.User.ID {
			d.t.Fatalf("message = %+v, want the notice of the pause", notice)
		}
		resume := path("/rooms/%d/webhooks/incoming/%d/resume", room.ID, hook.ID)
		wantCode(d.t, bob.Client.Do(ctx(d.t), http.MethodPost, resume, nil, nil), chat.NotAMember)
		if err := alice.Client.Do(ctx(d.t), http.MethodPost, resume, nil, nil); err != nil {
			d.t.Fatal(err)
		}
		if status, _ := post(d.t, hook.URL, "", `{"text":"of the owner"}`); status != http.StatusCreated {
			d.t.Fatalf("post after the resume = %d, want 201", status)
		}
	})
}
