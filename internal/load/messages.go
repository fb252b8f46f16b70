package load

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/client"
	"github.com/chillin-chat/chillin/internal/wire"
)

// sendAndSettle sends the planned messages and waits until all are received, or until there is no more
// progress.
func sendAndSettle(ctx context.Context, r *run) error {
	if err := r.sendAll(ctx); err != nil {
		return err
	}
	return r.settle(ctx)
}

// sendAll sends the planned messages at their times.
func (r *run) sendAll(ctx context.Context) error {
	r.progress("sending %d messages in %s", len(r.plan.senders), r.plan.due(len(r.plan.senders)))
	began := time.Now()
	r.began.Store(int64(began.Sub(r.origin)))
	r.plan.follow(ctx, began, func(k, client int, due time.Time) {
		r.lateness.add(time.Since(due))
		r.send(k, r.conns[client])
	})
	return stoppedEarly(ctx)
}

// settle waits until every message is answered and every confirmed one is delivered, or until there is
// no more progress.
func (r *run) settle(ctx context.Context) error {
	r.awaitDeliveries(ctx)
	if err := stoppedEarly(ctx); err != nil {
		return err
	}
	r.awaitHeads(ctx)
	return nil
}

func stoppedEarly(ctx context.Context) error {
	if ctx.Err() != nil {
		return fmt.Errorf("stopped early: %w", context.Cause(ctx))
	}
	return nil
}

func (r *run) send(k int, c *conn) {
	r.sent++
	r.open.Add(1)
	// A connection that has ended reports the reason itself; the message stays unanswered.
	_ = c.command(firstSend+k, wire.CommandMessageSend, wire.MessageSend{
		RoomID: c.room.id, CID: r.cidOf(k), Text: r.text(k),
	})
}

func (r *run) cidOf(k int) string { return fmt.Sprintf("%s%012x", r.cid, k) }

// text returns the text of message k.
func (r *run) text(k int) string {
	text := fmt.Sprintf("Message %d of a load run, about as long as what people write to each other.", k)
	if missing := r.kind.textLength - len(text); missing > 0 {
		const more = " And more."
		text += strings.Repeat(more, (missing+len(more)-1)/len(more))
	}
	return text
}

// number returns the message of this run that has the cid.
func (r *run) number(cid chat.CID) (int, bool) {
	digits, ours := strings.CutPrefix(string(cid), r.cid)
	k, err := strconv.ParseUint(digits, 16, 48)
	return int(k), ours && err == nil && int(k) < len(r.answers)
}

// waited returns the time between the due time of message k and at.
func (r *run) waited(k int, at time.Time) time.Duration {
	return at.Sub(r.origin) - time.Duration(r.began.Load()) - r.plan.due(k)
}

func (r *run) answered(k int, in *room, h parsedLine, at time.Time) error {
	if k >= len(r.answers) {
		return fmt.Errorf("response to a message that was not sent: %d", k)
	}
	if h.kind != wire.ResponseMessageConfirmed {
		e, ok := errors.AsType[*client.Error](refusal(h))
		if !ok {
			return errors.New("unexpected response " + h.kind)
		}
		if r.answers[k].CompareAndSwap(0, refused) {
			r.refuse(e.Code)
		}
		return nil
	}
	var confirmed wire.MessageConfirmed
	if err := h.decode(&confirmed); err != nil {
		return err
	}
	if r.answers[k].CompareAndSwap(0, int64(confirmed.Seq)) {
		r.confirmation.add(r.waited(k, at))
		r.lastAnswer.Store(int64(at.Sub(r.origin)))
		r.due.Add(int64(in.members))
		r.open.Add(-1)
		r.progressed.Send()
	}
	return nil
}

func (r *run) refuse(code chat.Code) {
	r.mu.Lock()
	r.refusals[code]++
	r.mu.Unlock()
	r.open.Add(-1)
	r.progressed.Send()
}

// delivered records that c received the message with the cid, and reports whether it is of this run.
// Latencies are those of the clients that are not disturbed.
func (r *run) delivered(c *conn, cid chat.CID, at time.Time) bool {
	k, ours := r.number(cid)
	if !ours {
		return false
	}
	if c.index < r.plan.active {
		waited := r.waited(k, at)
		r.delivery.add(waited)
		r.compareNodes(r.plan.senders[k], c.index, waited)
	}
	r.last.Store(int64(at.Sub(r.origin)))
	r.done.Add(1)
	r.progressed.Send()
	return true
}

// awaitDeliveries waits until every message is answered and every confirmed one is delivered.
func (r *run) awaitDeliveries(ctx context.Context) {
	quiet := time.NewTimer(timeout)
	defer quiet.Stop()
	for r.open.Load() > 0 || r.done.Load() < r.due.Load() {
		select {
		case <-r.progressed:
			quiet.Reset(timeout)
		case <-quiet.C:
			return
		case <-ctx.Done():
			return
		}
	}
}
