package chaos

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/google/uuid"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/client"
	"github.com/chillin-chat/chillin/internal/testenv"
)

// Scenarios are all ways in which things break here.
func Scenarios() []Scenario {
	return []Scenario{
		{Name: "nothing breaks", Fault: nothing, Pass: onAGoodDay},

		{Name: "node: kill -9", Short: true, Presence: true, Fault: killNode},
		{Name: "node: kill -9 between COMMIT and reply", Short: true, Fault: killAfterCommit},
		{Name: "node: kill -9 at random, again and again", Fault: killAgain},
		{Name: "node: SIGTERM", Fault: drainNode, Pass: nobodyNotices},
		{Name: "nodes: rolling restart", Short: true, Fault: rollingRestart, Pass: nobodyNotices},
		{Name: "node: SIGSTOP 20 s, CONT", Fault: freezeNode},

		{Name: "Redis: restart", Fault: restartRedis, Pass: withoutRedis},
		{Name: "Redis: FLUSHALL", Presence: true, Fault: flushRedis, Pass: withoutRedis},
		{Name: "Redis: gone 60 s", Short: true, Presence: true, Fault: stopRedis, Pass: withoutRedis},
		{Name: "Redis: frozen 12 s", Fault: freezeRedis, Pass: withoutRedis},
		{Name: "Redis: live connections go deaf", Short: true, Fault: deafenRedis, Pass: deafnessIsNoticed},

		{Name: "Postgres: replies to COMMIT lost", Short: true, Fault: loseCommitReplies},
		{Name: "Postgres: restart", Short: true, Fault: restartPostgres},
		{Name: "Postgres: gone 60 s", Fault: stopPostgres, Pass: withoutPostgres},
		{Name: "Postgres: frozen 12 s", Fault: freezePostgres},
		{Name: "Postgres: disk full", Disk: 512 << 20, Fault: fillDisk},

		{Name: "S3: gone", Fault: stopS3, Pass: onAGoodDay},
		{Name: "network: 300 ± 100 ms, 5 % lost", Fault: badNetwork, Pass: slowButSure},
		{Name: "clients: 50 read nothing in a hot room", Short: true, Fault: slowReaders, Pass: othersAreQuick},
		{Name: "clients: kicked in the middle of a word", Short: true, Fault: kickUnderFire},
		{Name: "clients: kicked and logged out", Short: true, Fault: revoke},
		{Name: "clients: kicked and logged out while Redis is gone", Fault: revokeWithoutRedis},
		{Name: "clients: many come and go", Short: true, Fault: comeAndGo},
		{Name: "clients: many come back at once", Fault: herdReturns},
		{Name: "nginx: reload", Fault: reloadNginx, Pass: nobodyNotices},
	}
}

func nothing(ctx context.Context, r *Run) error {
	return r.lasts(ctx, r.dur(20*time.Second, 5*time.Second))
}

func onAGoodDay(_ *Run, f Figures) []string {
	if f.P99Delivery > time.Second || f.Refused+f.Unavailable > 0 {
		return []string{fmt.Sprintf("delivery p99 is %s, %d refused, %d asked to try again; on a good day: under 1 s, 0, 0",
			f.P99Delivery, f.Refused, f.Unavailable)}
	}
	return nil
}

// random returns the source of a fault's own choices.
func (r *Run) random() *rand.Rand { return rand.New(rand.NewPCG(r.options.Seed, 1<<40)) }

// --- Nodes ----------------------------------------------------------------------

// killNode takes some members along who do not come back: nobody but the lease
// can tell that they are gone.
func killNode(ctx context.Context, r *Run) error {
	random := r.random()
	n := r.Nodes[random.IntN(nodes)]
	for _, i := range random.Perm(len(r.Crowd.members) - 1)[:len(r.Crowd.members)/4] {
		r.Crowd.members[i+1].over.Store(true)
	}
	if err := n.Kill(); err != nil {
		return err
	}
	if err := r.lasts(ctx, r.dur(20*time.Second, 5*time.Second)); err != nil {
		return err
	}
	return n.Start()
}

// killAfterCommit kills a node while it waits for the reply to a COMMIT that has
// happened: nobody but the database knows of those messages.
func killAfterCommit(ctx context.Context, r *Run) error {
	rounds := 3
	if r.Long {
		rounds = 9
	}
	for i := range rounds {
		k, n := r.ToPostgres[i%nodes], r.Nodes[i%nodes]
		before := k.Swallowed()
		k.SwallowCommits(1, true)
		for k.Swallowed() == before {
			if err := r.lasts(ctx, time.Millisecond); err != nil {
				return fmt.Errorf("wait for a COMMIT: %w", err)
			}
		}
		if err := n.Kill(); err != nil {
			return err
		}
		k.SwallowCommits(0, false)
		if err := n.Start(); err != nil {
			return err
		}
	}
	r.note("%d kills", rounds)
	return nil
}

func killAgain(ctx context.Context, r *Run) error {
	random, rounds := r.random(), 12
	for range rounds {
		n := r.Nodes[random.IntN(nodes)]
		if err := r.lasts(ctx, time.Duration(random.Int64N(int64(2*time.Second)))); err != nil {
			return err
		}
		n.Pause() // as the moment is: between two instructions of all its threads
		if err := n.Kill(); err != nil {
			return err
		}
		if err := n.Start(); err != nil {
			return err
		}
	}
	r.note("%d kills", rounds)
	return nil
}

// drainWithin is how long a node may take from SIGTERM to its end.
const drainWithin = 30 * time.Second

func (r *Run) drain(n *testenv.Node) error {
	began := time.Now()
	if err := n.Stop(); err != nil {
		return err
	}
	took := time.Since(began)
	r.note("%s ended %s after SIGTERM", n.Name, took.Round(10*time.Millisecond))
	if took > drainWithin || n.ExitCode() != 0 {
		r.complain("%s ended with %d after %s, want 0 within %s", n.Name, n.ExitCode(), took, drainWithin)
	}
	return nil
}

func drainNode(ctx context.Context, r *Run) error {
	n := r.Nodes[r.random().IntN(nodes)]
	if err := r.drain(n); err != nil {
		return err
	}
	if err := r.lasts(ctx, r.dur(10*time.Second, 2*time.Second)); err != nil {
		return err
	}
	return n.Start()
}

func rollingRestart(ctx context.Context, r *Run) error {
	for _, n := range r.Nodes {
		if err := r.drain(n); err != nil {
			return err
		}
		if err := n.Start(); err != nil {
			return err
		}
		if err := r.lasts(ctx, r.dur(5*time.Second, time.Second)); err != nil {
			return err
		}
	}
	return nil
}

// nobodyNotices: a message is sent late at most, and nothing is refused.
func nobodyNotices(r *Run, f Figures) []string {
	var all []string
	if f.Refused > 0 || f.SlowestConfirm > 5*time.Second {
		all = append(all, fmt.Sprintf("%d refused, slowest confirmation %s; want none, within 5 s", f.Refused, f.SlowestConfirm))
	}
	if f.Unavailable > 0 {
		r.note("%d answers asked to try again", f.Unavailable)
	}
	return all
}

func freezeNode(ctx context.Context, r *Run) error {
	n := r.Nodes[r.random().IntN(nodes)]
	from := r.History.Now()
	n.Pause()
	err := r.lasts(ctx, 20*time.Second)
	n.Resume()
	r.History.Frozen = append(r.History.Frozen, Span{from, r.History.Now()})
	return err
}

// --- Redis ----------------------------------------------------------------------

// away writes down that the nodes could not meet, until they could again.
func (r *Run) away(from time.Duration) {
	r.History.RedisAway = append(r.History.RedisAway, Span{from, r.History.Now() + 5*time.Second})
}

func restartRedis(ctx context.Context, r *Run) error {
	defer r.away(r.History.Now())
	if err := r.Redis.Restart(); err != nil {
		return err
	}
	return r.lasts(ctx, r.dur(10*time.Second, 3*time.Second))
}

func flushRedis(ctx context.Context, r *Run) error {
	defer r.away(r.History.Now())
	for range 3 {
		if err := command(r.Redis.Addr, "FLUSHALL"); err != nil {
			return err
		}
		if err := r.lasts(ctx, time.Second); err != nil {
			return err
		}
	}
	return nil
}

// command asks Redis without a client library.
func command(addr, words string) error {
	conn, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return fmt.Errorf("%s: %w", words, err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := io.WriteString(conn, words+"\r\n"); err != nil {
		return fmt.Errorf("%s: %w", words, err)
	}
	answer := make([]byte, 64)
	n, err := conn.Read(answer)
	if err != nil || !strings.HasPrefix(string(answer[:n]), "+OK") {
		return fmt.Errorf("%s: %q, %w", words, answer[:n], err)
	}
	return nil
}

func stopRedis(ctx context.Context, r *Run) error {
	defer r.away(r.History.Now())
	if err := r.Redis.Kill(); err != nil {
		return err
	}
	if err := r.lasts(ctx, r.dur(60*time.Second, 12*time.Second)); err != nil {
		return err
	}
	if r.Crowd.unknowns.Load() == 0 {
		r.complain("nobody was told that presence is unknown")
	}
	return r.Redis.Start()
}

func freezeRedis(ctx context.Context, r *Run) error {
	defer r.away(r.History.Now())
	r.Redis.Pause()
	defer r.Redis.Resume()
	return r.lasts(ctx, 12*time.Second)
}

// withoutRedis: everything is confirmed at once, delivered a little later, and
// nobody is logged out.
func withoutRedis(r *Run, f Figures) []string {
	var all []string
	if f.P99Delivery > 2*time.Second {
		all = append(all, fmt.Sprintf("delivery p99 is %s, want at most 2 s", f.P99Delivery))
	}
	r.note("slowest delivery %s, slowest confirmation p99 %s", short(f.SlowestDelivery), short(f.P99Confirm))
	if f.Refused+f.Unavailable > 0 {
		all = append(all, fmt.Sprintf("%d refused and %d asked to try again, want none", f.Refused, f.Unavailable))
	}
	return append(all, nobodyLoggedOut(r)...)
}

func nobodyLoggedOut(r *Run) []string {
	counts, _, closes := r.Crowd.Faults()
	if closes[4001]+counts["dial 401"] > 0 {
		return []string{fmt.Sprintf("%d sessions closed, %d refused", closes[4001], counts["dial 401"])}
	}
	return nil
}

// deafenRedis has what Redis sends to the nodes, and they to it, vanish on the
// connections of this moment. Nothing tells of it; new connections work.
func deafenRedis(ctx context.Context, r *Run) error {
	defer r.away(r.History.Now())
	deaf := 0
	for _, k := range r.ToRedis {
		deaf += k.Deafen()
	}
	r.note("%d connections went deaf", deaf)
	return r.lasts(ctx, r.dur(20*time.Second, 12*time.Second))
}

// deafnessIsNoticed: within 5 s; until then the heads are read each 5 s.
func deafnessIsNoticed(r *Run, f Figures) []string {
	r.note("delivery p99 %s, slowest %s", short(f.P99Delivery), short(f.SlowestDelivery))
	var all []string
	late := Span{r.Broken.From + 7*time.Second, r.Broken.To}
	if p99, _ := r.deliveries(late); p99 > time.Second {
		all = append(all, fmt.Sprintf("7 s later delivery p99 is still %s, want at most 1 s", p99))
	}
	if f.SlowestDelivery > 6500*time.Millisecond {
		all = append(all, fmt.Sprintf("the slowest delivery took %s, want at most 6.5 s", f.SlowestDelivery))
	}
	if f.Refused+f.Unavailable > 0 {
		all = append(all, fmt.Sprintf("%d refused and %d asked to try again, want none", f.Refused, f.Unavailable))
	}
	return all
}

// --- Postgres -------------------------------------------------------------------

func loseCommitReplies(ctx context.Context, r *Run) error {
	for _, k := range r.ToPostgres {
		k.SwallowCommits(0.1, false)
	}
	err := r.lasts(ctx, r.dur(20*time.Second, 6*time.Second))
	lost := 0
	for _, k := range r.ToPostgres {
		k.SwallowCommits(0, false)
		lost += k.Swallowed()
	}
	r.note("%d replies to COMMIT lost so far", lost)
	if lost == 0 {
		r.complain("no reply to COMMIT was lost")
	}
	return err
}

// restartPostgres kills it several times: recovery replays its log, and what was
// confirmed must be in there.
func restartPostgres(ctx context.Context, r *Run) error {
	rounds := 3
	if r.Long {
		rounds = 8
	}
	for range rounds {
		if err := r.Postgres.Kill(); err != nil {
			return err
		}
		if err := r.Postgres.Start(); err != nil {
			return err
		}
		if err := r.firstConfirmation(ctx); err != nil {
			return err
		}
		if err := r.lasts(ctx, time.Second); err != nil {
			return err
		}
	}
	return nil
}

func stopPostgres(ctx context.Context, r *Run) error {
	if err := r.Postgres.Stop(); err != nil {
		return err
	}
	if err := r.lasts(ctx, r.dur(60*time.Second, 8*time.Second)); err != nil {
		return err
	}
	if err := r.Postgres.Start(); err != nil {
		return err
	}
	return r.firstConfirmation(ctx)
}

func freezePostgres(ctx context.Context, r *Run) error {
	r.Postgres.Pause()
	err := r.lasts(ctx, 12*time.Second)
	r.Postgres.Resume()
	if err != nil {
		return err
	}
	return r.firstConfirmation(ctx)
}

// firstConfirmation waits until something that was sent from now on, or before,
// is confirmed after Postgres is back.
func (r *Run) firstConfirmation(ctx context.Context) error {
	from := r.History.Now()
	for {
		for _, j := range r.History.Journals {
			records := j.Records()
			for i := len(records) - 1; i >= 0 && records[i].At >= from; i-- {
				if records[i].Kind == Confirmed {
					took := records[i].At - from
					r.note("first confirmation %s after the return", short(took))
					if took > 5*time.Second {
						r.complain("the first confirmation came %s after the return, want within 5 s", took)
					}
					return nil
				}
			}
		}
		if err := r.lasts(ctx, statePoll); err != nil {
			return fmt.Errorf("wait for the first confirmation: %w", err)
		}
	}
}

// withoutPostgres: who sends hears UNAVAILABLE within 2 s, and sockets stay.
func withoutPostgres(r *Run, _ Figures) []string {
	var all []string
	slowest, ended := time.Duration(0), 0
	for i, j := range r.History.Journals {
		invoked := map[[16]byte]time.Duration{}
		for _, rec := range j.Records() {
			switch {
			case rec.Kind == Invoked:
				invoked[rec.CID] = rec.At
			case rec.Kind == Unknown && rec.Code == chat.Unavailable:
				slowest = max(slowest, rec.At-invoked[rec.CID])
			case rec.Kind == Ended && !r.Crowd.members[i].flaps && rec.At > r.Broken.From && rec.At < r.Broken.To:
				ended++
			}
		}
	}
	r.note("slowest UNAVAILABLE after %s", short(slowest))
	if slowest > 2300*time.Millisecond { // 2 s and what a busy machine takes
		all = append(all, fmt.Sprintf("UNAVAILABLE came after %s, want 2 s", slowest))
	}
	if ended > 0 {
		all = append(all, fmt.Sprintf("%d sockets did not stay", ended))
	}
	return append(all, nobodyLoggedOut(r)...)
}

// fillDisk fills the disk of Postgres to the last byte and takes the ballast away
// again, without a restart of anything.
func fillDisk(ctx context.Context, r *Run) error {
	ballast := filepath.Join(r.Mount, "ballast")
	if err := fill(ballast); err != nil {
		return err
	}
	err := r.lasts(ctx, r.dur(30*time.Second, 10*time.Second))
	if gone := os.Remove(ballast); gone != nil {
		return gone
	}
	if err != nil {
		return err
	}
	if !r.Postgres.Running() {
		r.note("Postgres gave up for want of place and was started again")
		if err := r.Postgres.Start(); err != nil {
			return err
		}
	}
	return r.firstConfirmation(ctx)
}

func fill(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	for _, size := range []int{1 << 20, 4 << 10, 1} {
		block := make([]byte, size)
		for {
			if _, err := f.Write(block); err != nil {
				break // no space left
			}
		}
	}
	return nil
}

// --- Storage and network --------------------------------------------------------

func stopS3(ctx context.Context, r *Run) error {
	if err := r.S3.Kill(); err != nil {
		return err
	}
	if err := r.lasts(ctx, r.dur(20*time.Second, 5*time.Second)); err != nil {
		return err
	}
	return r.S3.Start()
}

// badNetwork puts a bad way between clients and nodes. A lost packet is one that
// comes as late as TCP sends it again, and everything behind it.
func badNetwork(ctx context.Context, r *Run) error {
	var links []*Link
	var targets []string
	defer func() {
		for _, k := range links {
			k.Close()
		}
	}()
	for _, n := range r.Nodes {
		k, err := NewLink(n.Addr)
		if err != nil {
			return err
		}
		k.Late(150*time.Millisecond, 50*time.Millisecond, 0.05)
		links, targets = append(links, k), append(targets, "http://"+k.Addr)
	}
	r.Crowd.SetTargets(targets)
	if err := r.Crowd.CutAll(ctx); err != nil {
		return err
	}
	err := r.lasts(ctx, r.dur(30*time.Second, 10*time.Second))
	r.Crowd.SetTargets(r.Targets())
	return err
}

func slowButSure(_ *Run, f Figures) []string {
	if f.P99Confirm > 3*time.Second {
		return []string{fmt.Sprintf("confirmation p99 is %s, want at most 3 s", f.P99Confirm)}
	}
	return nil
}

func reloadNginx(ctx context.Context, r *Run) error {
	for range 10 {
		if err := r.Nginx.Reload(); err != nil {
			return err
		}
		if err := r.lasts(ctx, r.dur(time.Second, 300*time.Millisecond)); err != nil {
			return err
		}
	}
	return nil
}

// --- Clients --------------------------------------------------------------------

// slowReaders has clients join the hot room and read nothing, while one more
// fills it with long messages.
func slowReaders(ctx context.Context, r *Run) error {
	before := r.memory()
	slow, err := Idle(ctx, r.Crowd, 50, 50, []chat.RoomID{r.Crowd.hot}, true)
	if err != nil {
		return err
	}
	defer slow.Close()
	var writer sync.WaitGroup
	writing, stop := context.WithCancel(ctx)
	writer.Go(func() { r.Crowd.shout(writing) })
	err = r.lasts(ctx, r.dur(30*time.Second, 15*time.Second))
	stop()
	writer.Wait()
	after := r.memory()
	r.note("memory of the nodes: %d MiB, then %d MiB; of 50 slow readers %d were let go", before>>20, after>>20, slow.Ended())
	if after > before+100<<20 {
		r.complain("the nodes' memory grew from %d MiB to %d MiB, want at most 100 MiB more", before>>20, after>>20)
	}
	if slow.Ended() == 0 {
		r.complain("no slow reader was let go")
	}
	return err
}

// othersAreQuick bounds what slow readers may cost their neighbours.
func othersAreQuick(r *Run, f Figures) []string {
	r.note("delivery to others: p99 %s, slowest %s", short(f.P99Delivery), short(f.SlowestDelivery))
	if f.P99Delivery > time.Second {
		return []string{fmt.Sprintf("delivery p99 to the others is %s, want at most 1 s", f.P99Delivery)}
	}
	return nil
}

// memory is the resident memory of all nodes, in bytes.
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

// revoke ends sessions and memberships while everybody talks.
func revoke(ctx context.Context, r *Run) error {
	random := r.random()
	victims := random.Perm(len(r.Crowd.members) - 1)
	for k, v := range victims[:min(12, len(victims))] {
		revoke := r.Crowd.Kick
		if k%2 == 0 {
			revoke = r.Crowd.Logout
		}
		if err := revoke(ctx, v+1, r.Nodes[random.IntN(nodes)].URL()); err != nil {
			return err
		}
		if err := r.lasts(ctx, 300*time.Millisecond); err != nil {
			return err
		}
	}
	return r.lasts(ctx, 3*time.Second) // longer than a socket may hear on
}

// kickUnderFire kicks somebody who sends over several connections at once, again
// and again: nothing of theirs may be stored after that.
func kickUnderFire(ctx context.Context, r *Run) error {
	owner := r.Crowd.members[0].client
	room, err := owner.CreateRoom(ctx, fmt.Sprintf("fire-%d", time.Now().UnixMilli()), nil)
	if err != nil {
		return err
	}
	r.Crowd.rooms = append(r.Crowd.rooms, room.ID)
	victim := client.New(r.Nodes[0].URL())
	victim.HTTP = httpFrom(len(r.Crowd.members))
	if err := victim.Guest(ctx, "Victim"); err != nil {
		return err
	}
	var journals [6]*Journal // one per connection: between them nothing is ordered
	for i := range journals {
		journals[i] = r.History.Journal(victim.User.ID)
	}
	for round := range 20 {
		if err := victim.JoinRoom(ctx, room.ID, ""); err != nil {
			return err
		}
		firing, stop := context.WithCancel(ctx)
		var guns sync.WaitGroup
		for i, journal := range journals {
			guns.Go(func() { fire(firing, victim, r.Nodes[i%nodes].URL(), room.ID, journal) })
		}
		err := r.lasts(ctx, 30*time.Millisecond)
		if err == nil {
			path := fmt.Sprintf("/rooms/%d/members/%d", room.ID, victim.User.ID)
			err = owner.Do(ctx, http.MethodDelete, path, nil, nil)
		}
		if err == nil {
			err = r.lasts(ctx, 30*time.Millisecond)
		}
		stop()
		guns.Wait()
		if err != nil {
			return fmt.Errorf("kick %d: %w", round, err)
		}
	}
	return nil
}

// fire sends by REST as fast as answers come, until ctx ends.
func fire(ctx context.Context, c *client.Client, base string, room chat.RoomID, j *Journal) {
	gun := *c
	gun.Base = base
	for ctx.Err() == nil {
		cid := uuid.New()
		text := cid.String()
		j.add(Record{Kind: Invoked, Room: room, CID: cid, Hash: Hash(text)})
		var out struct {
			Message seen `json:"message"`
		}
		// To the end, whatever the outcome: it is written down.
		err := gun.Do(context.WithoutCancel(ctx), http.MethodPost, fmt.Sprintf("/rooms/%d/messages", room), map[string]any{"cid": cid, "text": text}, &out)
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
	if err := r.lasts(ctx, 2*time.Second); err != nil {
		return err
	}
	if err := revoke(ctx, r); err != nil {
		return err
	}
	if err := r.lasts(ctx, 10*time.Second); err != nil {
		return err
	}
	return r.Redis.Start()
}

// comeAndGo cuts everybody again and again, so that most of what is heard is
// caught up on.
func comeAndGo(ctx context.Context, r *Run) error {
	until := r.History.Now() + r.dur(20*time.Second, 5*time.Second)
	for r.History.Now() < until {
		if err := r.Crowd.CutAll(ctx); err != nil {
			return err
		}
		if err := r.lasts(ctx, 300*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

// herdReturns cuts many light clients at once, with a node that dies, and waits
// until all are live again.
func herdReturns(ctx context.Context, r *Run) error {
	var rooms []chat.RoomID
	for i := range max(1, r.options.Herd/100) {
		room, err := r.Crowd.members[0].client.CreateRoom(ctx, fmt.Sprintf("herd-%d-%d", r.options.Seed, i), nil)
		if err != nil {
			return err
		}
		rooms = append(rooms, room.ID)
	}
	herd, err := Idle(ctx, r.Crowd, r.options.Herd, 20, rooms, false)
	if err != nil {
		return err
	}
	defer herd.Close()
	began := time.Now()
	if err := herd.CutAndReturn(ctx); err != nil {
		return err
	}
	took := time.Since(began)
	waits := herd.Waits()
	r.note("%d clients were live again after %s; p99 of one %s", r.options.Herd, short(took), short(waits[len(waits)*99/100]))
	if took > time.Minute {
		r.complain("%d clients took %s to come back, want at most 60 s", r.options.Herd, took)
	}
	return nil
}

// Waits returns how long each client of the herd took, the quickest first.
func (h *Herd) Waits() []time.Duration {
	waits := slices.Clone(h.waits)
	slices.Sort(waits)
	return waits
}
