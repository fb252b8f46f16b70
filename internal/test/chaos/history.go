// Package chaos injects faults into the dependencies of Chillin while clients chat, and compares what
// the clients and the database saw with the guarantees. The scenarios are in scenarios.go, the
// definitions of violations in check.go.
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

// Kind is the kind of a Record.
type Kind uint8

// The records of a client. An operation has a record when it is begun and one when its outcome is
// known. In between the server may or may not have done it.
const (
	Connected Kind = iota + 1 // a connection is open: Conn
	Ended                     // it was closed

	Invoked   // a send leaves the client: Room CID Hash; again for every retry
	Confirmed // Room CID Seq Message
	Refused   // Room CID Code: the server reported that it did not and will not store it
	Unknown   // Room CID Code: it may have happened; UNAVAILABLE is one of these

	ChangeInvoked   // a change of a message leaves the client: Room Message Verb Hash Emoji On; again for every retry
	ChangeConfirmed // as above, and Seq
	ChangeRefused   // as above, and Code
	ChangeUnknown   // as above

	Joined    // room:join answered: Room From To More Reset; the Count records after it are its messages
	CaughtUp  // room:changes answered: as above
	Caught    // one message of the two above
	Delivered // an event of the sequence; Applied if the client's screen showed it

	JoinInvoked    // the membership of Subject may begin from here
	LeaveAnswered  // the membership of Subject has ended; Began is the time of the request
	LogoutAnswered // the session of this client has ended

	Told // presence: Subject is Status in Room
)

// Record is an observation or action of a client.
type Record struct {
	At      time.Duration // since the history began, on the clock of this process
	Began   time.Duration // of responses: when the request was sent
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
	Change  chat.Seq // of a shown message: the number of its latest change
	Message chat.MessageID
	Author  chat.UserID
	Subject chat.UserID
	CID     uuid.UUID
	Hash    uint64 // of the text
	State   uint64 // of a shown message: its text, whether it is deleted, its reactions
	Verb    chat.Verb
	Emoji   string
	On      bool
	Code    chat.Code
	Status  chat.Status
}

// Journal contains the records of one client, in order.
type Journal struct {
	User  chat.UserID
	clock func() time.Duration

	mu      sync.Mutex
	records []Record
}

// add appends r. If r has no time, it happens now.
func (j *Journal) add(r Record) {
	if r.At == 0 {
		r.At = j.clock()
	}
	j.mu.Lock()
	j.records = append(j.records, r)
	j.mu.Unlock()
}

// Records returns the records so far.
func (j *Journal) Records() []Record {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clip(j.records)
}

// Span is a period of time.
type Span struct{ From, To time.Duration }

func (s Span) meets(o Span) bool { return s.From <= o.To && o.From <= s.To }

// View contains the users that a connected client shows as online in a room at one moment.
type View struct {
	At      time.Duration
	Client  int
	Room    chat.RoomID
	Online  map[chat.UserID]bool
	Unknown bool // the server reports unknown presence
}

// Tail is the final position of a connected client in a room that it has joined.
type Tail struct {
	Client int
	Room   chat.RoomID
	Seq    chat.Seq
}

// History contains the records of all clients of one run.
type History struct {
	Journals []*Journal
	// RedisAway are the times during which the nodes could not communicate over Redis.
	RedisAway []Span
	// Frozen are the times during which nodes were suspended: data that leaves a suspended node's
	// buffers late was sent in time.
	Frozen []Span
	// Views are taken after everything has been quiet for longer than a lease.
	Views []View
	// Tails are the positions of clients after everything has been quiet for longer than the interval
	// at which heads are compared.
	Tails []Tail

	began time.Time
}

// NewHistory begins a history.
func NewHistory() *History { return &History{began: time.Now()} }

// Now returns the time since the history began, which is monotonic.
func (h *History) Now() time.Duration { return time.Since(h.began) }

// at converts a clock reading to the history's time.
func (h *History) at(t time.Time) time.Duration { return t.Sub(h.began) }

// Journal opens the journal of another client.
func (h *History) Journal(user chat.UserID) *Journal {
	j := &Journal{User: user, clock: h.Now}
	h.Journals = append(h.Journals, j)
	return j
}

// Row is a message in the database.
type Row struct {
	Room      chat.RoomID
	Seq       chat.Seq
	ChangeSeq chat.Seq
	Message   chat.MessageID
	Author    chat.UserID
	CID       uuid.UUID // zero for system messages
	Hash      uint64    // of the text
	State     uint64    // like that of a Record
	Deleted   bool
	Action    chat.Action
	Subject   chat.UserID
}

// Reaction is an emoji that a user added to a message.
type Reaction struct {
	Message chat.MessageID
	User    chat.UserID
	Emoji   string
}

// Database is the content of the database at the end.
type Database struct {
	Rows      []Row
	Reactions map[Reaction]bool
	Heads     map[chat.RoomID]chat.Seq
	Owners    map[chat.RoomID]chat.UserID // members from before number 1
	Members   map[chat.RoomID]map[chat.UserID]bool
}

// State returns a hash of everything that can change in a message, for records and rows.
func State(text string, deleted bool, reactions []Reaction) uint64 {
	all := make([]string, 0, len(reactions))
	for _, r := range reactions {
		all = append(all, fmt.Sprintf("%s %d", r.Emoji, r.User))
	}
	slices.Sort(all)
	return Hash(fmt.Sprint(text, deleted, all))
}

// Hash returns a hash of a text, for records and rows.
func Hash(text string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(text))
	return h.Sum64()
}
