package chaos

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/google/uuid"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/client"
)

// slowReaders adds clients that join the hot room and read nothing, while another client fills it with
// long messages.
func slowReaders(ctx context.Context, r *Run) error {
	before := r.memory()
	slow, err := Idle(ctx, r.Clients, 50, 50, []chat.RoomID{r.Clients.hot}, true)
	if err != nil {
		return err
	}
	defer slow.Close()
	var writer sync.WaitGroup
	writing, stop := context.WithCancel(ctx)
	writer.Go(func() { r.Clients.shout(writing) })
	err = r.wait(ctx, r.dur(30*time.Second, 15*time.Second))
	stop()
	writer.Wait()
	after := r.memory()
	r.note("memory of the nodes: %d MiB, then %d MiB; %d of 50 slow readers were disconnected", before>>20, after>>20, slow.Ended())
	if after > before+100<<20 {
		r.complain("the nodes' memory grew from %d MiB to %d MiB, want at most 100 MiB more", before>>20, after>>20)
	}
	if slow.Ended() == 0 {
		r.complain("no slow reader was disconnected")
	}
	return err
}

// expectFastDeliveryToOthers limits the effect of slow readers on other clients.
func expectFastDeliveryToOthers(r *Run, f Figures) []string {
	r.note("delivery to others: p99 %s, slowest %s", short(f.P99Delivery), short(f.SlowestDelivery))
	if f.P99Delivery > time.Second {
		return []string{fmt.Sprintf("delivery p99 to the others is %s, want at most 1 s", f.P99Delivery)}
	}
	return nil
}

// memory returns the resident memory of all nodes, in bytes.
func (r *Run) memory() int {
	sum := 0
	for _, n := range r.Nodes {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/statm", n.Pid()))
		if fields := strings.Fields(string(text)); len(fields) > 1 {
			pages, _ := strconv.Atoi(fields[1])
			sum += pages * syscall.Getpagesize()
		}
	}
	return sum
}

// revoke ends sessions and memberships while all members chat.
func revoke(ctx context.Context, r *Run) error {
	random := r.chance
	victims := random.Perm(len(r.Clients.members) - 1)
	for k, v := range victims[:min(12, len(victims))] {
		revoke := r.Clients.Kick
		if k%2 == 0 {
			revoke = r.Clients.Logout
		}
		if err := revoke(ctx, v+1, r.Nodes[random.IntN(nodes)].URL()); err != nil {
			return err
		}
		if err := r.wait(ctx, 300*time.Millisecond); err != nil {
			return err
		}
	}
	return r.wait(ctx, 3*time.Second) // longer than a socket may still receive events
}

// kickDuringSends repeatedly kicks a user who sends over several connections at once: no message of the
// user may be stored after that.
func kickDuringSends(ctx context.Context, r *Run) error {
	owner := r.Clients.members[0].client
	room, err := owner.CreateRoom(ctx, fmt.Sprintf("kick-%d", time.Now().UnixMilli()), nil)
	if err != nil {
		return err
	}
	r.Clients.rooms = append(r.Clients.rooms, room.ID)
	victim := client.New(r.Nodes[0].URL())
	victim.HTTP = httpFrom(len(r.Clients.members))
	if err := victim.Guest(ctx, "Victim"); err != nil {
		return err
	}
	var journals [6]*Journal // one per connection: there is no order between them
	for i := range journals {
		journals[i] = r.History.Journal(victim.User.ID)
	}
	for round := range 20 {
		if err := victim.JoinRoom(ctx, room.ID, ""); err != nil {
			return err
		}
		sending, stop := context.WithCancel(ctx)
		var senders sync.WaitGroup
		for i, journal := range journals {
			senders.Go(func() { sendContinuously(sending, victim, r.Nodes[i%nodes].URL(), room.ID, journal) })
		}
		err := r.wait(ctx, 30*time.Millisecond)
		if err == nil {
			path := fmt.Sprintf("/rooms/%d/members/%d", room.ID, victim.User.ID)
			err = owner.Do(ctx, http.MethodDelete, path, nil, nil)
		}
		if err == nil {
			err = r.wait(ctx, 30*time.Millisecond)
		}
		stop()
		senders.Wait()
		if err != nil {
			return fmt.Errorf("kick %d: %w", round, err)
		}
	}
	return nil
}

// sendContinuously sends by REST as fast as responses arrive, until ctx ends.
func sendContinuously(ctx context.Context, c *client.Client, base string, room chat.RoomID, j *Journal) {
	sender := *c
	sender.Base = base
	for ctx.Err() == nil {
		cid := uuid.New()
		text := cid.String()
		j.add(Record{Kind: Invoked, Room: room, CID: cid, Hash: Hash(text)})
		var out struct {
			Message seen `json:"message"`
		}
		// Not canceled with ctx: the outcome must be recorded.
		err := sender.Do(context.WithoutCancel(ctx), http.MethodPost, fmt.Sprintf("/rooms/%d/messages", room), map[string]any{"cid": cid, "text": text}, &out)
		refusal, ok := errors.AsType[*client.Error](err)
		switch {
		case err == nil:
			j.add(Record{Kind: Confirmed, Room: room, CID: cid, Seq: out.Message.Seq, Message: out.Message.ID})
		case ok && refusal.Code == chat.NotAMember:
			j.add(Record{Kind: Refused, Room: room, CID: cid, Code: refusal.Code})
		default:
			j.add(Record{Kind: Unknown, Room: room, CID: cid})
		}
	}
}

func revokeWithoutRedis(ctx context.Context, r *Run) error {
	defer r.away(r.History.Now())
	if err := r.Redis.Kill(); err != nil {
		return err
	}
	if err := r.wait(ctx, 2*time.Second); err != nil {
		return err
	}
	if err := revoke(ctx, r); err != nil {
		return err
	}
	if err := r.wait(ctx, 10*time.Second); err != nil {
		return err
	}
	return r.Redis.Start()
}

// reconnectRepeatedly repeatedly cuts all connections, so that most messages are received by catch-up.
func reconnectRepeatedly(ctx context.Context, r *Run) error {
	until := r.History.Now() + r.dur(20*time.Second, 5*time.Second)
	for r.History.Now() < until {
		if err := r.Clients.CutAll(ctx); err != nil {
			return err
		}
		if err := r.wait(ctx, 300*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

// thunderingHerd cuts many lightweight clients at once by killing a node, and waits until all are live
// again.
func thunderingHerd(ctx context.Context, r *Run) error {
	var rooms []chat.RoomID
	for i := range max(1, r.options.Herd/100) {
		room, err := r.Clients.members[0].client.CreateRoom(ctx, fmt.Sprintf("herd-%d-%d", r.options.Seed, i), nil)
		if err != nil {
			return err
		}
		rooms = append(rooms, room.ID)
	}
	herd, err := Idle(ctx, r.Clients, r.options.Herd, 20, rooms, false)
	if err != nil {
		return err
	}
	defer herd.Close()
	began := time.Now()
	if err := herd.CutAndReconnect(ctx); err != nil {
		return err
	}
	took := time.Since(began)
	waits := herd.Waits()
	r.note("%d clients were live again after %s; p99 of one %s", r.options.Herd, short(took), short(waits[len(waits)*99/100]))
	if took > time.Minute {
		r.complain("%d clients took %s to return, want at most 60 s", r.options.Herd, took)
	}
	return nil
}

// Waits returns how long each client of the herd took, shortest first.
func (h *IdleClients) Waits() []time.Duration {
	waits := slices.Clone(h.waits)
	slices.Sort(waits)
	return waits
}
