package blob

import (
	"fmt"
	"sync"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

var _ chat.Space = (*Space)(nil)

// Space refuses uploads that would leave too little free space on the disks of some folders. A database
// may be on the same disk and must keep working.
type Space struct {
	minFree int64
	folders []string
	// measure returns the free and the total bytes of a folder's disk. ok is false if they are unknown.
	measure func(folder string) (free, all int64, ok bool)

	mu       sync.Mutex
	reserved int64
}

// NewSpace returns a Space that keeps minFree bytes free, or a tenth of the disk if that is less.
func NewSpace(minFree int64, folders ...string) *Space {
	return &Space{minFree: minFree, folders: folders, measure: measureDisk}
}

// Reserve implements chat.Space.
func (s *Space) Reserve(bytes int64) (release func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, folder := range s.folders {
		free, all, ok := s.measure(folder)
		if ok && free-s.reserved-bytes < min(s.minFree, all/10) {
			return nil, &chat.Error{
				Code: chat.Unavailable, Text: "The server is low on disk space. Try again later.", RetryAfter: time.Minute,
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
