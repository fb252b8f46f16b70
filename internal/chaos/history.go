// Package chaos breaks what Chillin stands on while a crowd of clients chats, and
// checks what the clients and the database saw against what is promised. The
// scenarios are in scenarios.go; what counts as a broken promise, in check.go.
package chaos

import (
	"fmt"
	"hash/fnv"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/chillin-chat/chillin/internal/chat"
)

// Kind says what a Record tells.
type Kind uint8

// What a client writes down. An operation has a record when it is begun and one
// when its outcome is known; between the two the server may or may not have done it.
const (
	Connected Kind = iota + 1 // a connection stands: Conn
	Ended                     // it ended

	Invoked   // a send leaves the client: Room CID Hash; again for every retry
	Confirmed // Room CID Seq Message
	Refused   // Room CID Code: the server said that it did not and will not
	Unknown   // Room CID Code: it may have happened; UNAVAILABLE is one of these

	ChangeInvoked   // a change of a message leaves the client: Room Message Verb Hash Emoji On; again for every retry
	ChangeConfirmed // likewise, and Seq
	ChangeRefused   // likewise, and Code
	ChangeUnknown   // likewise

	Joined    // room:join answered: Room From To More Reset; the Count records after it are its messages
	CaughtUp  // room:changes answered: likewise
	Caught    // one message of the two above
	Delivered // an event of the sequence; Applied when the client's screen took it

	JoinInvoked    // the membership of Subject may begin from here
	LeaveAnswered  // the membership of Subject has ended; Began is when that was asked
	LogoutAnswered // the session of this client has ended

	Told // presence: Subject is Status in Room
)

// Record is one thing that a client saw or did.
type Record struct {
	At      time.Duration // since the history began, on the clock of this process
	Began   time.Duration // of answers: when the question left
	Kind    Kind
	More    bool
	Reset   bool
	Applied bool
	Conn    int32 // which connection of the client, from 1
	Count   int32
	Room    chat.RoomID
	Seq     chat.Seq
	From    chat.Seq
	To      chat.Seq
	Change  chat.Seq // of what was shown: the number of its latest change
	Message chat.MessageID
	Author  chat.UserID
	Subject chat.UserID
	CID     uuid.UUID
	Hash    uint64 // of the text
	State   uint64 // of what was shown: its text, whether it is deleted, its reactions
	Verb    chat.Verb
	Emoji   string
	On      bool
	Code    chat.Code
	Status  chat.Status
}

// Journal is what one client wrote down, in the order in which it happened to it.
type Journal struct {
	User  chat.UserID
	clock func() time.Duration

	mu      sync.Mutex
	records []Record
}

// add writes r down as happening now, where r does not say when.
func (j *Journal) add(r Record) {
	if r.At == 0 {
		r.At = j.clock()
	}
	j.mu.Lock()
	j.records = append(j.records, r)
	j.mu.Unlock()
}

// Records returns what was written down so far.
func (j *Journal) Records() []Record {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clip(j.records)
}

// Span is a time during which something was the case.
type Span struct{ From, To time.Duration }

func (s Span) meets(o Span) bool { return s.From <= o.To && o.From <= s.To }

// View is whom a connected client shows as online in a room at one moment.
type View struct {
	At      time.Duration
	Client  int
	Room    chat.RoomID
	Online  map[chat.UserID]bool
	Unknown bool // presence cannot be known, says the server
}

// Tail is where a connected client ends in a room that it sits in.
type Tail struct {
	Client int
	Room   chat.RoomID
	Seq    chat.Seq
}

// History is what all clients of one run wrote down.
type History struct {
	Journals []*Journal
	// RedisAway are the times during which the nodes could not talk over Redis.
	RedisAway []Span
	// Frozen are the times during which nodes stood still: what leaves a frozen
	// node's buffers late was sent in time.
	Frozen []Span
	// Views are taken when everything has been quiet for longer than a lease.
	Views []View
	// Tails are how far clients are when everything has been quiet for longer than
	// the heads are not looked at.
	Tails []Tail

	began time.Time
}

// NewHistory begins one.
func NewHistory() *History { return &History{began: time.Now()} }

// Now is the time since the history began; it is monotonic.
func (h *History) Now() time.Duration { return time.Since(h.began) }

// at turns a clock reading into the history's time.
func (h *History) at(t time.Time) time.Duration { return t.Sub(h.began) }

// Journal opens the journal of one more client.
func (h *History) Journal(user chat.UserID) *Journal {
	j := &Journal{User: user, clock: h.Now}
	h.Journals = append(h.Journals, j)
	return j
}

// Row is a message as the database has it.
type Row struct {
	Room      chat.RoomID
	Seq       chat.Seq
	ChangeSeq chat.Seq
	Message   chat.MessageID
	Author    chat.UserID
	CID       uuid.UUID // zero for system messages
	Hash      uint64    // of the text
	State     uint64    // as that of a Record
	Deleted   bool
	Action    chat.Action
	Subject   chat.UserID
}

// Reaction is an emoji that a user put under a message.
type Reaction struct {
	Message chat.MessageID
	User    chat.UserID
	Emoji   string
}

// Database is what the database holds in the end.
type Database struct {
	Rows      []Row
	Reactions map[Reaction]bool
	Heads     map[chat.RoomID]chat.Seq
	Owners    map[chat.RoomID]chat.UserID // members from before number 1
	Members   map[chat.RoomID]map[chat.UserID]bool
}

// State is what records and rows hold of everything that can change of a message.
func State(text string, deleted bool, reactions []Reaction) uint64 {
	all := make([]string, 0, len(reactions))
	for _, r := range reactions {
		all = append(all, fmt.Sprintf("%s %d", r.Emoji, r.User))
	}
	slices.Sort(all)
	return Hash(fmt.Sprint(text, deleted, all))
}

// Hash is what records and rows hold of a text.
func Hash(text string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(text))
	return h.Sum64()
}
