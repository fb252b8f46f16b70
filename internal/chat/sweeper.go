package chat

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

const (
	unusedLife = 24 * time.Hour // of an upload that no message carries
	// uploadGrace is more than the put of an upload ever takes.
	uploadGrace = time.Hour
	sweepEvery  = time.Minute
	sweepAgain  = 10 * time.Minute // until a blob that would not go is tried again
	sweepBatch  = 100
	// remainsPause lets others at the store between two parts of a room that is gone.
	remainsPause = 20 * time.Millisecond
)

// Remains is the store of what a deleted room leaves behind where it was too large to
// go at once.
type Remains interface {
	// RemoveRemains removes a bounded part of it and tells whether there may be more.
	RemoveRemains(ctx context.Context) (more bool, err error)
}

// Sweeper removes what is left of deleted rooms, uploads that nobody sent and blobs
// that nothing names any more. Every node may run one.
type Sweeper struct {
	remains     Remains
	attachments Attachments
	storage     Storage
	blobs       Blobs
	log         *slog.Logger
	wake        chan struct{}
}

// NewSweeper makes a Sweeper.
func NewSweeper(remains Remains, attachments Attachments, storage Storage, blobs Blobs, log *slog.Logger) *Sweeper {
	return &Sweeper{remains, attachments, storage, blobs, log, make(chan struct{}, 1)}
}

// Wake has it sweep soon, as when something was deleted. It does not wait.
func (s *Sweeper) Wake() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Run sweeps until ctx ends.
func (s *Sweeper) Run(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		if err := errors.Join(s.clear(ctx), s.sweep(ctx), s.storage.CompactUsage(ctx)); err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "not all is swept", "err", err)
		}
		select {
		case <-tick.C:
		case <-s.wake:
		case <-ctx.Done():
			return
		}
	}
}

// clear removes what is left of deleted rooms, in small parts: it is in nobody's way.
func (s *Sweeper) clear(ctx context.Context) error {
	for {
		more, err := s.remains.RemoveRemains(ctx)
		if err != nil || !more {
			return err
		}
		select {
		case <-time.After(remainsPause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (s *Sweeper) sweep(ctx context.Context) error {
	if err := s.attachments.ExpireAttachments(ctx, unusedLife); err != nil {
		return err
	}
	for {
		keys, err := s.attachments.DueBlobs(ctx, sweepBatch, sweepAgain)
		if err != nil || len(keys) == 0 {
			return err
		}
		for _, key := range keys {
			err := s.blobs.Delete(ctx, key)
			if err == nil {
				err = s.attachments.ForgetBlob(ctx, key)
			}
			if CodeOf(err) == Unavailable && err != nil {
				return err // neither would the next one go
			}
			if err != nil {
				s.log.WarnContext(ctx, "blob not removed", "key", key, "err", err)
			}
		}
	}
}
