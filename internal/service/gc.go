package service

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/wake"
)

const unusedLifetime = 24 * time.Hour // of an upload that no message carries

// uploadGrace is more than the put of an upload ever takes.
const uploadGrace = time.Hour

const gcInterval = time.Minute

const gcRetryAfter = 10 * time.Minute // until a blob that would not go is tried again

const gcBatch = 100

// purgePause lets others at the store between two parts of a room that is gone.
const purgePause = 20 * time.Millisecond

// GarbageCollector removes what is left of deleted rooms, uploads that nobody sent and blobs
// that nothing names any more. Every node may run one.
type GarbageCollector struct {
	deletedRooms chat.DeletedRooms
	attachments  chat.Attachments
	storage      chat.Storage
	blobs        chat.Blobs
	log          *slog.Logger
	wake         wake.Signal
}

// NewGarbageCollector makes a GarbageCollector.
func NewGarbageCollector(remains chat.DeletedRooms, attachments chat.Attachments, storage chat.Storage, blobs chat.Blobs, log *slog.Logger) *GarbageCollector {
	return &GarbageCollector{remains, attachments, storage, blobs, log, wake.NewSignal()}
}

// Wake has it sweep soon, as when something was deleted. It does not wait.
func (s *GarbageCollector) Wake() {
	s.wake.Send()
}

// Run sweeps until ctx ends.
func (s *GarbageCollector) Run(ctx context.Context) {
	tick := time.NewTicker(gcInterval)
	defer tick.Stop()
	for {
		if err := errors.Join(s.purgeDeletedRooms(ctx), s.deleteBlobs(ctx), s.storage.CompactUsage(ctx)); err != nil && ctx.Err() == nil {
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

// purgeDeletedRooms removes what is left of deleted rooms, in small parts: it is in nobody's way.
func (s *GarbageCollector) purgeDeletedRooms(ctx context.Context) error {
	for {
		more, err := s.deletedRooms.PurgeDeletedRooms(ctx)
		if err != nil || !more {
			return err
		}
		select {
		case <-time.After(purgePause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (s *GarbageCollector) deleteBlobs(ctx context.Context) error {
	if err := s.attachments.ExpireAttachments(ctx, unusedLifetime); err != nil {
		return err
	}
	for {
		keys, err := s.attachments.ClaimBlobDeletions(ctx, gcBatch, gcRetryAfter)
		if err != nil || len(keys) == 0 {
			return err
		}
		for _, key := range keys {
			err := s.blobs.Delete(ctx, key)
			if err == nil {
				err = s.attachments.FinishBlobDeletion(ctx, key)
			}
			if chat.CodeOf(err) == chat.Unavailable && err != nil {
				return err // neither would the next one go
			}
			if err != nil {
				s.log.WarnContext(ctx, "blob not removed", "key", key, "err", err)
			}
		}
	}
}
