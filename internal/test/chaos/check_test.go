package chaos

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/chillin-chat/chillin/internal/chat"
)

// testHistory writes the history of a perfect server: every event reaches every client immediately and in
// order.
type testHistory struct {
	h          *History
	db         Database
	at         time.Duration
	cids       uint64
	subscribed map[int]map[chat.RoomID]bool // by client
	conns      map[int]int32                // 0 while disconnected
	last       map[int]int32
	has        map[int]map[chat.RoomID]chat.Seq
	texts      map[chat.MessageID]string
}

const second = time.Second

func newTestHistory(clients int) *testHistory {
	s := &testHistory{
		h: NewHistory(), db: Database{Reactions: map[Reaction]bool{}, Heads: map[chat.RoomID]chat.Seq{}, Owners: map[chat.RoomID]chat.UserID{}, Members: map[chat.RoomID]map[chat.UserID]bool{}},
		subscribed: map[int]map[chat.RoomID]bool{}, conns: map[int]int32{}, last: map[int]int32{}, has: map[int]map[chat.RoomID]chat.Seq{},
		texts: map[chat.MessageID]string{},
	}
	for i := range clients {
		s.h.Journal(s.user(i))
		s.subscribed[i], s.has[i] = map[chat.RoomID]bool{}, map[chat.RoomID]chat.Seq{}
	}
	return s
}

func (s *testHistory) user(client int) chat.UserID { return chat.UserID(client + 1) }

func (s *testHistory) note(client int, r Record) {
	s.at += time.Millisecond
	r.At = s.at
	s.h.Journals[client].add(r)
}

// room creates a room owned by client 0.
func (s *testHistory) room(id chat.RoomID) {
	s.db.Owners[id] = s.user(0)
	s.db.Members[id] = map[chat.UserID]bool{s.user(0): true}
}

func (s *testHistory) append(r Row, text string) Row {
	s.db.Heads[r.Room]++
	r.Seq, r.ChangeSeq = s.db.Heads[r.Room], s.db.Heads[r.Room]
	r.Message = chat.MessageID(len(s.db.Rows) + 1)
	s.texts[r.Message] = text
	s.db.Rows = append(s.db.Rows, r)
	return s.refresh(r.Message)
}

// refresh updates the state of a row.
func (s *testHistory) refresh(id chat.MessageID) Row {
	i := slices.IndexFunc(s.db.Rows, func(r Row) bool { return r.Message == id })
	r := &s.db.Rows[i]
	var all []Reaction
	for reaction := range s.db.Reactions {
		if reaction.Message == id {
			all = append(all, reaction)
		}
	}
	r.Hash, r.State = Hash(s.texts[id]), State(s.texts[id], r.Deleted, all)
	return *r
}

// change makes client change a message, after tries lost responses.
func (s *testHistory) change(client int, id chat.MessageID, tries int, r Record, do func(row *Row)) {
	i := slices.IndexFunc(s.db.Rows, func(r Row) bool { return r.Message == id })
	row := &s.db.Rows[i]
	r.Room, r.Message = row.Room, id
	noteAs := func(k Kind) {
		r.Kind = k
		s.note(client, r)
	}
	for range tries {
		noteAs(ChangeInvoked)
		noteAs(ChangeUnknown)
	}
	noteAs(ChangeInvoked)
	do(row)
	s.db.Heads[row.Room]++
	row.ChangeSeq = s.db.Heads[row.Room]
	s.deliver(s.refresh(id))
	r.Seq = row.ChangeSeq
	noteAs(ChangeConfirmed)
}

func (s *testHistory) edit(client int, id chat.MessageID, tries int) {
	s.cids++
	text := fmt.Sprint("better ", s.cids)
	s.change(client, id, tries, Record{Verb: chat.Edited, Hash: Hash(text)}, func(*Row) { s.texts[id] = text })
}

func (s *testHistory) erase(client int, id chat.MessageID, tries int) {
	s.change(client, id, tries, Record{Verb: chat.Deleted}, func(row *Row) {
		row.Deleted, s.texts[id] = true, ""
		for r := range s.db.Reactions {
			if r.Message == id {
				delete(s.db.Reactions, r)
			}
		}
	})
}

// react toggles client's reaction.
func (s *testHistory) react(client int, id chat.MessageID, emoji string, tries int) {
	r := Reaction{id, s.user(client), emoji}
	on := !s.db.Reactions[r]
	s.change(client, id, tries, Record{Verb: chat.Reacted, Emoji: emoji, On: on}, func(*Row) {
		delete(s.db.Reactions, r)
		if on {
			s.db.Reactions[r] = true
		}
	})
}

func (s *testHistory) deliver(r Row) {
	for client := range s.h.Journals {
		if s.conns[client] != 0 && s.subscribed[client][r.Room] {
			s.note(client, Record{
				Kind: Delivered, Applied: true, Conn: s.conns[client], Room: r.Room, Seq: r.ChangeSeq, Change: r.ChangeSeq,
				Message: r.Message, Author: r.Author, CID: r.CID, Hash: r.Hash, State: r.State,
			})
			s.has[client][r.Room] = r.ChangeSeq
		}
	}
}

func (s *testHistory) connect(client int, rooms ...chat.RoomID) {
	s.last[client]++
	s.conns[client] = s.last[client]
	s.note(client, Record{Kind: Connected, Conn: s.conns[client]})
	for _, room := range rooms {
		s.join(client, room)
	}
}

func (s *testHistory) join(client int, room chat.RoomID) {
	s.note(client, Record{Kind: JoinInvoked, Room: room, Subject: s.user(client)})
	if !s.db.Members[room][s.user(client)] {
		s.db.Members[room][s.user(client)] = true
		s.deliver(s.append(Row{Room: room, Author: s.user(client), Action: chat.Joined, Subject: s.user(client)}, ""))
	}
	from, to := s.has[client][room], s.db.Heads[room]
	var caught []Record
	for _, r := range s.db.Rows {
		if r.Room == room && r.ChangeSeq > from {
			caught = append(caught, Record{
				Kind: Caught, Room: room, Seq: r.Seq, Change: r.ChangeSeq, Message: r.Message, Author: r.Author, CID: r.CID, Hash: r.Hash, State: r.State,
			})
		}
	}
	s.note(client, Record{Kind: Joined, Conn: s.conns[client], Room: room, From: from, To: to, Count: int32(len(caught)), Began: s.at})
	for _, r := range caught {
		s.note(client, r)
	}
	s.subscribed[client][room], s.has[client][room] = true, to
}

func (s *testHistory) cut(client int) {
	s.note(client, Record{Kind: Ended, Conn: s.conns[client]})
	s.conns[client] = 0
	clear(s.subscribed[client])
}

// remove is a leave, or a kick if by is another client.
func (s *testHistory) remove(client, by int, room chat.RoomID) {
	began := s.at
	action := chat.Left
	if client != by {
		action = chat.Kicked
	}
	delete(s.subscribed[client], room)
	delete(s.db.Members[room], s.user(client))
	s.deliver(s.append(Row{Room: room, Author: s.user(by), Action: action, Subject: s.user(client)}, ""))
	s.note(by, Record{Kind: LeaveAnswered, Room: room, Subject: s.user(client), Began: began})
}

func (s *testHistory) cid() uuid.UUID {
	s.cids++
	return uuid.NewSHA1(uuid.Nil, fmt.Append(nil, s.cids))
}

// send makes client send a message, after tries lost responses.
func (s *testHistory) send(client int, room chat.RoomID, tries int) {
	cid := s.cid()
	text := fmt.Sprint(s.cids)
	hash := Hash(text)
	for range tries {
		s.note(client, Record{Kind: Invoked, Room: room, CID: cid, Hash: hash})
		s.note(client, Record{Kind: Unknown, Room: room, CID: cid, Code: chat.Unavailable})
	}
	s.note(client, Record{Kind: Invoked, Room: room, CID: cid, Hash: hash})
	row := s.append(Row{Room: room, Author: s.user(client), CID: cid}, text)
	s.deliver(row)
	s.note(client, Record{Kind: Confirmed, Room: room, CID: cid, Seq: row.Seq, Message: row.Message})
}

func (s *testHistory) wait(d time.Duration) { s.at += d }

// small has two rooms, three clients, a reconnect, a leave and a kick.
func small() *testHistory {
	s := newTestHistory(3)
	s.room(1)
	s.room(2)
	for i := range 3 {
		s.connect(i, 1, 2)
	}
	for i := range 12 {
		s.send(i%3, chat.RoomID(1+i%2), i%2)
	}
	s.cut(1)
	s.send(0, 1, 0)
	s.send(2, 1, 0)
	s.connect(1, 1, 2)
	s.send(1, 1, 0)
	mine := s.row(1, s.db.Heads[1]).Message
	s.edit(1, mine, 1)
	s.react(0, mine, "👍", 0)
	s.react(2, mine, "👍", 1)
	s.react(0, mine, "👍", 0)
	s.send(1, 1, 0)
	s.erase(1, s.row(1, s.db.Heads[1]).Message, 1)
	s.remove(2, 2, 1)
	s.send(0, 1, 0)
	s.remove(1, 0, 2)
	s.send(0, 2, 0)
	s.wait(60 * second)
	s.note(0, Record{Kind: Told, Room: 1, Subject: s.user(1), Status: chat.Online})
	for _, room := range []chat.RoomID{1, 2} {
		v := View{At: s.at, Room: room, Online: map[chat.UserID]bool{}}
		for i := range 3 {
			if s.subscribed[i][room] {
				v.Online[s.user(i)] = true
			}
		}
		s.h.Views = append(s.h.Views, v)
		s.h.Tails = append(s.h.Tails, Tail{Client: 0, Room: room, Seq: s.has[0][room]})
	}
	return s
}

// find returns a pointer to the n-th matching record, counted from 0.
func (s *testHistory) find(client, n int, is func(Record) bool) *Record {
	for i := range s.h.Journals[client].records {
		r := &s.h.Journals[client].records[i]
		if is(*r) {
			if n == 0 {
				return r
			}
			n--
		}
	}
	panic("the history has no such record")
}

func kind(k Kind, room chat.RoomID) func(Record) bool {
	return func(r Record) bool { return r.Kind == k && r.Room == room }
}

func (s *testHistory) drop(client int, r *Record) {
	j := s.h.Journals[client]
	i := slices.IndexFunc(j.records, func(o Record) bool { return o == *r })
	j.records = slices.Delete(j.records, i, i+1)
}

func (s *testHistory) row(room chat.RoomID, seq chat.Seq) *Row {
	i := slices.IndexFunc(s.db.Rows, func(r Row) bool { return r.Room == room && r.Seq == seq })
	return &s.db.Rows[i]
}

func TestValidHistoryHasNoViolations(t *testing.T) {
	s := small()
	if found := Check(s.h, s.db); len(found) != 0 {
		t.Fatalf("violations = %v, want none", found)
	}
}

// TestCheckDetectsViolations damages the small history in one place per case.
func TestCheckDetectsViolations(t *testing.T) {
	for name, c := range map[string]struct {
		want  Rule
		wrong func(s *testHistory)
	}{
		"a dropped event": {Gap, func(s *testHistory) { s.drop(0, s.find(0, 3, kind(Delivered, 1))) }},
		"an event twice": {Reapplied, func(s *testHistory) {
			j := s.h.Journals[0]
			i := slices.Index(j.records, *s.find(0, 3, kind(Delivered, 1)))
			j.records = slices.Insert(j.records, i+1, j.records[i])
		}},
		"two events swapped": {Gap, func(s *testHistory) {
			a, b := s.find(2, 2, kind(Delivered, 1)), s.find(2, 3, kind(Delivered, 1))
			*a, *b = *b, *a
		}},
		"two messages swapped on one screen": {Disagree, func(s *testHistory) {
			a, b := s.find(2, 2, kind(Delivered, 1)), s.find(2, 3, kind(Delivered, 1))
			a.Seq, b.Seq, a.Change, b.Change = b.Seq, a.Seq, b.Change, a.Change
		}},
		"a forged text":   {Disagree, func(s *testHistory) { s.find(1, 2, kind(Delivered, 1)).State++ }},
		"a forged author": {Disagree, func(s *testHistory) { s.find(1, 2, kind(Delivered, 1)).Author++ }},
		"a stored message that was never sent": {Forged, func(s *testHistory) {
			s.append(Row{Room: 1, Author: s.user(0), CID: s.cid()}, "7")
		}},
		"a different text stored than sent": {Forged, func(s *testHistory) { s.row(1, 5).Hash++ }},
		"an edit confirmed but not stored":  {Lost, func(s *testHistory) { s.edited().Hash++ }},
		"an edit that one client did not receive": {Stale, func(s *testHistory) {
			// The event contains the state before the edit.
			row := s.edited()
			last := s.find(0, 0, func(r Record) bool {
				return r.Kind == Delivered && r.Message == row.Message && r.Change == row.ChangeSeq
			})
			before := s.find(0, 1, func(r Record) bool { return r.Kind == Delivered && r.Message == row.Message })
			last.Change, last.State = before.Change, before.State
		}},
		"an old text on one screen": {Disagree, func(s *testHistory) {
			row := s.edited()
			s.find(0, 1, func(r Record) bool { return r.Kind == Delivered && r.Message == row.Message }).State++
		}},
		"a deletion confirmed but not stored": {Lost, func(s *testHistory) { s.deleted().Deleted = false }},
		"a deletion that was never requested": {Forged, func(s *testHistory) { s.row(1, 5).Deleted = true }},
		"a reaction lost":                     {Lost, func(s *testHistory) { clear(s.db.Reactions) }},
		"a removed reaction that is stored": {Lost, func(s *testHistory) {
			s.db.Reactions[Reaction{s.edited().Message, s.user(0), "👍"}] = true
		}},
		"a reaction that was never added": {Forged, func(s *testHistory) {
			s.db.Reactions[Reaction{s.edited().Message, s.user(1), "🎉"}] = true
		}},
		"a change confirmed with the number of another message": {Disagree, func(s *testHistory) {
			s.find(1, 0, kind(ChangeConfirmed, 1)).Seq = s.deleted().Seq
		}},
		"a message stored although refused": {Forged, func(s *testHistory) {
			cid := s.cid()
			s.note(0, Record{Kind: Invoked, Room: 1, CID: cid, Hash: 7})
			s.note(0, Record{Kind: Refused, Room: 1, CID: cid, Code: chat.NotAMember})
			s.append(Row{Room: 1, Author: s.user(0), CID: cid}, "7")
		}},
		"a confirmed message lost": {Lost, func(s *testHistory) {
			s.h.Tails = nil
			i := slices.IndexFunc(s.db.Rows, func(r Row) bool { return r.Room == 2 && r.Seq == s.db.Heads[2] })
			s.db.Rows = slices.Delete(s.db.Rows, i, i+1)
			s.db.Heads[2]--
		}},
		"a confirmation of another number": {Disagree, func(s *testHistory) { s.find(0, 0, kind(Confirmed, 1)).Seq++ }},
		"a phantom on the screen": {Lost, func(s *testHistory) {
			s.note(0, Record{Kind: Delivered, Applied: true, Conn: 1, Room: 1, Seq: s.db.Heads[1] + 1, Change: s.db.Heads[1] + 1, Message: 999})
		}},
		"a gap in the log": {NotDense, func(s *testHistory) {
			i := slices.IndexFunc(s.db.Rows, func(r Row) bool { return r.Room == 1 && r.Seq == 6 })
			s.db.Rows = slices.Delete(s.db.Rows, i, i+1)
		}},
		"a number beyond the head": {NotDense, func(s *testHistory) { s.db.Heads[1]-- }},
		"one number twice":         {Disagree, func(s *testHistory) { s.row(1, 6).Seq = 5 }},
		"one cid twice": {Twice, func(s *testHistory) {
			s.append(*s.row(1, 5), s.texts[s.row(1, 5).Message])
		}},
		"an order that the sender did not have": {Reordered, func(s *testHistory) {
			a, b := s.find(0, 0, kind(Invoked, 1)), s.find(0, 3, kind(Invoked, 1))
			a.At, b.At = b.At, a.At
			a.CID, b.CID, a.Hash, b.Hash = b.CID, a.CID, b.Hash, a.Hash
		}},
		"a send that was known before it was sent": {Reordered, func(s *testHistory) {
			s.find(1, 2, kind(Invoked, 1)).At += 30 * time.Millisecond
		}},
		"a catch-up that lacks a message": {Gap, func(s *testHistory) {
			joined := s.find(1, 1, kind(Joined, 1))
			joined.Count--
			j := s.h.Journals[1]
			i := slices.Index(j.records, *joined)
			j.records = slices.Delete(j.records, i+1, i+2)
		}},
		"a catch-up that begins too late": {Gap, func(s *testHistory) { s.find(1, 1, kind(Joined, 1)).From++ }},
		"the last event lost permanently": {Gap, func(s *testHistory) {
			last := s.db.Heads[1]
			s.drop(0, s.find(0, 0, func(r Record) bool { return r.Kind == Delivered && r.Room == 1 && r.Seq == last }))
			s.h.Tails = []Tail{{Client: 0, Room: 1, Seq: last - 1}}
		}},
		"a ghost that is reported": {Ghost, func(s *testHistory) {
			s.cut(1)
			s.wait(36 * second)
			s.note(0, Record{Kind: Told, Room: 1, Subject: s.user(1), Status: chat.Online})
		}},
		"a ghost in a view": {Ghost, func(s *testHistory) {
			s.cut(1)
			s.wait(36 * second)
			s.h.Views = []View{{At: s.at, Room: 1, Online: map[chat.UserID]bool{1: true, 2: true}}}
		}},
		"a connected user who is not shown": {Missing, func(s *testHistory) { delete(s.h.Views[0].Online, s.user(1)) }},
		"an event after a leave": {Leak, func(s *testHistory) {
			s.wait(3 * second)
			s.send(0, 1, 0)
			s.note(2, *s.find(0, 0, func(r Record) bool { return r.Kind == Delivered && r.Seq == s.db.Heads[1] }))
		}},
		"an event after a kick": {Leak, func(s *testHistory) {
			s.wait(3 * second)
			s.send(0, 2, 0)
			r := *s.find(0, 0, func(r Record) bool { return r.Kind == Delivered && r.Room == 2 && r.Seq == s.db.Heads[2] })
			r.Conn = 2
			s.note(1, r)
		}},
		"an event after a logout": {Leak, func(s *testHistory) {
			s.note(1, Record{Kind: LogoutAnswered})
			s.wait(3 * second)
			s.send(0, 1, 0)
		}},
		"history after a kick": {Leak, func(s *testHistory) {
			s.note(1, Record{Kind: CaughtUp, Conn: 2, Room: 2, From: s.has[1][2], To: s.has[1][2], Began: s.at})
		}},
		"history long after a logout": {Leak, func(s *testHistory) {
			s.note(1, Record{Kind: LogoutAnswered})
			s.wait(3 * second)
			s.note(1, Record{Kind: CaughtUp, Conn: 2, Room: 1, From: s.has[1][1], To: s.has[1][1], Began: s.at})
		}},
		"a message of a kicked user": {Intruder, func(s *testHistory) {
			s.send(1, 2, 0)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			s := small()
			c.wrong(s)
			found := Check(s.h, s.db)
			if !slices.ContainsFunc(found, func(v Violation) bool { return v.Rule == c.want }) {
				t.Fatalf("violations = %v, want one of %s", found, c.want)
			}
		})
	}
}

func TestAllowedDelaysAreNoViolations(t *testing.T) {
	for name, more := range map[string]func(s *testHistory){
		"a message sent before a leave, received long after it": func(s *testHistory) {
			r := *s.find(2, 0, func(r Record) bool { return r.Kind == Delivered && r.Room == 1 })
			s.wait(3 * second)
			r.Applied, r.Conn = false, 7
			s.note(2, r)
		},
		"an event within 2 s of a logout": func(s *testHistory) {
			s.note(1, Record{Kind: LogoutAnswered})
			s.wait(second)
			s.send(0, 1, 0)
		},
		"history on a socket within 2 s of a logout": func(s *testHistory) {
			s.note(1, Record{Kind: LogoutAnswered})
			s.wait(second)
			s.note(1, Record{Kind: CaughtUp, Conn: 2, Room: 1, From: s.has[1][1], To: s.has[1][1], Began: s.at})
		},
		"an event within 10 s of a logout while Redis is down": func(s *testHistory) {
			s.note(1, Record{Kind: LogoutAnswered})
			s.h.RedisAway = []Span{{s.at - second, s.at + 20*second}}
			s.wait(9 * second)
			s.send(0, 1, 0)
		},
		"a late attempt of an edit": func(s *testHistory) {
			id := s.edited().Message
			s.note(1, Record{Kind: ChangeInvoked, Room: 1, Message: id, Verb: chat.Edited, Hash: Hash("late")})
			s.note(1, Record{Kind: ChangeUnknown, Room: 1, Message: id, Verb: chat.Edited, Hash: Hash("late")})
			s.edit(1, id, 0)
			s.db.Heads[1]++
			s.edited().ChangeSeq, s.texts[id] = s.db.Heads[1], "late"
			s.deliver(s.refresh(id))
		},
		"a number replaced by a later change, received with another message": func(s *testHistory) {
			id := s.edited().Message
			i := len(s.h.Journals[0].records)
			s.react(0, id, "🎉", 0)
			s.react(0, id, "🎉", 0)
			first := &s.h.Journals[0].records[i+1]
			row := *s.row(1, 1)
			s.db.Heads[1]++
			*first = Record{
				At: first.At, Kind: Delivered, Applied: true, Conn: 1, Room: 1, Seq: first.Seq, Change: s.db.Heads[1],
				Message: row.Message, Author: row.Author, CID: row.CID, State: row.State,
			}
			s.row(1, 1).ChangeSeq = s.db.Heads[1]
		},
		"a user of another set of clients": func(s *testHistory) {
			s.note(0, Record{Kind: Told, Room: 1, Subject: 4711, Status: chat.Online})
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := small()
			s.h.Tails = nil // the history continues
			more(s)
			if found := Check(s.h, s.db); len(found) != 0 {
				t.Fatalf("violations = %v, want none", found)
			}
		})
	}
}

// random returns a long valid history.
func random(r *rand.Rand, clients, steps int) *testHistory {
	s := newTestHistory(clients)
	rooms := []chat.RoomID{1, 2, 3}
	for _, room := range rooms {
		s.room(room)
	}
	for i := range clients {
		s.connect(i, rooms...)
	}
	for range steps {
		client, room := r.IntN(clients), rooms[r.IntN(len(rooms))]
		away := s.conns[client] == 0
		switch n := r.IntN(100); {
		case away:
			s.connect(client, rooms...)
		case n < 8:
			s.cut(client)
		case n < 11 && client != 0 && s.subscribed[client][room]:
			s.remove(client, client, room)
		case n < 13 && client != 0 && s.subscribed[client][room] && s.conns[0] != 0:
			s.remove(client, 0, room)
		case !s.subscribed[client][room]:
			s.join(client, room)
		case n < 40:
			id, tries := s.randomMessage(r, room), r.IntN(6)/5
			if id == 0 {
				continue
			}
			switch mine := s.db.Rows[id-1].Author == s.user(client); {
			case mine && n < 20:
				s.edit(client, id, tries)
			case mine && n < 28:
				s.erase(client, id, tries)
			default:
				s.react(client, id, reactions[r.IntN(len(reactions))], tries)
			}
		default:
			s.send(client, room, r.IntN(6)/5)
		}
	}
	return s
}

// mutations damage a valid history at a random place. A mutation returns false if it cannot damage the
// chosen place.
var mutations = map[string]func(r *rand.Rand, s *testHistory) bool{
	"drop an event": func(r *rand.Rand, s *testHistory) bool {
		j, i := s.pick(r, Delivered)
		// The last event of a subscription has no successor that would reveal the loss: the client
		// detects it by comparing heads, and catches up.
		if !followed(j.records[i+1:], j.records[i]) {
			return false
		}
		j.records = slices.Delete(j.records, i, i+1)
		return true
	},
	"double an event": func(r *rand.Rand, s *testHistory) bool {
		j, i := s.pick(r, Delivered)
		j.records = slices.Insert(j.records, i+1, j.records[i])
		return true
	},
	"swap two events": func(r *rand.Rand, s *testHistory) bool {
		j, i := s.pick(r, Delivered)
		for k := i + 1; k < len(j.records); k++ {
			if o := j.records[k]; o.Kind == Delivered && o.Room == j.records[i].Room && o.Conn == j.records[i].Conn {
				j.records[i], j.records[k] = j.records[k], j.records[i]
				return true
			}
		}
		return false
	},
	"change what is shown": func(r *rand.Rand, s *testHistory) bool {
		j, i := s.pick(r, []Kind{Delivered, Caught}[r.IntN(2)])
		switch r.IntN(4) {
		case 0: // a state seen by only one client cannot be checked
			if !s.shownElsewhere(j, j.records[i]) {
				return false
			}
			j.records[i].State++
		case 1:
			j.records[i].Author++
		case 2:
			j.records[i].Message++
		default:
			j.records[i].CID = uuid.New()
		}
		return true
	},
	"lose a stored message": func(r *rand.Rand, s *testHistory) bool {
		i := r.IntN(len(s.db.Rows))
		s.db.Rows = slices.Delete(s.db.Rows, i, i+1)
		return true
	},
	"swap two stored messages": func(r *rand.Rand, s *testHistory) bool {
		a, b := &s.db.Rows[r.IntN(len(s.db.Rows))], &s.db.Rows[r.IntN(len(s.db.Rows))]
		if a.Room != b.Room || a == b {
			return false
		}
		a.Seq, b.Seq, a.ChangeSeq, b.ChangeSeq = b.Seq, a.Seq, b.ChangeSeq, a.ChangeSeq
		return true
	},
	"drop a change of a text": func(r *rand.Rand, s *testHistory) bool {
		row := &s.db.Rows[r.IntN(len(s.db.Rows))]
		if row.ChangeSeq == row.Seq || row.Deleted {
			return false
		}
		row.Hash++
		return true
	},
	"restore a deleted message": func(r *rand.Rand, s *testHistory) bool {
		row := &s.db.Rows[r.IntN(len(s.db.Rows))]
		if !row.Deleted {
			return false
		}
		row.Deleted = false
		return true
	},
	"toggle a reaction": func(r *rand.Rand, s *testHistory) bool {
		row := s.db.Rows[r.IntN(len(s.db.Rows))]
		if row.CID == uuid.Nil || row.Deleted {
			return false
		}
		reaction := Reaction{row.Message, s.user(r.IntN(len(s.h.Journals))), reactions[r.IntN(len(reactions))]}
		if s.db.Reactions[reaction] {
			delete(s.db.Reactions, reaction)
		} else {
			s.db.Reactions[reaction] = true
		}
		return !s.hasUnknownOutcome(reaction)
	},
	"store one twice": func(r *rand.Rand, s *testHistory) bool {
		row := s.db.Rows[r.IntN(len(s.db.Rows))]
		if row.CID == uuid.Nil {
			return false
		}
		s.append(row, s.texts[row.Message])
		return true
	},
	"forge a message": func(r *rand.Rand, s *testHistory) bool {
		s.append(Row{Room: chat.RoomID(1 + r.IntN(3)), Author: s.user(0), CID: uuid.New()}, fmt.Sprint(r.Uint64()))
		return true
	},
	"confirm another number": func(r *rand.Rand, s *testHistory) bool {
		j, i := s.pick(r, Confirmed)
		j.records[i].Seq++
		return true
	},
	"drop a message from a catch-up": func(r *rand.Rand, s *testHistory) bool {
		j, i := s.pick(r, Joined)
		if j.records[i].Count == 0 {
			return false
		}
		left := j.records[i+1]
		if row := s.rowWhere(func(r Row) bool { return r.Message == left.Message }); row.ChangeSeq != left.Change {
			return false // its next change is received anyway
		}
		j.records[i].Count--
		j.records = slices.Delete(j.records, i+1, i+2)
		return true
	},
	"drop a membership": func(r *rand.Rand, s *testHistory) bool {
		room := chat.RoomID(1 + r.IntN(3))
		for i := 1; i < len(s.h.Journals); i++ {
			if s.db.Members[room][s.user(i)] {
				delete(s.db.Members[room], s.user(i))
				return true
			}
		}
		return false
	},
}

func (s *testHistory) pick(r *rand.Rand, k Kind) (*Journal, int) {
	for {
		j := s.h.Journals[r.IntN(len(s.h.Journals))]
		if i := r.IntN(len(j.records)); j.records[i].Kind == k {
			return j, i
		}
	}
}

// randomMessage returns a message of the room, or 0 if there is none.
func (s *testHistory) randomMessage(r *rand.Rand, room chat.RoomID) chat.MessageID {
	for range 10 {
		row := s.db.Rows[r.IntN(len(s.db.Rows))]
		if row.Room == room && row.CID != uuid.Nil && !row.Deleted {
			return row.Message
		}
	}
	return 0
}

// shownElsewhere reports whether the database or another client has the same version.
func (s *testHistory) shownElsewhere(not *Journal, r Record) bool {
	if slices.ContainsFunc(s.db.Rows, func(row Row) bool { return row.Message == r.Message && row.ChangeSeq == r.Change }) {
		return true
	}
	return slices.ContainsFunc(s.h.Journals, func(j *Journal) bool {
		return j != not && slices.ContainsFunc(j.records, func(o Record) bool {
			return (o.Kind == Delivered || o.Kind == Caught) && o.Message == r.Message && o.Change == r.Change
		})
	})
}

// hasUnknownOutcome reports whether an attempt of a reaction had no outcome: then either state is allowed.
func (s *testHistory) hasUnknownOutcome(of Reaction) bool {
	return slices.ContainsFunc(s.h.Journals, func(j *Journal) bool {
		return j.User == of.User && slices.ContainsFunc(j.records, func(r Record) bool {
			return r.Kind == ChangeUnknown && r.Message == of.Message && r.Emoji == of.Emoji
		})
	})
}

// edited and deleted return messages of the small history.
func (s *testHistory) edited() *Row {
	return s.rowWhere(func(r Row) bool { return r.ChangeSeq != r.Seq && !r.Deleted })
}
func (s *testHistory) deleted() *Row { return s.rowWhere(func(r Row) bool { return r.Deleted }) }

func (s *testHistory) rowWhere(is func(Row) bool) *Row {
	return &s.db.Rows[slices.IndexFunc(s.db.Rows, is)]
}

// followed reports whether an event of e's room follows e.
func followed(rest []Record, e Record) bool {
	return slices.ContainsFunc(rest, func(r Record) bool {
		return r.Room == e.Room && (r.Kind == Delivered || r.Kind == Joined)
	})
}

func TestEveryMutationIsDetected(t *testing.T) {
	for name, mutate := range mutations {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(25) {
				r := rand.New(rand.NewPCG(seed, 7))
				s := random(r, 5, 300)
				if found := Check(s.h, s.db); len(found) != 0 {
					t.Fatalf("seed %d: clean story has violations: %v", seed, found)
				}
				for tries := 0; !mutate(r, s); tries++ {
					if tries > 1000 {
						t.Fatalf("seed %d: nothing to mutate", seed)
					}
				}
				if found := Check(s.h, s.db); len(found) == 0 {
					t.Fatalf("seed %d: not detected", seed)
				}
			}
		})
	}
}

func TestManyRecordsAreCheckedQuickly(t *testing.T) {
	s := random(rand.New(rand.NewPCG(1, 1)), 30, 8_000)
	records := 0
	for _, j := range s.h.Journals {
		records += len(j.records)
	}
	began := time.Now()
	found := Check(s.h, s.db)
	took := time.Since(began)
	t.Logf("%d records, %d messages: %s", records, len(s.db.Rows), took)
	if len(found) != 0 || took > time.Minute {
		t.Fatalf("violations = %v after %s, want none within a minute", found, took)
	}
}

func BenchmarkCheck(b *testing.B) {
	s := random(rand.New(rand.NewPCG(1, 1)), 20, 10_000)
	for b.Loop() {
		Check(s.h, s.db)
	}
}
