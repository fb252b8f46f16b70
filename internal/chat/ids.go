package chat

import (
	"fmt"
	"time"
)

// Ids are 64-bit, positive and given by the database; zero means "none".
type (
	UserID       int64
	RoomID       int64
	MessageID    int64
	SessionID    int64
	AttachmentID int64
)

// Seq is a place in one room's sequence: 1, 2, 3, … without holes, in commit
// order. Zero stands before the first change.
type Seq int64

// CID is the UUID that a client gives to a send before its first try, in lower
// case. (user, CID) is one message for ever.
type CID string

// Epoch names the life of the database. It is opaque: a client compares it and
// nothing else. It changes when history was restored or trimmed.
type Epoch string

// Time is an instant in Unix milliseconds, the precision that the wire and the
// database keep. Zero means "never".
type Time int64

// wireTime is RFC 3339 with exactly three decimals, in UTC.
const wireTime = "2006-01-02T15:04:05.000Z"

// At returns t in the product's precision.
func At(t time.Time) Time { return Time(t.UnixMilli()) }

// Std returns t as a time.Time in UTC.
func (t Time) Std() time.Time { return time.UnixMilli(int64(t)).UTC() }

// MarshalText writes RFC 3339 UTC with milliseconds.
func (t Time) MarshalText() ([]byte, error) { return t.Std().AppendFormat(nil, wireTime), nil }

// UnmarshalText reads any RFC 3339 time.
func (t *Time) UnmarshalText(text []byte) error {
	std, err := time.Parse(time.RFC3339, string(text))
	if err != nil {
		return fmt.Errorf("read time: %w", err)
	}
	*t = At(std)
	return nil
}
