package app

import (
	"testing"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/ratelimit"
)

func TestReadBudgetAllowsReconnectWithManyRooms(t *testing.T) {
	const rooms, devices, perRoom = 300, 5, 3 // a join and two more pages
	now := time.Now()
	limit, burst := pace(100*time.Second, readsPer100s)
	budget := ratelimit.New[chat.UserID](limit, burst, func() time.Time { return now })
	for i := range rooms * devices * perRoom {
		if _, ok := budget.Allow(1); !ok {
			t.Fatalf("read %d of %d is refused", i+1, rooms*devices*perRoom)
		}
	}
	for allowed := true; allowed; {
		var after time.Duration
		if after, allowed = budget.Allow(1); !allowed && after > time.Second {
			t.Errorf("retry after %s, want soon", after)
		}
	}
	if _, ok := budget.Allow(2); !ok {
		t.Error("another user is refused too")
	}
	now = now.Add(time.Minute)
	for i := range rooms * devices {
		if _, ok := budget.Allow(1); !ok {
			t.Fatalf("after a minute join %d of %d is refused", i+1, rooms*devices)
		}
	}
}
