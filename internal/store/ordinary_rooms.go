package store

import (
	"sync"

	"github.com/chillin-chat/chillin/internal/chat"
)

// maxOrdinaryRooms is the size of ordinaryRooms. They take about 3 MB.
const maxOrdinaryRooms = 1 << 16

// isDirect is the SQL expression for whether a row of rooms is a direct room. It needs no other
// table. See directKey.
const isDirect = `name_key LIKE ' direct %'`

// ordinaryRooms remembers rooms that are not direct, so that their messages do not cause a lookup
// of blocks. An entry stays true: a room never becomes a direct one, and no id is used twice.
type ordinaryRooms struct {
	mu  sync.Mutex
	ids map[chat.RoomID]struct{}
}

// containAll reports whether none of the rooms can be direct.
func (o *ordinaryRooms) containAll(rooms []int64) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, id := range rooms {
		if _, ok := o.ids[chat.RoomID(id)]; !ok {
			return false
		}
	}
	return true
}

// addFrom adds the ordinary rooms that a lookup has found. At its limit the set is cleared first:
// rooms in use are soon added again.
func (o *ordinaryRooms) addFrom(s batchState) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ids == nil || len(o.ids)+len(s.heads) > maxOrdinaryRooms {
		o.ids = map[chat.RoomID]struct{}{}
	}
	for id := range s.heads {
		if !s.direct[id] {
			o.ids[id] = struct{}{}
		}
	}
}
