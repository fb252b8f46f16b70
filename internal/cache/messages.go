// Package cache caches frequently read data of the store in this process.
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
	// pageLife limits how long changes without a number stay invisible, such as the removal of a
	// deleted guest's reactions.
	pageLife = 30 * time.Second
	// maxBytes is the approximate total size of all pages.
	maxBytes = 32 << 20
	// messageBytes is the size of a message without its text.
	messageBytes = 500
	// attachmentBytes is the size of an attachment without its name and URL.
	attachmentBytes = 150
)

// Messages caches the newest messages of the most recently used rooms.
type Messages struct {
	metrics *metrics.Metrics
	now     func() time.Time
	most    int // bytes

	mu    sync.Mutex
	rooms map[chat.RoomID]*list.Element // of entries
	used  *list.List                    // most recently used entries first
	bytes int
}

// entry is one page. Its messages are shared with callers and are never modified.
type entry struct {
	room  chat.RoomID
	page  chat.Page
	read  time.Time // when it was read from the store
	bytes int
}

// NewMessages returns an empty cache. now returns the time; nil means time.Now.
func NewMessages(m *metrics.Metrics, now func() time.Time) *Messages {
	if now == nil {
		now = time.Now
	}
	return &Messages{metrics: m, now: now, most: maxBytes, rooms: map[chat.RoomID]*list.Element{}, used: list.New()}
}

// Get returns the newest page if it is cached as of head.
func (c *Messages) Get(room chat.RoomID, head chat.Seq) (chat.Page, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.entry(room)
	if e == nil || e.page.Head != head || c.now().Sub(e.read) > pageLife {
		c.metrics.CacheMisses.Inc()
		return chat.Page{}, false
	}
	c.metrics.CacheHits.Inc()
	return e.page, true
}

// GetStale returns the cached page, regardless of its age.
func (c *Messages) GetStale(room chat.RoomID) (chat.Page, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.entry(room); e != nil {
		return e.page, true
	}
	return chat.Page{}, false
}

// Put stores a page unless a newer one is cached.
func (c *Messages) Put(room chat.RoomID, page chat.Page) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	if e := c.entry(room); e != nil && e.page.Head > page.Head && now.Sub(e.read) <= pageLife {
		return
	}
	c.put(&entry{room: room, page: page, read: now})
}

// Has reports whether the cache has a page of room.
func (c *Messages) Has(room chat.RoomID) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, ok := c.rooms[room]
	return ok
}

// Apply applies a change to the page that precedes it. Most changes are of rooms that are not cached.
func (c *Messages) Apply(e chat.MessageChanged) {
	c.mu.Lock()
	defer c.mu.Unlock()
	at, ok := c.rooms[e.Message.RoomID]
	if !ok {
		return
	}
	old := at.Value.(*entry)
	if e.Seq != old.page.Head+1 {
		return
	}
	c.put(&entry{room: old.room, page: with(old.page, e.Seq, e.Message), read: old.read})
}

// with returns page after the change with number seq, whose result is m. After a gap was filled, m may
// be newer than seq: it is placed by its own number.
func with(page chat.Page, seq chat.Seq, m chat.Message) chat.Page {
	messages := slices.Clone(page.Messages)
	for i := range messages { // replies quote the current text
		if reply := messages[i].ReplyTo; reply != nil && reply.ID == m.ID {
			messages[i].ReplyTo = chat.NewReply(m.ID, m.Seq, m.Author, m.HTML)
		}
	}
	i, known := slices.BinarySearchFunc(messages, m.Seq, func(m chat.Message, seq chat.Seq) int { return cmp.Compare(m.Seq, seq) })
	switch {
	case known:
		messages[i] = m
	case i > 0 || !page.HasMore: // otherwise it is older than the page
		messages = slices.Insert(messages, i, m)
	}
	if over := len(messages) - chat.DefaultPage; over > 0 {
		messages, page.HasMore = messages[over:], true
	}
	page.Messages, page.Head = messages, seq
	return page
}

// entry returns a room's entry and marks it as used, or nil. The caller holds mu.
func (c *Messages) entry(room chat.RoomID) *entry {
	at, ok := c.rooms[room]
	if !ok {
		return nil
	}
	c.used.MoveToFront(at)
	return at.Value.(*entry)
}

// put stores e in place of the room's previous entry, and evicts the least recently used entries if the
// cache is too large. The caller holds mu.
func (c *Messages) put(e *entry) {
	if at, ok := c.rooms[e.room]; ok {
		c.drop(at)
	}
	for _, m := range e.page.Messages {
		e.bytes += messageBytes + len(m.Text) + len(m.HTML)
		for _, f := range m.Attachments {
			e.bytes += attachmentBytes + len(f.Name) + len(f.URL)
		}
	}
	c.rooms[e.room] = c.used.PushFront(e)
	c.bytes += e.bytes
	for c.bytes > c.most {
		c.drop(c.used.Back())
	}
}

func (c *Messages) drop(at *list.Element) {
	e := c.used.Remove(at).(*entry)
	delete(c.rooms, e.room)
	c.bytes -= e.bytes
}
