package service

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/wake"
)

const (
	// unusedLifetime is the lifetime of an upload that is not in a message.
	unusedLifetime = 24 * time.Hour
	// uploadGrace is longer than any upload of a blob takes.
	uploadGrace = time.Hour

	gcInterval   = time.Minute
	gcBatch      = 100
	gcRetryAfter = 10 * time.Minute // after the deletion of a blob has failed

	// purgePause is the pause between two parts of a deleted room, for other users of the
	// store.
	purgePause = 20 * time.Millisecond
)

// GarbageCollector removes the remains of deleted rooms, unused uploads, and blobs without a
// reference. Every node may run one.
type GarbageCollector struct {
	deletedRooms chat.DeletedRooms
	attachments  chat.Attachments
	storage      chat.Storage
	blobs        chat.Blobs
	log          *slog.Logger
	wake         wake.Signal
}

// NewGarbageCollector returns a GarbageCollector.
func NewGarbageCollector(rooms chat.DeletedRooms, attachments chat.Attachments, storage chat.Storage, blobs chat.Blobs, log *slog.Logger) *GarbageCollector {
	return &GarbageCollector{rooms, attachments, storage, blobs, log, wake.NewSignal()}
}

// Wake starts a collection soon, for example after a deletion. It does not block.
func (s *GarbageCollector) Wake() {
	s.wake.Send()
}

// Run collects garbage at each gcInterval and after Wake, until ctx ends.
func (s *GarbageCollector) Run(ctx context.Context) {
	tick := time.NewTicker(gcInterval)
	defer tick.Stop()
	for {
		if err := errors.Join(s.purgeDeletedRooms(ctx), s.deleteBlobs(ctx), s.storage.CompactUsage(ctx)); err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "garbage collection failed", "err", err)
		}
		select {
		case <-tick.C:
		case <-s.wake:
		case <-ctx.Done():
			return
		}
	}
}

// purgeDeletedRooms removes the remains of deleted rooms, in small parts with pauses.
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
				return err // the next one would fail too
			}
			if err != nil {
				s.log.WarnContext(ctx, "delete blob failed", "key", key, "err", err)
			}
		}
	}
}
