package store

import (
	"bytes"

	"github.com/chillin-chat/chillin/internal/chat"
)

// decision is the outcome of a batch.
type decision struct {
	stored     []*request // with their numbers, in order
	heads      map[chat.RoomID]chat.Seq
	now        chat.Time // the creation time of the stored messages
	refused    map[*request]error
	known      map[*request]chat.MessageID
	duplicates map[*request]*request // a later request with the same cid in the batch → the earlier one
}

// activityStep is the precision of rooms.active_at in milliseconds. That column is indexed, and Postgres
// updates a row without its indexes (a HOT update) only if no indexed column changes: a tenth less CPU
// time for a lone message.
const activityStep = 10_000

// activeAt returns the active_at of a room with a message of that time.
func activeAt(sent chat.Time) int64 { return int64(sent) - int64(sent)%activityStep }

// decide assigns consecutive numbers to the requests that can be stored, in their order,
// and determines the outcome of the others.
func decide(batch []*request, state batchState, now chat.Time) decision {
	d := decision{
		heads: map[chat.RoomID]chat.Seq{}, now: now, refused: map[*request]error{},
		known: map[*request]chat.MessageID{}, duplicates: map[*request]*request{},
	}
	first := map[cidKey]*request{}
	for _, r := range batch {
		if d.repeats(r, state, first[r.key()]) {
			continue
		}
		if err := r.rule(r.draft, state.sendState(r.draft, now)); err != nil {
			d.refused[r] = err
			continue
		}
		first[r.key()] = r
		if _, ok := d.heads[r.draft.Room]; !ok {
			d.heads[r.draft.Room] = state.heads[r.draft.Room]
		}
		d.heads[r.draft.Room]++
		r.replied = state.replies[r.draft.ReplyTo]
		r.message = newMessage(r.draft, d.heads[r.draft.Room], state.members[memberKey{r.draft.Room, r.draft.Author}].author, now)
		r.message.Attachments = state.claimUploads(r.draft)
		d.stored = append(d.stored, r)
	}
	return d
}

// repeats reports whether the cid of r is already stored or is the cid of earlier, a
// request before it in the batch (nil for none). If so, it records the outcome of r.
func (d decision) repeats(r *request, state batchState, earlier *request) bool {
	known, isKnown := state.known[r.key()]
	switch {
	case isKnown && bytes.Equal(known.hash, r.hash):
		d.known[r] = known.id
	case !isKnown && earlier == nil:
		return false
	case !isKnown && bytes.Equal(earlier.hash, r.hash):
		d.duplicates[r] = earlier
	default:
		d.refused[r] = cidConflict()
	}
	return true
}

func cidConflict() error {
	return chat.Errorf(chat.CIDConflict, "This cid already belongs to another message.").WithField("cid")
}

func newMessage(d chat.Draft, seq chat.Seq, author chat.Author, now chat.Time) chat.Message {
	return chat.Message{
		RoomID: d.Room, Seq: seq, ChangeSeq: seq, CID: d.CID, Kind: chat.Text, Author: author,
		Text: d.Text, HTML: d.HTML, Mentions: chat.MentionsIn(d.HTML), CreatedAt: now, LastVerb: chat.Sent,
		Reactions: []chat.ReactionCount{},
	}
}

// finish gives every request of the batch its outcome. Call it after the commit.
func (d decision) finish() {
	for r, earlier := range d.duplicates {
		r.knownID = earlier.message.ID
		r.finish(nil)
	}
	for r, id := range d.known {
		r.knownID = id
		r.finish(nil)
	}
	for r, err := range d.refused {
		r.finish(err)
	}
	for _, r := range d.stored {
		r.finish(nil)
	}
}
