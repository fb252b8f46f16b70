package chat

import (
	"fmt"
	"time"
)

// IDs are positive 64-bit numbers from the database. Zero means "none".
type (
	UserID       int64
	RoomID       int64
	MessageID    int64
	SessionID    int64
	AttachmentID int64
)

// Seq is a number in the sequence of one room: 1, 2, 3, … without gaps, in the order of the
// commits. Zero is before the first change.
type Seq int64

// CID is the UUID, in lower case, that a client gives to a message before it first sends it.
// A user and a CID identify one message permanently.
type CID string

// Epoch identifies the history in the database. It changes when history was restored or
// trimmed. Clients only compare it.
type Epoch string

// Time is a time in Unix milliseconds, the precision of the wire and of the database. Zero
// means "never".
type Time int64

// wireTime is RFC 3339 with exactly three decimals, in UTC.
const wireTime = "2006-01-02T15:04:05.000Z"

// At returns t as a Time.
func At(t time.Time) Time { return Time(t.UnixMilli()) }

// Std returns t as a time.Time in UTC.
func (t Time) Std() time.Time { return time.UnixMilli(int64(t)).UTC() }

// MarshalText returns RFC 3339 in UTC with milliseconds.
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
