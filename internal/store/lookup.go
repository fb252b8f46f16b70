package store

import (
	"cmp"
	"maps"
	"slices"

	"github.com/chillin-chat/chillin/internal/chat"
)

// lookup lists what an append reads before it decides about a batch.
type lookup struct {
	direct  bool // whether one of the rooms may be a direct room; set by Postgres
	now     chat.Time
	rooms   []int64 // ascending
	members []memberKey
	cids    []cidKey
	replies []int64
	uploads []int64 // ascending
}

type memberKey struct {
	room chat.RoomID
	user chat.UserID
}

type cidKey struct {
	author chat.UserID
	cid    chat.CID
}

// lookupFor returns the lookup for batch, without duplicates.
func lookupFor(batch []*request, now chat.Time) lookup {
	rooms, members, cids := map[int64]bool{}, map[memberKey]bool{}, map[cidKey]bool{}
	replies, uploads := map[int64]bool{}, map[int64]bool{}
	for _, r := range batch {
		rooms[int64(r.draft.Room)] = true
		members[memberKey{r.draft.Room, r.draft.Author}] = true
		cids[r.key()] = true
		if r.draft.ReplyTo != 0 {
			replies[int64(r.draft.ReplyTo)] = true
		}
		for _, id := range r.draft.Attachments {
			uploads[int64(id)] = true
		}
	}
	return lookup{
		now: now, rooms: slices.Sorted(maps.Keys(rooms)), members: slices.Collect(maps.Keys(members)),
		cids:    slices.SortedFunc(maps.Keys(cids), cidKey.compare),
		replies: slices.Collect(maps.Keys(replies)), uploads: slices.Sorted(maps.Keys(uploads)),
	}
}

func (k cidKey) compare(other cidKey) int {
	return cmp.Or(cmp.Compare(k.author, other.author), cmp.Compare(k.cid, other.cid))
}

// batchState is the result of a lookup. It stays valid until the transaction ends.
type batchState struct {
	heads   map[chat.RoomID]chat.Seq
	direct  map[chat.RoomID]bool // the direct rooms
	members map[memberKey]member
	known   map[cidKey]original
	replies map[chat.MessageID]repliedMessage
	uploads map[chat.AttachmentID]upload
}

func newBatchState() batchState {
	return batchState{
		heads: map[chat.RoomID]chat.Seq{}, direct: map[chat.RoomID]bool{}, members: map[memberKey]member{},
		known: map[cidKey]original{}, replies: map[chat.MessageID]repliedMessage{},
		uploads: map[chat.AttachmentID]upload{},
	}
}

type member struct {
	author     chat.Author
	mutedUntil chat.Time
	block      chat.DirectBlock
}

// original is the message that is stored under a cid.
type original struct {
	id   chat.MessageID
	hash []byte
}

// repliedMessage is a message that a draft replies to. The chat.Reply is built from it
// after the commit, when no room is locked.
type repliedMessage struct {
	room   chat.RoomID
	seq    chat.Seq
	html   string
	author chat.Author
}

// repliedColumns are the columns of a message p and its author u for scanReplied.
var repliedColumns = `p.room_id, p.seq, ` + excerptHTML + `, u.id, u.username, u.display_name, u.avatar_key`

// scanReplied reads repliedColumns. first receives the columns before them.
func scanReplied(from row, first ...any) (r repliedMessage, err error) {
	var avatar string
	err = from.Scan(append(first, &r.room, &r.seq, &r.html, &r.author.ID, &r.author.Username, &r.author.DisplayName, &avatar)...)
	r.author.AvatarURL = avatarURL(avatar)
	return r, err
}

// upload is an attachment without a message. Its row is locked until the transaction ends.
type upload struct {
	owner chat.UserID
	file  chat.MessageAttachment
}

// sendState returns the input of the rule for d.
func (s batchState) sendState(d chat.Draft, now chat.Time) chat.SendState {
	_, exists := s.heads[d.Room]
	m, isMember := s.members[memberKey{d.Room, d.Author}]
	hasUploads := true
	for _, id := range d.Attachments {
		u, ok := s.uploads[id]
		hasUploads = hasUploads && ok && u.owner == d.Author
	}
	return chat.SendState{
		RoomExists: exists, IsMember: isMember, MutedUntil: m.mutedUntil, Block: m.block,
		ReplyRoom: s.replies[d.ReplyTo].room, HasUploads: hasUploads, Now: now,
	}
}

// claimUploads returns the uploads of d and removes them from s, so that no later draft of
// the batch gets them.
func (s batchState) claimUploads(d chat.Draft) []chat.MessageAttachment {
	files := make([]chat.MessageAttachment, 0, len(d.Attachments))
	for _, id := range d.Attachments {
		files = append(files, s.uploads[id].file)
		delete(s.uploads, id)
	}
	return files
}
