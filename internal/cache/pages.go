// Package cache keeps in this process what the store was asked for often.
package cache

import (
	"cmp"
	"container/list"
	"slices"
	"sync"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/metrics"
)

var _ chat.MessageCache = (*Messages)(nil)

const (
	// pageLife bounds how long something that changed without a number, as when the
	// reactions of a guest go with the guest, may still be shown.
	pageLife = 30 * time.Second
	// maxBytes is what all pages together may take, about.
	maxBytes = 32 << 20
	// messageBytes is what a message takes beside its text.
	messageBytes = 500
	// attachmentBytes is what a file takes beside its name and address.
	attachmentBytes = 150
)

// Messages are the newest messages of the rooms that were read last.
type Messages struct {
	metrics *metrics.Metrics
	now     func() time.Time
	most    int // bytes

	mu    sync.Mutex
	rooms map[chat.RoomID]*list.Element // of entries
	used  *list.List                    // the entry that was used last comes first
	bytes int
}

// entry is one page. Its messages are shared with whoever was given it and never
// changed.
type entry struct {
	room  chat.RoomID
	page  chat.Page
	read  time.Time // when it was read from the store
	bytes int
}

// NewMessages makes an empty cache. now tells the time; nil is time.Now.
func NewMessages(m *metrics.Metrics, now func() time.Time) *Messages {
	if now == nil {
		now = time.Now
	}
	return &Messages{metrics: m, now: now, most: maxBytes, rooms: map[chat.RoomID]*list.Element{}, used: list.New()}
}

// Get returns the newest page where it is known as of head.
func (p *Messages) Get(room chat.RoomID, head chat.Seq) (chat.Page, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	e := p.entry(room)
	if e == nil || e.page.Head != head || p.now().Sub(e.read) > pageLife {
		p.metrics.CacheMisses.Inc()
		return chat.Page{}, false
	}
	p.metrics.CacheHits.Inc()
	return e.page, true
}

// GetStale returns what is known, however old.
func (p *Messages) GetStale(room chat.RoomID) (chat.Page, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e := p.entry(room); e != nil {
		return e.page, true
	}
	return chat.Page{}, false
}

// Put remembers a page, unless a newer one is known.
func (p *Messages) Put(room chat.RoomID, page chat.Page) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	if e := p.entry(room); e != nil && e.page.Head > page.Head && now.Sub(e.read) <= pageLife {
		return
	}
	p.put(&entry{room: room, page: page, read: now})
}

// Has reports whether the cache has a page of room.
func (p *Messages) Has(room chat.RoomID) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, ok := p.rooms[room]
	return ok
}

// Apply applies a change to the page that precedes it. Most changes are of rooms that are
// not cached.
func (p *Messages) Apply(e chat.MessageChanged) {
	p.mu.Lock()
	defer p.mu.Unlock()
	at, ok := p.rooms[e.Message.RoomID]
	if !ok {
		return
	}
	old := at.Value.(*entry)
	if e.Seq != old.page.Head+1 {
		return
	}
	p.put(&entry{room: old.room, page: with(old.page, e.Seq, e.Message), read: old.read})
}

// with is page after the change that took seq and left m so. Where a hole was
// filled m may be younger than seq: its place is that of its own number.
func with(page chat.Page, seq chat.Seq, m chat.Message) chat.Page {
	messages := slices.Clone(page.Messages)
	for i := range messages { // answers quote the present text
		if reply := messages[i].ReplyTo; reply != nil && reply.ID == m.ID {
			messages[i].ReplyTo = chat.NewReply(m.ID, m.Seq, m.Author, m.HTML)
		}
	}
	i, known := slices.BinarySearchFunc(messages, m.Seq, func(m chat.Message, seq chat.Seq) int { return cmp.Compare(m.Seq, seq) })
	switch {
	case known:
		messages[i] = m
	case i > 0 || !page.HasMore: // else it is older than the page
		messages = slices.Insert(messages, i, m)
	}
	if over := len(messages) - chat.DefaultPage; over > 0 {
		messages, page.HasMore = messages[over:], true
	}
	page.Messages, page.Head = messages, seq
	return page
}

// entry finds a room's page and marks it as used; nil where there is none. The
// caller holds mu.
func (p *Messages) entry(room chat.RoomID) *entry {
	at, ok := p.rooms[room]
	if !ok {
		return nil
	}
	p.used.MoveToFront(at)
	return at.Value.(*entry)
}

// put takes e in, in place of the room's page before, and lets those go that were
// not used for longest where all take too much. The caller holds mu.
func (p *Messages) put(e *entry) {
	if at, ok := p.rooms[e.room]; ok {
		p.drop(at)
	}
	for _, m := range e.page.Messages {
		e.bytes += messageBytes + len(m.Text) + len(m.HTML)
		for _, f := range m.Attachments {
			e.bytes += attachmentBytes + len(f.Name) + len(f.URL)
		}
	}
	p.rooms[e.room] = p.used.PushFront(e)
	p.bytes += e.bytes
	for p.bytes > p.most {
		p.drop(p.used.Back())
	}
}

func (p *Messages) drop(at *list.Element) {
	e := p.used.Remove(at).(*entry)
	delete(p.rooms, e.room)
	p.bytes -= e.bytes
}
