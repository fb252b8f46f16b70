package chaos

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/client"
)

// ClientsOptions configure the clients.
type ClientsOptions struct {
	// Seed determines all choices of the members, but not the effects of the network.
	Seed    uint64
	Members int
	// Rooms is the number of rooms besides the hot one, which has all members. A member is in three of
	// them and, if it rejoins, in one more.
	Rooms int
	// Rate is the number of messages of all members per second. Hot is the share of the hot room.
	Rate float64
	Hot  float64
	// Changes is the share of changes: edits, deletions, reactions.
	Changes float64
	// Targets are base URLs; each new connection uses a random one.
	Targets []string
	// Proxy is the one of Targets that is not a node.
	Proxy string
}

// Clients is a set of clients that chat.
type Clients struct {
	options ClientsOptions
	history *History
	members []*member
	holders []*withholder
	asks    []chan func(*member)
	hot     chat.RoomID
	rooms   []chat.RoomID
	end     context.CancelFunc
	running sync.WaitGroup

	writingStopped atomic.Bool // members no longer write, leave or join
	keepConns      atomic.Bool // members no longer close their own connections

	unavailable atomic.Int64 // responses that requested a retry
	unknowns    atomic.Int64 // statuses reported as unknown
	resets      atomic.Int64

	mu      sync.Mutex
	targets []string
	faults  map[string]int // errors that a client should never see, or only during a fault
	first   map[string]string
	closes  map[int]int
	// withheld are the times during which clients that do not complete a close were connected.
	withheld []Span
}

// NewClients registers the members and creates the rooms. Start makes them chat.
func NewClients(ctx context.Context, o ClientsOptions, h *History) (*Clients, error) {
	c := &Clients{
		options: o, history: h, targets: o.Targets,
		faults: map[string]int{}, first: map[string]string{}, closes: map[int]int{},
	}
	for i := range o.Members {
		m, err := c.newMember(ctx, i)
		if err != nil {
			return nil, err
		}
		c.members = append(c.members, m)
		c.asks = append(c.asks, make(chan func(*member)))
	}
	for i := range withholders {
		w, err := c.newWithholder(ctx, o.Members+i)
		if err != nil {
			return nil, err
		}
		c.holders = append(c.holders, w)
	}
	for i := range o.Rooms + 2 {
		name := fmt.Sprintf("%s-%d", uuid.NewString()[:13], i)
		room, err := c.members[0].client.CreateRoom(ctx, name, nil)
		if err != nil {
			return nil, fmt.Errorf("create a room: %w", err)
		}
		c.rooms = append(c.rooms, room.ID)
	}
	c.hot = c.rooms[0]
	for _, m := range c.members {
		c.assignRooms(m)
	}
	return c, nil
}

func (c *Clients) newMember(ctx context.Context, i int) (*member, error) {
	m := &member{
		clients: c, number: i, random: rand.New(rand.NewPCG(c.options.Seed, uint64(i))),
		rooms: map[chat.RoomID]*roomState{}, flaps: i%3 == 2, rejoins: i%7 == 3,
	}
	m.client = client.New(c.options.Targets[i%len(c.options.Targets)])
	m.client.HTTP = httpFrom(i)
	if err := m.client.Guest(ctx, fmt.Sprintf("Member %d", i)); err != nil {
		return nil, fmt.Errorf("register member %d: %w", i, err)
	}
	m.journal = c.history.Journal(m.client.User.ID)
	return m, nil
}

// httpFrom returns a client with its own address, so that load balancing by address distributes the
// members. ip_hash uses the first three bytes.
func httpFrom(i int) *http.Client {
	from := &net.TCPAddr{IP: net.IPv4(127, byte(1+i/200), byte(1+i%200), 1)}
	dialer := &net.Dialer{LocalAddr: from, Timeout: 2 * time.Second}
	return &http.Client{Transport: &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true}}
}

// assignRooms assigns a member to the hot room and three others. The last room is for rejoining members,
// its owner, and every fourth member, which stays there.
func (c *Clients) assignRooms(m *member) {
	add := func(room chat.RoomID) {
		if m.rooms[room] == nil {
			d := &roomState{room: room, user: m.client.User.ID, online: map[chat.UserID]bool{}}
			m.rooms[room] = d
			m.order = append(m.order, d)
		}
	}
	add(c.hot)
	for k := range min(3, c.options.Rooms) {
		add(c.rooms[1+(m.number+k)%c.options.Rooms])
	}
	if m.rejoins || m.number%4 == 0 {
		add(c.rooms[len(c.rooms)-1])
	}
}

// Start makes the members connect and chat until Stop.
func (c *Clients) Start() {
	var ctx context.Context
	ctx, c.end = context.WithCancel(context.Background())
	for _, m := range c.members {
		c.running.Go(func() { m.run(ctx) })
	}
	for i, w := range c.holders {
		random := rand.New(rand.NewPCG(c.options.Seed, uint64(1<<32+i)))
		c.running.Go(func() { w.run(ctx, func() string { return c.target(random) }) })
	}
}

// Stop ends the members and waits for them.
func (c *Clients) Stop() {
	if c.end != nil {
		c.end()
		c.running.Wait()
	}
}

// StopWriting makes members begin nothing new. Messages already written are still sent.
func (c *Clients) StopWriting() { c.writingStopped.Store(true) }

// KeepConnections makes members keep their connections.
func (c *Clients) KeepConnections() { c.keepConns.Store(true) }

func (c *Clients) stopped() bool  { return c.writingStopped.Load() }
func (c *Clients) flapping() bool { return !c.keepConns.Load() }

// target chooses the server of a new connection.
func (c *Clients) target(r *rand.Rand) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.targets[r.IntN(len(c.targets))]
}

// SetTargets changes the servers of new connections.
func (c *Clients) SetTargets(targets []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.targets = targets
}

func (c *Clients) fault(what string, err error) {
	if refusal, ok := errors.AsType[*client.Error](err); ok {
		what += " " + string(refusal.Code)
		if refusal.Code == "" {
			what += fmt.Sprint(refusal.Status)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.faults[what]++; c.faults[what] == 1 {
		c.first[what] = err.Error()
	}
}

func (c *Clients) closed(code int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closes[code]++
}

// Faults returns the errors that clients met, with their number and the first of each kind.
func (c *Clients) Faults() (counts map[string]int, first map[string]string, closes map[int]int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	counts, first, closes = map[string]int{}, map[string]string{}, map[int]int{}
	for k, v := range c.faults {
		counts[k], first[k] = v, c.first[k]
	}
	maps.Copy(closes, c.closes)
	return counts, first, closes
}

// statePoll is how often awaited states are checked.
const statePoll = 10 * time.Millisecond

func (c *Clients) await(ctx context.Context, what string, each func(m *member, s state) bool) error {
	tick := time.NewTicker(statePoll)
	defer tick.Stop()
	for {
		waiting, last := 0, ""
		for _, m := range c.members {
			if s := m.now(); !m.over.Load() && !each(m, s) {
				waiting++
				last = fmt.Sprintf("member %d: %+v", m.number, s)
			}
		}
		if waiting == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("timed out waiting for %s: %d of %d members are missing, for example %s", what, waiting, len(c.members), last)
		case <-tick.C:
		}
	}
}

// AwaitLive waits until every member that keeps its connection is connected and up to date.
func (c *Clients) AwaitLive(ctx context.Context) error {
	return c.await(ctx, "all members to be live", func(m *member, s state) bool {
		return s.live || m.flaps && c.flapping()
	})
}

// AwaitSent waits until all outboxes are empty and all members have returned.
func (c *Clients) AwaitSent(ctx context.Context) error {
	return c.await(ctx, "empty outboxes", func(_ *member, s state) bool { return s.queued == 0 && !s.out })
}

// Canary makes the first member send a message to the hot room and waits until all members that stay
// connected have received it.
func (c *Clients) Canary(ctx context.Context) error {
	said := make(chan chat.Seq, 1)
	err := c.do(ctx, 0, func(m *member) {
		d := m.order[0]
		m.write(d, "canary")
		if len(d.outbox) == 0 {
			said <- 0
			return
		}
		l := d.outbox[len(d.outbox)-1]
		m.clients.running.Go(func() { // waits for the confirmation of the message
			said <- m.confirmed(ctx, l)
		})
	})
	if err != nil {
		return fmt.Errorf("canary: %w", err)
	}
	var seq chat.Seq
	select {
	case seq = <-said:
	case <-ctx.Done():
		return fmt.Errorf("canary: %w", ctx.Err())
	}
	if seq == 0 {
		return errors.New("canary: not confirmed in time")
	}
	return c.await(ctx, "the canary", func(m *member, s state) bool {
		return s.at[c.hot] >= seq || m.flaps && c.flapping()
	})
}

// confirmed waits for the number of a message.
func (m *member) confirmed(ctx context.Context, l *pending) chat.Seq {
	tick := time.NewTicker(statePoll)
	defer tick.Stop()
	for from := 0; ; {
		records := m.journal.Records()
		for ; from < len(records); from++ {
			if r := records[from]; r.Kind == Confirmed && r.CID == l.cid {
				return r.Seq
			}
		}
		select {
		case <-ctx.Done():
			return 0
		case <-tick.C:
		}
	}
}

// do runs a function in a member's own goroutine. It waits while the member dials.
func (c *Clients) do(ctx context.Context, number int, f func(*member)) error {
	done := make(chan struct{})
	select {
	case c.asks[number] <- func(m *member) { f(m); close(done) }:
		<-done
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// CutAll cuts all connections at once.
func (c *Clients) CutAll(ctx context.Context) error {
	for i, m := range c.members {
		if m.over.Load() {
			continue
		}
		err := c.do(ctx, i, func(m *member) {
			if m.stream != nil {
				m.stream.Cut()
			}
		})
		if err != nil {
			return fmt.Errorf("cut member %d: %w", i, err)
		}
	}
	return nil
}

// Logout ends a member's session with a request to base that does not come from the member.
func (c *Clients) Logout(ctx context.Context, i int, base string) error {
	m := c.members[i]
	other := &client.Client{Base: base, HTTP: m.client.HTTP, Token: m.client.Token}
	began := c.history.Now()
	if err := other.Do(ctx, http.MethodPost, "/auth/logout", nil, nil); err != nil {
		return fmt.Errorf("log member %d out: %w", i, err)
	}
	m.journal.add(Record{Kind: LogoutAnswered, Began: began})
	m.over.Store(true)
	return nil
}

// Kick makes the first member, who owns all rooms, remove another from the first room besides the hot
// one.
func (c *Clients) Kick(ctx context.Context, i int, base string) error {
	owner, victim := c.members[0], c.members[i]
	room := victim.order[1].room
	other := &client.Client{Base: base, HTTP: owner.client.HTTP, Token: owner.client.Token}
	began := c.history.Now()
	err := other.Do(ctx, http.MethodDelete, fmt.Sprintf("/rooms/%d/members/%d", room, victim.client.User.ID), nil, nil)
	if err != nil {
		return fmt.Errorf("kick member %d: %w", i, err)
	}
	owner.journal.add(Record{Kind: LeaveAnswered, Room: room, Subject: victim.client.User.ID, Began: began})
	return nil
}

// Tails waits until all members have reached the heads of the rooms. It records the position of all
// members, even if it times out.
func (c *Clients) Tails(ctx context.Context, heads map[chat.RoomID]chat.Seq) {
	err := c.await(ctx, "the ends of all rooms", func(_ *member, s state) bool {
		for room, at := range s.at {
			if at < heads[room] {
				return false
			}
		}
		return true
	})
	if err != nil {
		c.fault("behind", err)
	}
	for i, m := range c.members {
		if m.over.Load() {
			continue
		}
		for room, at := range m.now().at {
			c.history.Tails = append(c.history.Tails, Tail{i, room, at})
		}
	}
}

// Views records the users that each connected member shows as online in its rooms.
func (c *Clients) Views(ctx context.Context) error {
	for i, m := range c.members {
		if m.over.Load() {
			continue
		}
		var views []View
		err := c.do(ctx, i, func(m *member) {
			for _, d := range m.order {
				if !d.subscribed {
					continue
				}
				v := View{At: c.history.Now(), Client: i, Room: d.room, Online: map[chat.UserID]bool{}, Unknown: d.unknown}
				for user := range d.online {
					v.Online[user] = true
				}
				views = append(views, v)
			}
		})
		if err != nil {
			return fmt.Errorf("view of member %d: %w", i, err)
		}
		c.history.Views = append(c.history.Views, views...)
	}
	return nil
}
