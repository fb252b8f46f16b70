package chat

import (
	"context"
)

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

// Storage counts the stored bytes, for all nodes.
type Storage interface {
	// UploadUsage returns how much user has uploaded today. Uploads of a bot count for its
	// owner.
	UploadUsage(ctx context.Context, user UserID) (UploadUsage, error)
	// CompactUsage updates the total and removes a bounded number of past days.
	CompactUsage(ctx context.Context) error
}

// Space monitors the free space of the disks that a node writes to.
type Space interface {
	// Reserve reserves bytes until release is called. It returns UNAVAILABLE if too few are
	// free.
	Reserve(bytes int64) (release func(), err error)
}

// Check returns QUOTA_EXCEEDED if usage is above q.
func (q Quota) Check(usage UploadUsage) error {
	switch {
	case usage.Stored > q.Stored:
		return Errorf(QuotaExceeded, "The storage of this server is full. Please contact an administrator.").WithField("file")
	case usage.Today > q.PerDay:
		return Errorf(QuotaExceeded, "You have reached your limit of %d MiB for uploads today. Try again after 0:00 UTC, or with a smaller file.", q.PerDay>>20).WithField("file")
	}
	return nil
}

// UploadAllowance is what a user may still upload today.
type UploadAllowance struct {
	BytesToday  int64 `json:"bytesToday" doc:"Bytes that the user has uploaded today (UTC)."`
	BytesPerDay int64 `json:"bytesPerDay" doc:"Bytes that the user may upload on one day."`
	ResetsAt    Time  `json:"resetsAt" doc:"When the next day begins."`
}
