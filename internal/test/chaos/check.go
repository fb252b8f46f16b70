package chaos

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"time"

	"github.com/google/uuid"

	"github.com/chillin-chat/chillin/internal/chat"
)

// Rule is a violated rule. The letter and number are those of the guarantees.
type Rule string

// The rules.
const (
	Lost      Rule = "G1 lost"           // confirmed, but not stored as confirmed
	Forged    Rule = "G1 forged"         // stored, but not sent like this by anyone
	Twice     Rule = "G2 stored twice"   // one cid, two messages
	Reapplied Rule = "G2 shown twice"    // one number was shown twice
	Disagree  Rule = "G3 disagreement"   // one number, two messages
	NotDense  Rule = "G3 gap in the log" // numbers without a message, or beyond the head
	Reordered Rule = "G3 order"          // b was sent after a was known, but has a lower number
	Gap       Rule = "G4 gap"            // a stream or a catch-up skips a number
	Stale     Rule = "G4 stale"          // a client is at the head but shows an earlier state
	Ghost     Rule = "G5 ghost"          // online without a connection
	Missing   Rule = "G5 not shown"      // a connection, but not online
	Leak      Rule = "G6 leak"           // sent to a user outside
	Intruder  Rule = "G6 intruder"       // a message by a user outside
)

// Violation is a violated guarantee.
type Violation struct {
	Rule   Rule
	Room   chat.RoomID
	Seq    chat.Seq
	Client int // index of the journal, -1 if it is not about one client
	At     time.Duration
	Text   string
}

func (v Violation) String() string {
	where := fmt.Sprintf("room %d", v.Room)
	if v.Seq != 0 {
		where += fmt.Sprintf(" number %d", v.Seq)
	}
	if v.Client >= 0 {
		where += fmt.Sprintf(" client %d", v.Client)
	}
	return fmt.Sprintf("%s: %s at %s: %s", v.Rule, where, v.At.Round(time.Millisecond), v.Text)
}

// How long a socket may still receive events after a revocation, and a closed connection may still be
// shown as online (guarantees G6 and G5).
const (
	revokedWithin     = 2 * time.Second
	revokedWithinAway = 10 * time.Second
	ghostWithin       = 35 * time.Second
)

// perRule limits the reported violations of one rule: the first ones are sufficient.
const perRule = 20

// place is a number of a room.
type place struct {
	room chat.RoomID
	seq  chat.Seq
}

// version is the state of a message after one of its changes.
type version struct {
	message chat.MessageID
	change  chat.Seq
}

// send is everything known about one cid of one user.
type send struct {
	client    int
	room      chat.RoomID
	hash      uint64
	first     time.Duration // when it was first invoked
	confirmed bool
	open      bool // an attempt ended with an unknown outcome
	tries     int
	refused   int
}

type sendKey struct {
	user chat.UserID
	cid  uuid.UUID
}

type checker struct {
	h      *History
	db     Database
	rows   map[place]chat.MessageID // the message that was created with the number
	byID   map[chat.MessageID]Row
	change map[chat.RoomID][]Row    // by ChangeSeq
	last   map[place]chat.MessageID // the message whose latest change has the number
	states map[version]uint64
	stored map[sendKey]Row
	sends  map[sendKey]*send
	out    map[membershipKey][]absence
	within map[membershipKey][]numbers // the numbers during which a user was a member, according to the log

	changes   map[place]chat.MessageID // confirmed ones
	deletions map[chat.MessageID]deletion
	wishes    map[changeKey]*wishes

	reported map[Rule]int
	found    []Violation
}

// membershipKey is a user in a room.
type membershipKey struct {
	room chat.RoomID // 0: all rooms
	user chat.UserID
}

// absence is a time outside a room: from the response that ended the membership until the next attempt
// to join.
type absence struct{ from, to time.Duration }

// numbers is the range of a membership: from the join to the end.
type numbers struct{ from, to chat.Seq }

const forever = time.Duration(1<<63 - 1)

// Check returns every violation found in the history and the database. Its time is proportional to n
// log n of the records.
func Check(h *History, db Database) []Violation {
	c := &checker{
		h: h, db: db, rows: map[place]chat.MessageID{}, byID: map[chat.MessageID]Row{}, change: map[chat.RoomID][]Row{},
		last: map[place]chat.MessageID{}, states: map[version]uint64{},
		stored: map[sendKey]Row{}, sends: map[sendKey]*send{}, out: map[membershipKey][]absence{}, within: map[membershipKey][]numbers{}, reported: map[Rule]int{},
		changes: map[place]chat.MessageID{}, deletions: map[chat.MessageID]deletion{}, wishes: map[changeKey]*wishes{},
	}
	c.readDatabase()
	c.readSends()
	c.readAbsences()
	c.readChanges()
	c.checkSends()
	c.checkChanges()
	c.checkMembers()
	screens := make([]map[chat.RoomID]*stream, len(h.Journals))
	for i := range h.Journals {
		screens[i] = c.checkStream(i)
		c.checkSenderOrder(i)
	}
	for _, t := range h.Tails {
		c.checkTail(t, screens[t.Client][t.Room])
	}
	c.checkOrder()
	c.checkPresence()
	sort.SliceStable(c.found, func(i, k int) bool { return c.found[i].Rule < c.found[k].Rule })
	return c.found
}

func (c *checker) violated(r Rule, room chat.RoomID, seq chat.Seq, client int, at time.Duration, format string, args ...any) {
	if c.reported[r]++; c.reported[r] <= perRule {
		c.found = append(c.found, Violation{r, room, seq, client, at, fmt.Sprintf(format, args...)})
	}
}

// readDatabase checks the log itself: one message per number and per cid, and all numbers up to the
// head.
func (c *checker) readDatabase() {
	slices.SortFunc(c.db.Rows, func(a, b Row) int {
		if a.Room != b.Room {
			return int(a.Room - b.Room)
		}
		return int(a.Seq - b.Seq)
	})
	changed := map[place]bool{}
	for _, r := range c.db.Rows {
		at := place{r.Room, r.Seq}
		if _, taken := c.rows[at]; taken {
			c.violated(Disagree, r.Room, r.Seq, -1, 0, "the database has two messages with this number")
		}
		c.rows[at] = r.Message
		c.byID[r.Message] = r
		c.last[place{r.Room, r.ChangeSeq}] = r.Message
		c.states[version{r.Message, r.ChangeSeq}] = r.State
		changed[place{r.Room, r.ChangeSeq}] = true
		c.change[r.Room] = append(c.change[r.Room], r)
		if r.CID == uuid.Nil {
			continue
		}
		key := sendKey{r.Author, r.CID}
		if other, twice := c.stored[key]; twice {
			c.violated(Twice, r.Room, r.Seq, -1, 0, "cid %s of user %d is stored as %d and as %d", r.CID, r.Author, other.Message, r.Message)
			continue
		}
		c.stored[key] = r
	}
	for room, rows := range c.change {
		slices.SortFunc(rows, func(a, b Row) int { return int(a.ChangeSeq - b.ChangeSeq) })
		c.checkDense(room, rows, changed)
	}
	for room, head := range c.db.Heads {
		if _, any := c.change[room]; !any && head != 0 {
			c.violated(NotDense, room, head, -1, 0, "the head is %d, but there is no message", head)
		}
	}
}

// checkDense checks that a number without a row belongs to a change that a later change of the same
// message has replaced.
func (c *checker) checkDense(room chat.RoomID, rows []Row, changed map[place]bool) {
	head := c.db.Heads[room]
	for _, r := range rows {
		if r.Seq > head || r.ChangeSeq > head {
			c.violated(NotDense, room, r.ChangeSeq, -1, 0, "beyond the head %d", head)
		}
	}
	edits := slices.DeleteFunc(slices.Clone(rows), func(r Row) bool { return r.ChangeSeq == r.Seq })
	for seq := chat.Seq(1); seq <= head; seq++ {
		if _, ok := c.rows[place{room, seq}]; ok || changed[place{room, seq}] {
			continue
		}
		overtaken := func(r Row) bool { return r.Seq < seq && seq < r.ChangeSeq }
		if !slices.ContainsFunc(edits, overtaken) {
			c.violated(NotDense, room, seq, -1, 0, "no message has this number; the head is %d", head)
		}
	}
}

func (c *checker) readSends() {
	for i, j := range c.h.Journals {
		for _, r := range j.Records() {
			switch r.Kind {
			case Invoked:
				key := sendKey{j.User, r.CID}
				s, again := c.sends[key]
				if !again {
					s = &send{client: i, room: r.Room, hash: r.Hash, first: r.At}
					c.sends[key] = s
				}
				s.tries++
			case Confirmed, Refused, Unknown:
				c.readOutcome(i, j.User, r)
			}
		}
	}
}

func (c *checker) readOutcome(client int, user chat.UserID, r Record) {
	s, ok := c.sends[sendKey{user, r.CID}]
	if !ok {
		c.violated(Forged, r.Room, r.Seq, client, r.At, "a response to cid %s, which was never sent", r.CID)
		return
	}
	switch r.Kind {
	case Confirmed:
		s.confirmed = true
		row, ok := c.stored[sendKey{user, r.CID}]
		switch {
		case !ok:
			c.violated(Lost, r.Room, r.Seq, client, r.At, "cid %s was confirmed as message %d, but is not stored", r.CID, r.Message)
		case row.Room != r.Room || row.Seq != r.Seq || row.Message != r.Message:
			c.violated(Disagree, r.Room, r.Seq, client, r.At, "cid %s was confirmed as message %d, but is stored as message %d, room %d, number %d",
				r.CID, r.Message, row.Message, row.Room, row.Seq)
		}
	case Unknown:
		s.open = true
	case Refused:
		s.refused++
	}
}

func (c *checker) readAbsences() {
	type change struct {
		at   time.Duration
		who  membershipKey
		gone bool
	}
	var changes []change
	for _, j := range c.h.Journals {
		for _, r := range j.Records() {
			switch r.Kind {
			case LeaveAnswered:
				changes = append(changes, change{r.At, membershipKey{r.Room, r.Subject}, true})
			case JoinInvoked:
				changes = append(changes, change{r.At, membershipKey{r.Room, r.Subject}, false})
			case LogoutAnswered:
				changes = append(changes, change{r.At, membershipKey{0, j.User}, true})
			}
		}
	}
	slices.SortStableFunc(changes, func(a, b change) int { return int(a.at - b.at) })
	for _, e := range changes {
		all := c.out[e.who]
		away := len(all) > 0 && all[len(all)-1].to == forever
		switch {
		case e.gone && !away:
			c.out[e.who] = append(all, absence{e.at, forever})
		case !e.gone && away:
			all[len(all)-1].to = e.at
		}
	}
}

// absent reports whether user was outside room at that time.
func (c *checker) absent(room chat.RoomID, user chat.UserID, at time.Duration) bool {
	_, left := c.outside(membershipKey{room, user}, at)
	_, over := c.outside(membershipKey{0, user}, at)
	return left || over
}

func (c *checker) outside(who membershipKey, at time.Duration) (since time.Duration, yes bool) {
	all := c.out[who]
	i := sort.Search(len(all), func(i int) bool { return all[i].from >= at }) - 1
	if i >= 0 && at < all[i].to {
		return all[i].from, true
	}
	return 0, false
}

// checkSends checks that every stored message was sent like this by its author.
func (c *checker) checkSends() {
	for key, row := range c.stored {
		s, ok := c.sends[key]
		switch {
		case !ok:
			c.violated(Forged, row.Room, row.Seq, -1, 0, "message %d with cid %s is stored, but user %d never sent it", row.Message, row.CID, row.Author)
		case s.room != row.Room:
			c.violated(Forged, row.Room, row.Seq, s.client, s.first, "cid %s is stored in another room than it was sent to", row.CID)
		case s.refused > 0 && !s.open && !s.confirmed && s.tries == s.refused:
			c.violated(Forged, row.Room, row.Seq, s.client, s.first, "cid %s was refused, but is stored", row.CID)
		}
	}
}

// checkMembers scans the log: every author is a member at the number of the message.
func (c *checker) checkMembers() {
	members := map[membershipKey]bool{}
	begin := func(who membershipKey, at chat.Seq) {
		members[who] = true
		c.within[who] = append(c.within[who], numbers{at, math.MaxInt64})
	}
	for room, owner := range c.db.Owners {
		begin(membershipKey{room, owner}, 0)
	}
	for _, r := range c.db.Rows { // by room and number
		switch r.Action {
		case chat.Joined:
			begin(membershipKey{r.Room, r.Subject}, r.Seq)
		case chat.Left, chat.Kicked:
			who := membershipKey{r.Room, r.Subject}
			delete(members, who)
			if all := c.within[who]; len(all) > 0 {
				all[len(all)-1].to = r.Seq
			}
		default:
			if r.CID != uuid.Nil && !members[membershipKey{r.Room, r.Author}] {
				c.violated(Intruder, r.Room, r.Seq, -1, 0, "message %d of user %d, who was not a member at that number", r.Message, r.Author)
			}
		}
	}
	for room, want := range c.db.Members {
		for user := range want {
			if !members[membershipKey{room, user}] {
				c.violated(Intruder, room, 0, -1, 0, "user %d is a member, but not according to the log", user)
			}
		}
	}
	for m := range members {
		if want, known := c.db.Members[m.room]; known && !want[m.user] {
			c.violated(Disagree, m.room, 0, -1, 0, "user %d is a member according to the log, but not in the table", m.user)
		}
	}
}

// stream is the position of one client in one room.
type stream struct {
	applied    chat.Seq // the number that its screen has reached
	begun      bool
	conn       int32    // the connection that is followed
	wire       chat.Seq // the last number received on it
	may        bool     // the response announced more messages: one jump is allowed
	subscribed bool

	shows map[chat.MessageID]chat.Seq // the latest change of each message on the screen
	from  chat.Seq                    // where the screen begins: messages created later are on it,
	since chat.Seq                    // and later changes were received
}

// show puts a state of a message on the screen, unless a later one is shown.
func (s *stream) show(r Record) {
	s.shows[r.Message] = max(s.shows[r.Message], r.Change)
}

// checkStream follows what one client received. On the connection every event has the next number,
// starting after the response to room:join. On the screen every number appears once, by an event or in
// a catch-up that begins at the screen's position. It returns the final state of the screens.
func (c *checker) checkStream(client int) map[chat.RoomID]*stream {
	rooms := map[chat.RoomID]*stream{}
	records := c.h.Journals[client].Records()
	for i := range records {
		r := records[i]
		s := rooms[r.Room]
		if s == nil {
			s = &stream{shows: map[chat.MessageID]chat.Seq{}}
			rooms[r.Room] = s
		}
		switch r.Kind {
		case Joined, CaughtUp:
			c.checkCatchUp(client, s, r, records[i+1:min(len(records), i+1+int(r.Count))])
		case Delivered:
			c.checkNumber(client, r)
			c.checkShown(client, r)
			c.checkLeak(client, r, r.At)
			c.checkWire(client, s, r)
			c.checkApplied(client, s, r)
		case LeaveAnswered:
			if r.Subject == c.h.Journals[client].User {
				s.subscribed = false
			}
		}
	}
	return rooms
}

// checkTail checks that a client at the head of a room shows the content of the database.
func (c *checker) checkTail(t Tail, s *stream) {
	head := c.db.Heads[t.Room]
	if t.Seq < head {
		c.violated(Gap, t.Room, t.Seq+1, t.Client, c.h.Now(), "not received; the client is at %d, the room at %d", t.Seq, head)
		return
	}
	if s == nil {
		return
	}
	for _, row := range c.change[t.Room] {
		if (row.Seq > s.from || row.ChangeSeq > s.since) && s.shows[row.Message] != row.ChangeSeq {
			c.violated(Stale, t.Room, row.ChangeSeq, t.Client, c.h.Now(), "message %d is shown as it was at %d", row.Message, s.shows[row.Message])
		}
	}
}

func (c *checker) checkCatchUp(client int, s *stream, r Record, messages []Record) {
	// Non-members are refused immediately. A socket of an ended session may be open for as long as it
	// may receive events.
	who := membershipKey{r.Room, c.h.Journals[client].User}
	if since, gone := c.outside(who, r.Began); gone && r.Kind == CaughtUp {
		c.violated(Leak, r.Room, r.To, client, r.At, "requested %s after the membership ended, but answered", (r.Began - since).Round(time.Millisecond))
	} else if _, over := c.outside(membershipKey{0, who.user}, r.Began); over {
		c.checkLeak(client, r, r.At)
	}
	if r.Reset {
		clear(s.shows)
		s.from, s.since = r.From, r.To
	}
	for _, m := range messages {
		if want, ok := c.rows[place{m.Room, m.Seq}]; ok && want != m.Message {
			c.violated(Disagree, m.Room, m.Seq, client, m.At, "message %d was shown with this number; the database has message %d", m.Message, want)
		}
		c.checkShown(client, m)
		s.show(m)
	}
	if s.begun && !r.Reset && r.From != s.applied {
		c.violated(Gap, r.Room, r.From, client, r.At, "a catch-up begins at %d, but the client is at %d", r.From, s.applied)
	}
	c.checkRange(client, r, messages)
	s.applied, s.begun = r.To, true
	if r.Kind == Joined {
		s.conn, s.wire, s.may, s.subscribed = r.Conn, r.To, r.More, true
	}
}

// checkRange checks that a catch-up contains every message whose latest change is within it. A message
// that was changed again later, or that is from before the screen's beginning, may be missing.
func (c *checker) checkRange(client int, r Record, messages []Record) {
	have := make(map[chat.MessageID]bool, len(messages))
	for _, m := range messages {
		have[m.Message] = true
	}
	rows := c.change[r.Room]
	from := sort.Search(len(rows), func(i int) bool { return rows[i].ChangeSeq > r.From })
	for _, row := range rows[from:] {
		if row.ChangeSeq > r.To {
			break
		}
		if !have[row.Message] && (row.Seq > r.From || !r.Reset) {
			c.violated(Gap, r.Room, row.ChangeSeq, client, r.At, "a catch-up over (%d, %d] lacks message %d", r.From, r.To, row.Message)
		}
	}
}

// checkNumber checks that a number belongs to the message whose creation or change took it. If a later
// change of that message has replaced the number, the number may come with another message, in a state
// that is not older than the number.
func (c *checker) checkNumber(client int, r Record) {
	at := place{r.Room, r.Seq}
	if r.Change < r.Seq {
		c.violated(Disagree, r.Room, r.Seq, client, r.At, "message %d was shown in its state at %d", r.Message, r.Change)
	}
	if want, ok := c.last[at]; ok && want != r.Message {
		c.violated(Disagree, r.Room, r.Seq, client, r.At, "message %d was shown with this number; the database has message %d", r.Message, want)
	}
}

// checkShown checks that every shown message is stored, and that all clients that saw this version saw
// the same.
func (c *checker) checkShown(client int, r Record) {
	row, ok := c.byID[r.Message]
	if !ok {
		c.violated(Lost, r.Room, r.Seq, client, r.At, "message %d was shown, but is not stored", r.Message)
		return
	}
	if row.Room != r.Room || row.Author != r.Author || row.CID != r.CID || r.Change < row.Seq || r.Change > row.ChangeSeq {
		c.violated(Disagree, r.Room, r.Seq, client, r.At, "message %d of user %d with change %d was shown; the database has it in room %d, of user %d, with changes from %d to %d",
			r.Message, r.Author, r.Change, row.Room, row.Author, row.Seq, row.ChangeSeq)
	}
	v := version{r.Message, r.Change}
	if state, known := c.states[v]; known && state != r.State {
		c.violated(Disagree, r.Room, r.Seq, client, r.At, "message %d after change %d was shown differently elsewhere", r.Message, r.Change)
	} else {
		c.states[v] = r.State
	}
}

// checkLeak checks that after a membership ended, newer messages are not received. Messages sent during
// the membership may still arrive, however late.
func (c *checker) checkLeak(client int, r Record, at time.Duration) {
	who := membershipKey{r.Room, c.h.Journals[client].User}
	since, gone := c.outside(who, at)
	if gone && slices.ContainsFunc(c.within[who], func(n numbers) bool { return n.from <= r.Seq && r.Seq <= n.to }) {
		gone = false
	}
	if !gone {
		since, gone = c.outside(membershipKey{0, who.user}, at)
	}
	if !gone {
		return
	}
	bound := revokedWithin
	for _, away := range c.h.RedisAway {
		if away.meets(Span{since, at}) {
			bound = revokedWithinAway
		}
	}
	for _, frozen := range c.h.Frozen {
		if frozen.meets(Span{since, at}) {
			bound += frozen.To - frozen.From
		}
	}
	if at > since+bound {
		c.violated(Leak, r.Room, r.Seq, client, r.At, "delivered %s after the membership ended", (at - since).Round(time.Millisecond))
	}
}

func (c *checker) checkWire(client int, s *stream, r Record) {
	if !s.subscribed || s.conn != r.Conn {
		return // an event that was in transit when the subscription ended
	}
	switch {
	case r.Seq <= s.wire:
		c.violated(Reapplied, r.Room, r.Seq, client, r.At, "received after %d", s.wire)
	case r.Seq > s.wire+1 && !s.may:
		c.violated(Gap, r.Room, r.Seq, client, r.At, "received right after %d", s.wire)
	}
	s.wire, s.may = max(s.wire, r.Seq), false
}

func (c *checker) checkApplied(client int, s *stream, r Record) {
	switch {
	case !r.Applied:
		return
	case s.begun && r.Seq <= s.applied:
		c.violated(Reapplied, r.Room, r.Seq, client, r.At, "shown again; the screen is at %d", s.applied)
	case s.begun && r.Seq > s.applied+1:
		c.violated(Gap, r.Room, r.Seq, client, r.At, "shown right after %d", s.applied)
	}
	s.applied, s.begun = r.Seq, true
	s.show(r)
}

// checkSenderOrder checks that the messages of one client to one room are stored in the order in which
// it sent them.
func (c *checker) checkSenderOrder(client int) {
	j := c.h.Journals[client]
	last := map[chat.RoomID]chat.Seq{}
	seen := map[uuid.UUID]bool{}
	for _, r := range j.Records() {
		if r.Kind != Invoked || seen[r.CID] {
			continue
		}
		seen[r.CID] = true
		row, ok := c.stored[sendKey{j.User, r.CID}]
		if !ok {
			continue
		}
		if row.Seq < last[r.Room] {
			c.violated(Reordered, r.Room, row.Seq, client, r.At, "sent after the message with number %d", last[r.Room])
		}
		last[r.Room] = max(last[r.Room], row.Seq)
	}
}

// checkOrder scans the time line: every number of a room known to any client when a send was first
// invoked is lower.
func (c *checker) checkOrder() {
	type moment struct {
		at   time.Duration
		room chat.RoomID
		seq  chat.Seq // known from here on
		send *send
		cid  sendKey
	}
	var all []moment
	for _, j := range c.h.Journals {
		seen := map[uuid.UUID]bool{}
		for _, r := range j.Records() {
			switch r.Kind {
			case Confirmed, Delivered:
				all = append(all, moment{at: r.At, room: r.Room, seq: r.Seq})
			case Invoked:
				if !seen[r.CID] {
					seen[r.CID] = true
					key := sendKey{j.User, r.CID}
					all = append(all, moment{at: r.At, room: r.Room, send: c.sends[key], cid: key})
				}
			}
		}
	}
	slices.SortStableFunc(all, func(a, b moment) int { return int(a.at - b.at) })
	known := map[chat.RoomID]chat.Seq{}
	for _, m := range all {
		if m.send == nil {
			known[m.room] = max(known[m.room], m.seq)
			continue
		}
		if row, ok := c.stored[m.cid]; ok && row.Seq <= known[m.room] {
			c.violated(Reordered, m.room, row.Seq, m.send.client, m.at, "sent when number %d was already known", known[m.room])
		}
	}
}

// checkPresence checks that online requires a connection within the last 35 s. In the views taken after
// a quiet period, a connection requires online.
func (c *checker) checkPresence() {
	lives := c.sockets()
	for i, j := range c.h.Journals {
		for _, r := range j.Records() {
			if r.Kind == Told && shown(r.Status) && !lives.within(r.Subject, Span{r.At - ghostWithin, r.At}) {
				c.violated(Ghost, r.Room, 0, i, r.At, "user %d was reported as %s, but had no connection for %s", r.Subject, r.Status, ghostWithin)
			}
		}
	}
	for _, v := range c.h.Views {
		if v.Unknown {
			continue
		}
		for user := range v.Online {
			if !lives.within(user, Span{v.At - ghostWithin, v.At}) {
				c.violated(Ghost, v.Room, 0, v.Client, v.At, "user %d is shown online, but had no connection for %s", user, ghostWithin)
			}
		}
		for _, user := range lives.subscribedSince(v.Room, v.At-ghostWithin, v.At) {
			if !c.absent(v.Room, user, v.At) && !v.Online[user] {
				c.violated(Missing, v.Room, 0, v.Client, v.At, "user %d has been connected for %s, but is not shown online", user, ghostWithin)
			}
		}
	}
}

func shown(s chat.Status) bool { return s == chat.Online || s == chat.Away || s == chat.Busy }

// sockets are the times during which users had connections and subscriptions.
type sockets struct {
	conns         map[chat.UserID][]Span
	subscriptions map[membershipKey][]Span
	users         map[chat.UserID]bool
}

func (c *checker) sockets() sockets {
	s := sockets{map[chat.UserID][]Span{}, map[membershipKey][]Span{}, map[chat.UserID]bool{}}
	for _, j := range c.h.Journals {
		s.users[j.User] = true
		var open time.Duration
		connected := false
		sits := map[chat.RoomID]time.Duration{}
		stand := func(room chat.RoomID, at time.Duration) {
			if from, ok := sits[room]; ok {
				s.subscriptions[membershipKey{room, j.User}] = append(s.subscriptions[membershipKey{room, j.User}], Span{from, at})
				delete(sits, room)
			}
		}
		end := func(at time.Duration) {
			for room := range sits {
				stand(room, at)
			}
			if connected {
				s.conns[j.User] = append(s.conns[j.User], Span{open, at})
			}
			connected = false
		}
		for _, r := range j.Records() {
			switch r.Kind {
			case Connected:
				end(r.At)
				open, connected = r.At, true
			case Ended:
				end(r.At)
			case Joined:
				if _, again := sits[r.Room]; !again {
					sits[r.Room] = r.At
				}
			case LeaveAnswered:
				if r.Subject == j.User {
					stand(r.Room, r.At)
				}
			}
		}
		end(forever)
	}
	return s
}

// within reports whether user had a connection at some time of span. Users that are not in this set of
// clients are unknown and are not checked.
func (s sockets) within(user chat.UserID, span Span) bool {
	return !s.users[user] || slices.ContainsFunc(s.conns[user], span.meets)
}

// subscribedSince returns the users that were subscribed to the room during the whole time from from to at.
func (s sockets) subscribedSince(room chat.RoomID, from, at time.Duration) []chat.UserID {
	var users []chat.UserID
	for who, spans := range s.subscriptions {
		if who.room == room && slices.ContainsFunc(spans, func(s Span) bool { return s.From <= from && s.To >= at }) {
			users = append(users, who.user)
		}
	}
	slices.Sort(users)
	return users
}
