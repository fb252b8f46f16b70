package chaos

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/chillin-chat/chillin/internal/chat"
)

func loseCommitReplies(ctx context.Context, r *Run) error {
	for _, k := range r.ToPostgres {
		k.DropCommitReplies(0.1, false)
	}
	err := r.wait(ctx, r.dur(20*time.Second, 6*time.Second))
	lost := 0
	for _, k := range r.ToPostgres {
		k.DropCommitReplies(0, false)
		lost += k.DroppedReplies()
	}
	r.note("%d replies to COMMIT lost so far", lost)
	if lost == 0 {
		r.complain("no reply to COMMIT was lost")
	}
	return err
}

// restartPostgres kills Postgres several times: recovery replays its log, which must contain everything
// confirmed.
func restartPostgres(ctx context.Context, r *Run) error {
	rounds := 3
	if r.Long {
		rounds = 8
	}
	return restart(ctx, r, rounds, func(int) error { return r.Postgres.Kill() }, r.Postgres.Start)
}

// restartPooler kills and stops PgBouncer several times. Every transaction that is open then fails, and
// some of them have been committed.
func restartPooler(ctx context.Context, r *Run) error {
	rounds := 4
	if r.Long {
		rounds = 10
	}
	return restart(ctx, r, rounds, func(round int) error {
		if round%2 == 1 {
			return r.Pooler.Stop()
		}
		return r.Pooler.Kill()
	}, r.Pooler.Start)
}

// restart ends and starts a server several times. Each time it waits until messages are confirmed again.
func restart(ctx context.Context, r *Run, rounds int, end func(round int) error, start func() error) error {
	for round := range rounds {
		if err := end(round); err != nil {
			return err
		}
		if err := start(); err != nil {
			return err
		}
		if err := r.firstConfirmation(ctx); err != nil {
			return err
		}
		if err := r.wait(ctx, time.Second); err != nil {
			return err
		}
	}
	return nil
}

// breakReplica breaks the standby in each way that a node must notice. Clients reconnect meanwhile, and
// catch up.
func breakReplica(ctx context.Context, r *Run) error {
	replica, err := r.Standby.At(r.Database)
	if err != nil {
		return err
	}
	for _, step := range []struct{ fault, repair func() error }{
		{func() error { return runStatement(ctx, replica, `SELECT pg_wal_replay_pause()`) }, func() error { return runStatement(ctx, replica, `SELECT pg_wal_replay_resume()`) }},
		{func() error { r.Standby.Pause(); return nil }, func() error { r.Standby.Resume(); return nil }},
		{r.Standby.Kill, r.Standby.Start},
	} {
		if err := step.fault(); err != nil {
			return err
		}
		if err := r.wait(ctx, r.dur(15*time.Second, 4*time.Second)); err != nil {
			return err
		}
		if err := step.repair(); err != nil {
			return err
		}
		if err := r.wait(ctx, r.dur(15*time.Second, 4*time.Second)); err != nil {
			return err
		}
	}
	return nil
}

// expectNoRetries expects that users do not notice the fault.
func expectNoRetries(_ *Run, f Figures) []string {
	if f.Refused+f.Unavailable > 0 {
		return []string{fmt.Sprintf("%d refused, %d retries requested; want 0, 0", f.Refused, f.Unavailable)}
	}
	return nil
}

func runStatement(ctx context.Context, dsn, statement string) error {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	_, err = conn.Exec(ctx, statement)
	return err
}

func stopPostgres(ctx context.Context, r *Run) error {
	if err := r.Postgres.Stop(); err != nil {
		return err
	}
	if err := r.wait(ctx, r.dur(60*time.Second, 8*time.Second)); err != nil {
		return err
	}
	if err := r.Postgres.Start(); err != nil {
		return err
	}
	return r.firstConfirmation(ctx)
}

func freezePostgres(ctx context.Context, r *Run) error {
	r.Postgres.Pause()
	err := r.wait(ctx, 12*time.Second)
	r.Postgres.Resume()
	if err != nil {
		return err
	}
	return r.firstConfirmation(ctx)
}

// firstConfirmation waits until a message is confirmed after Postgres is available again.
func (r *Run) firstConfirmation(ctx context.Context) error {
	from := r.History.Now()
	for {
		for _, j := range r.History.Journals {
			records := j.Records()
			for i := len(records) - 1; i >= 0 && records[i].At >= from; i-- {
				if records[i].Kind == Confirmed {
					took := records[i].At - from
					r.note("first confirmation %s after the recovery", short(took))
					if took > 5*time.Second {
						r.complain("the first confirmation came %s after the recovery, want within 5 s", took)
					}
					return nil
				}
			}
		}
		if err := r.wait(ctx, statePoll); err != nil {
			return fmt.Errorf("wait for the first confirmation: %w", err)
		}
	}
}

// withoutPostgres expects that senders receive UNAVAILABLE within 2 s, and that sockets stay open.
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
			case rec.Kind == Ended && !r.Clients.members[i].flaps && rec.At > r.Broken.From && rec.At < r.Broken.To:
				ended++
			}
		}
	}
	r.note("slowest UNAVAILABLE after %s", short(slowest))
	if slowest > 2300*time.Millisecond { // 2 s and a margin for a busy machine
		all = append(all, fmt.Sprintf("UNAVAILABLE came after %s, want 2 s", slowest))
	}
	if ended > 0 {
		all = append(all, fmt.Sprintf("%d sockets were closed", ended))
	}
	return append(all, expectNoLogouts(r)...)
}

// fillDisk fills the disk of Postgres completely and frees the space again, without restarting
// anything.
func fillDisk(ctx context.Context, r *Run) error {
	ballast := filepath.Join(r.Mount, "ballast")
	if err := fill(ballast); err != nil {
		return err
	}
	err := r.wait(ctx, r.dur(30*time.Second, 10*time.Second))
	if gone := os.Remove(ballast); gone != nil {
		return gone
	}
	if err != nil {
		return err
	}
	if !r.Postgres.Running() {
		r.note("Postgres stopped because the disk was full, and was restarted")
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
