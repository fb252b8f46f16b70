package store

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

// Append stores d under the next number of its room, once per (author, cid).
func (s *Store) Append(ctx context.Context, d chat.Draft, rule chat.SendRule) (chat.Message, bool, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	deadline, _ := ctx.Deadline()
	r := &request{draft: d, rule: rule, hash: sendHash(d), deadline: deadline, done: make(chan struct{})}
	if !s.queue.add(r) {
		return chat.Message{}, false, chat.ErrUnavailable(errors.New("append queue is full or closed"))
	}
	select {
	case <-r.done:
	case <-ctx.Done():
		// The message may still be stored. A retry with the same cid returns the outcome.
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			s.onWrite(fmt.Errorf("append message: %w", ctx.Err()))
		}
		return chat.Message{}, false, chat.ErrUnavailable(ctx.Err())
	}
	if r.err == nil {
		s.onWrite(nil)
	}
	switch {
	case r.err != nil:
		s.noteFailure(r.err)
		return chat.Message{}, false, s.fail("append message", r.err)
	case r.knownID != 0:
		m, err := s.originalMessage(ctx, r.knownID, d)
		return m, false, s.fail("read known message", err)
	}
	if d.ReplyTo != 0 {
		r.message.ReplyTo = chat.NewReply(d.ReplyTo, r.replied.seq, r.replied.author, r.replied.html)
	}
	return r.message, true, nil
}

// request is a draft that waits in the append queue, with its outcome.
type request struct {
	draft    chat.Draft
	rule     chat.SendRule
	hash     []byte // see sendHash
	deadline time.Time
	done     chan struct{} // closed when the fields below are final

	message chat.Message
	replied repliedMessage // set if the draft is a reply
	knownID chat.MessageID // of the original message if the cid was known
	err     error
}

func (r *request) key() cidKey { return cidKey{r.draft.Author, r.draft.CID} }

func (r *request) finish(err error) {
	r.err = err
	close(r.done)
}

// sendHash returns a hash of the content of d. It distinguishes a retry from another
// message with the same cid.
func sendHash(d chat.Draft) []byte {
	h := sha256.New()
	var head [16]byte
	binary.BigEndian.PutUint64(head[:8], uint64(d.Room))
	binary.BigEndian.PutUint64(head[8:], uint64(d.ReplyTo))
	h.Write(head[:])
	// Nodes of earlier versions store texts without the indentation of the first line.
	h.Write([]byte(strings.TrimSpace(d.Text)))
	if len(d.Attachments) > 0 {
		h.Write([]byte{0}) // a separator: no text contains NUL
		for _, id := range d.Attachments {
			h.Write(binary.BigEndian.AppendUint64(nil, uint64(id)))
		}
	}
	return h.Sum(nil)[:16]
}
