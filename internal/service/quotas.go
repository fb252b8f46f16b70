package service

import (
	"context"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

const day = 24 * time.Hour

// quotaOf returns the quota of u. Guests may use only four fifths of the storage, because
// anyone can become a guest.
func (s *Service) quotaOf(u chat.User) chat.Quota {
	limits := s.Settings.Limits()
	if u.Guest {
		return chat.Quota{PerDay: int64(limits.GuestUploadBytesPerDay), Stored: int64(limits.StorageBytes) / 5 * 4}
	}
	return chat.Quota{PerDay: int64(limits.UploadBytesPerDay), Stored: int64(limits.StorageBytes)}
}

// checkQuota returns QUOTA_EXCEEDED if u may not store so many more bytes. The store checks
// it again when it records them.
func (s *Service) checkQuota(ctx context.Context, u chat.User, bytes int64) error {
	usage, err := s.Storage.UploadUsage(ctx, u.ID)
	if err != nil {
		return err
	}
	usage.Today += bytes
	usage.Stored += bytes
	return s.quotaOf(u).Check(usage)
}

// UploadAllowance returns how much the caller has uploaded and may upload today.
func (s *Service) UploadAllowance(ctx context.Context, caller chat.Caller) (chat.UploadAllowance, error) {
	usage, err := s.Storage.UploadUsage(ctx, caller.User.ID)
	next := chat.At(s.Now().UTC().Truncate(day).Add(day))
	return chat.UploadAllowance{BytesToday: usage.Today, BytesPerDay: s.quotaOf(caller.User).PerDay, ResetsAt: next}, err
}
