package store

import (
	"bytes"
	"cmp"
	"maps"
	"slices"

	"github.com/chillin-chat/chillin/internal/chat"
)

// question names what an append must know.
type question struct {
	rooms   []int64 // ascending
	members []place
	cids    []cidKey
	replies []int64
	uploads []int64 // ascending
}

type place struct {
	room chat.RoomID
	user chat.UserID
}

type cidKey struct {
	author chat.UserID
	cid    chat.CID
}

// ask is what the facts must tell about batch, everything once.
func ask(batch []*entry) question {
	rooms, members, cids := map[int64]bool{}, map[place]bool{}, map[cidKey]bool{}
	replies, uploads := map[int64]bool{}, map[int64]bool{}
	for _, e := range batch {
		rooms[int64(e.draft.Room)] = true
		members[place{e.draft.Room, e.draft.Author}] = true
		cids[e.key()] = true
		if e.draft.ReplyTo != 0 {
			replies[int64(e.draft.ReplyTo)] = true
		}
		for _, id := range e.draft.Attachments {
			uploads[int64(id)] = true
		}
	}
	return question{
		rooms: slices.Sorted(maps.Keys(rooms)), members: slices.Collect(maps.Keys(members)),
		cids:    slices.SortedFunc(maps.Keys(cids), cidKey.compare),
		replies: slices.Collect(maps.Keys(replies)), uploads: slices.Sorted(maps.Keys(uploads)),
	}
}

func (k cidKey) compare(other cidKey) int {
	return cmp.Or(cmp.Compare(k.author, other.author), cmp.Compare(k.cid, other.cid))
}

// facts are the answer, true until the transaction ends.
type facts struct {
	heads   map[chat.RoomID]chat.Seq
	members map[place]member
	known   map[cidKey]original
	replies map[chat.MessageID]replied
	uploads map[chat.AttachmentID]upload
}

type member struct {
	author     chat.Author
	mutedUntil chat.Time
}

type original struct {
	id   chat.MessageID
	hash []byte
}

// replied is a message that another one answers. What a Reply shows of it is made after the
// commit, when no room is locked.
type replied struct {
	room   chat.RoomID
	seq    chat.Seq
	html   string
	author chat.Author
}

// repliedColumns are the columns of a message p and its author u for scanReplied.
var repliedColumns = `p.room_id, p.seq, ` + excerptHTML + `, u.id, u.username, u.display_name, u.avatar_key`

// scanReplied reads repliedColumns; first are columns before them.
func scanReplied(from row, first ...any) (r replied, err error) {
	var avatar string
	err = from.Scan(append(first, &r.room, &r.seq, &r.html, &r.author.ID, &r.author.Username, &r.author.DisplayName, &avatar)...)
	r.author.AvatarURL = avatarURL(avatar)
	return r, err
}

// upload is one that no message carries. It is taken until the transaction ends.
type upload struct {
	owner chat.UserID
	file  chat.MessageAttachment
}

func newFacts() facts {
	return facts{
		heads: map[chat.RoomID]chat.Seq{}, members: map[place]member{},
		known: map[cidKey]original{}, replies: map[chat.MessageID]replied{},
		uploads: map[chat.AttachmentID]upload{},
	}
}

// decision is what becomes of a batch once the facts are known.
type decision struct {
	stored  []*entry // numbered, in order
	heads   map[chat.RoomID]chat.Seq
	refused map[*entry]error
	known   map[*entry]chat.MessageID
	twins   map[*entry]*entry // the same cid twice in one batch: the later waits for the earlier
}

// decide numbers the entries that may be stored, densely and in their order, and
// finds the outcome of the others.
func decide(batch []*entry, f facts, now chat.Time) decision {
	d := decision{
		heads: map[chat.RoomID]chat.Seq{}, refused: map[*entry]error{},
		known: map[*entry]chat.MessageID{}, twins: map[*entry]*entry{},
	}
	first := map[cidKey]*entry{}
	for _, e := range batch {
		if d.repeats(e, f, first[e.key()]) {
			continue
		}
		if err := e.rule(e.draft, f.sendState(e.draft, now)); err != nil {
			d.refused[e] = err
			continue
		}
		first[e.key()] = e
		if _, ok := d.heads[e.draft.Room]; !ok {
			d.heads[e.draft.Room] = f.heads[e.draft.Room]
		}
		d.heads[e.draft.Room]++
		e.replied = f.replies[e.draft.ReplyTo]
		e.message = numbered(e.draft, d.heads[e.draft.Room], f.members[place{e.draft.Room, e.draft.Author}].author, now)
		e.message.Attachments = f.claimUploads(e.draft)
		d.stored = append(d.stored, e)
	}
	return d
}

// repeats finds the outcome of e where its cid is stored already, or is that of a twin
// before it in the batch, nil for none.
func (d decision) repeats(e *entry, f facts, twin *entry) bool {
	known, isKnown := f.known[e.key()]
	switch {
	case isKnown && bytes.Equal(known.hash, e.hash):
		d.known[e] = known.id
	case !isKnown && twin == nil:
		return false
	case !isKnown && bytes.Equal(twin.hash, e.hash):
		d.twins[e] = twin
	default:
		d.refused[e] = cidConflict()
	}
	return true
}

func cidConflict() error {
	return chat.Errorf(chat.CIDConflict, "This cid already names another message.").WithField("cid")
}

// sendState returns what the rule for d needs.
func (f facts) sendState(d chat.Draft, now chat.Time) chat.SendState {
	_, exists := f.heads[d.Room]
	m, isMember := f.members[place{d.Room, d.Author}]
	hasUploads := true
	for _, id := range d.Attachments {
		u, ok := f.uploads[id]
		hasUploads = hasUploads && ok && u.owner == d.Author
	}
	return chat.SendState{
		RoomExists: exists, IsMember: isMember, MutedUntil: m.mutedUntil,
		ReplyRoom: f.replies[d.ReplyTo].room, HasUploads: hasUploads, Now: now,
	}
}

// claimUploads gives the uploads of d to its message: no later draft of the batch gets
// them.
func (f facts) claimUploads(d chat.Draft) []chat.MessageAttachment {
	files := make([]chat.MessageAttachment, 0, len(d.Attachments))
	for _, id := range d.Attachments {
		files = append(files, f.uploads[id].file)
		delete(f.uploads, id)
	}
	return files
}

func numbered(d chat.Draft, seq chat.Seq, author chat.Author, now chat.Time) chat.Message {
	return chat.Message{
		RoomID: d.Room, Seq: seq, ChangeSeq: seq, CID: d.CID, Kind: chat.Text, Author: author,
		Text: d.Text, HTML: d.HTML, Mentions: chat.MentionsIn(d.HTML), CreatedAt: now, LastVerb: chat.Sent,
		Reactions: []chat.ReactionCount{},
	}
}

// answer tells every sender its own outcome. It is called after the commit.
func (d decision) answer() {
	for e, twin := range d.twins {
		e.known = twin.message.ID
		e.finish(nil)
	}
	for e, id := range d.known {
		e.known = id
		e.finish(nil)
	}
	for e, err := range d.refused {
		e.finish(err)
	}
	for _, e := range d.stored {
		e.finish(nil)
	}
}
