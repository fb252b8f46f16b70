package blob

import (
	"fmt"
	"sync"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

var _ chat.Space = (*Space)(nil)

// Space refuses what would leave too little free space on the disks of some folders. A
// database may be on the same disk, and must go on.
type Space struct {
	least   int64
	folders []string
	// measure returns the free and all bytes of a folder's disk, ok false if unknown.
	measure func(folder string) (free, all int64, ok bool)

	mu       sync.Mutex
	reserved int64
}

// NewSpace returns a Space that keeps least bytes free, or a tenth of a disk if that is
// less.
func NewSpace(least int64, folders ...string) *Space {
	return &Space{least: least, folders: folders, measure: measureDisk}
}

// Reserve implements chat.Space.
func (s *Space) Reserve(bytes int64) (release func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, folder := range s.folders {
		free, all, ok := s.measure(folder)
		if ok && free-s.reserved-bytes < min(s.least, all/10) {
			return nil, &chat.Error{
				Code: chat.Unavailable, Text: "The server has too little disk space for files right now. Please try again later.", RetryAfter: time.Minute,
				Err: fmt.Errorf("%s has %d MiB free", folder, free>>20),
			}
		}
	}
	s.reserved += bytes
	return sync.OnceFunc(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.reserved -= bytes
	}), nil
}
