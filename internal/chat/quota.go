package chat

import (
	"context"
	"time"
)

const day = 24 * time.Hour

// Quota limits the bytes that a user stores.
type Quota struct {
	PerDay int64 // bytes that the user writes on one day (UTC)
	Stored int64 // bytes that are stored of all users together
}

// UploadUsage is how much of a Quota is used.
type UploadUsage struct {
	Today  int64 // bytes that the user has written today (UTC)
	Stored int64 // bytes that are stored of all users together
}

// Storage is the store's count of what is stored. It holds on all nodes.
type Storage interface {
	// UploadUsage returns what user has written today. A bot's uploads are its owner's.
	UploadUsage(ctx context.Context, user UserID) (UploadUsage, error)
	// CompactUsage brings the total up to date and removes past days, not all at once.
	CompactUsage(ctx context.Context) error
}

// Space watches the free space of the disks that a node writes to.
type Space interface {
	// Reserve takes bytes until release is called. UNAVAILABLE if too little is free.
	Reserve(bytes int64) (release func(), err error)
}

// Check returns QUOTA_EXCEEDED if usage is above q.
func (q Quota) Check(usage UploadUsage) error {
	switch {
	case usage.Stored > q.Stored:
		return Fault(QuotaExceeded, "The storage of this server is full. Please tell an administrator.").In("file")
	case usage.Today > q.PerDay:
		return Fault(QuotaExceeded, "You have reached your limit of %d MiB for uploads today. Try again after 0:00 UTC, or with a smaller file.", q.PerDay>>20).In("file")
	}
	return nil
}

// quotaOf returns the limits in force for u. Guests leave a fifth of the storage to
// others: anybody can become one.
func (s *Service) quotaOf(u User) Quota {
	limits := s.Limits.Now()
	if u.Guest {
		return Quota{PerDay: int64(limits.GuestUploadBytesPerDay), Stored: int64(limits.StorageBytes) / 5 * 4}
	}
	return Quota{PerDay: int64(limits.UploadBytesPerDay), Stored: int64(limits.StorageBytes)}
}

// checkQuota reports early whether u may store bytes more. The store checks it again when
// it records them.
func (s *Service) checkQuota(ctx context.Context, u User, bytes int64) error {
	usage, err := s.Storage.UploadUsage(ctx, u.ID)
	if err != nil {
		return err
	}
	usage.Today += bytes
	usage.Stored += bytes
	return s.quotaOf(u).Check(usage)
}

// UploadAllowance is what a user may still upload today.
type UploadAllowance struct {
	BytesToday  int64 `json:"bytesToday" doc:"Bytes that the user has uploaded today (UTC)."`
	BytesPerDay int64 `json:"bytesPerDay" doc:"Bytes that the user may upload on one day."`
	ResetsAt    Time  `json:"resetsAt" doc:"When the next day begins."`
}

// UploadAllowance returns what caller may still upload today.
func (s *Service) UploadAllowance(ctx context.Context, caller Caller) (UploadAllowance, error) {
	usage, err := s.Storage.UploadUsage(ctx, caller.User.ID)
	next := At(s.Now().UTC().Truncate(day).Add(day))
	return UploadAllowance{BytesToday: usage.Today, BytesPerDay: s.quotaOf(caller.User).PerDay, ResetsAt: next}, err
}
