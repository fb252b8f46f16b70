package store

import (
	"encoding/hex"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

// plenty is a quota that no test reaches.
var plenty = chat.Quota{PerDay: 1 << 40, Stored: 1 << 40}

// tryUpload stores a file of size bytes with a thumbnail of 10 bytes.
func tryUpload(t *testing.T, s *Store, owner chat.UserID, size int64, quota chat.Quota) (chat.MessageAttachment, error) {
	t.Helper()
	key := hex.EncodeToString(randomHash()[:16])
	a := chat.NewAttachment{Owner: owner, Name: "x", Size: size, ContentType: "image/png", BlobKey: "files/" + key, ThumbKey: "thumbnails/" + key, ThumbSize: 10}
	if err := s.ScheduleBlobDeletion(t.Context(), []string{a.BlobKey, a.ThumbKey}, time.Hour); err != nil {
		t.Fatalf("schedule deletion: %v", err)
	}
	return s.AddAttachment(t.Context(), a, 1000, quota)
}

func wantUsage(t *testing.T, s *Store, user chat.UserID, today, stored int64) {
	t.Helper()
	want := chat.UploadUsage{Today: today, Stored: stored}
	if got, err := s.UploadUsage(t.Context(), user); err != nil || got != want {
		t.Fatalf("usage = %+v, %v, want %+v", got, err, want)
	}
}

func TestUploadQuota(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice, bob := register(t, s, "alice"), register(t, s, "bob")
		quota := chat.Quota{PerDay: 300, Stored: 1000}
		one, err := tryUpload(t, s, alice.User.ID, 100, quota)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tryUpload(t, s, alice.User.ID, 170, quota); err != nil {
			t.Fatalf("up to the quota: %v", err)
		}
		_, err = tryUpload(t, s, alice.User.ID, 1, quota)
		wantCode(t, err, chat.QuotaExceeded)
		wantUsage(t, s, alice.User.ID, 290, 290)
		if err := s.RemoveAttachment(t.Context(), one.ID, alice.User.ID); err != nil {
			t.Fatal(err)
		}
		wantUsage(t, s, alice.User.ID, 290, 180)
		_, err = tryUpload(t, s, alice.User.ID, 1, quota)
		wantCode(t, err, chat.QuotaExceeded)
		if _, err := tryUpload(t, s, bob.User.ID, 50, quota); err != nil {
			t.Fatalf("another user: %v", err)
		}
		for range 2 {
			if err := s.CompactUsage(t.Context()); err != nil {
				t.Fatal(err)
			}
			wantUsage(t, s, bob.User.ID, 60, 240)
		}
	})
}

func TestAvatarQuota(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		register(t, s, "admin")
		alice := register(t, s, "alice").User.ID
		set := func(key string, size int64, quota chat.Quota) error {
			_, _, err := s.SetAvatar(t.Context(), alice, key, size, quota)
			return err
		}
		for _, key := range []string{"one", "two"} {
			if err := set(key, 100, plenty); err != nil {
				t.Fatal(err)
			}
		}
		wantUsage(t, s, alice, 200, 100)
		wantCode(t, set("three", 100, chat.Quota{PerDay: 299, Stored: 1000}), chat.QuotaExceeded)
		wantCode(t, set("three", 101, chat.Quota{PerDay: 1000, Stored: 100}), chat.QuotaExceeded)
		wantUsage(t, s, alice, 200, 100)
		if err := set("", 0, chat.Quota{}); err != nil {
			t.Fatal(err)
		}
		wantUsage(t, s, alice, 200, 0)
		if err := set("four", 100, plenty); err != nil {
			t.Fatal(err)
		}
		if _, err := s.CloseAccount(t.Context(), alice, "gone", false); err != nil {
			t.Fatal(err)
		}
		wantUsage(t, s, alice, 300, 0)
	})
}

func TestConcurrentUploadsDoNotExceedQuota(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		quota := chat.Quota{PerDay: 1 << 40, Stored: 500}
		var wg sync.WaitGroup
		errs := make([]error, 12)
		for i := range errs {
			user := register(t, s, fmt.Sprintf("user%d", i)).User.ID
			wg.Go(func() { _, errs[i] = tryUpload(t, s, user, 90, quota) })
		}
		wg.Wait()
		stored := 0
		for _, err := range errs {
			if err == nil {
				stored++
				continue
			}
			wantCode(t, err, chat.QuotaExceeded)
		}
		if stored != 5 {
			t.Errorf("%d of 100 bytes each are stored, want 5", stored)
		}
	})
}

func TestBotUsesQuotaOfOwner(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice := register(t, s, "alice")
		bot, _ := createBot(t, s, alice, "robot")
		if _, err := tryUpload(t, s, bot.ID, 90, plenty); err != nil {
			t.Fatal(err)
		}
		wantUsage(t, s, alice.User.ID, 100, 100)
		wantUsage(t, s, bot.ID, 100, 100)
	})
}

func TestFilesOfDeletedRoomAreNotCounted(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice := register(t, s, "alice")
		room := createRoom(t, s, alice, "Lobby")
		file, err := tryUpload(t, s, alice.User.ID, 90, plenty)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.Append(t.Context(), withFiles(draft(room, alice, "look"), file), chat.CanSend); err != nil {
			t.Fatal(err)
		}
		if err := s.DeleteRoom(t.Context(), room.ID, alice.User.ID, nil); err != nil {
			t.Fatal(err)
		}
		wantUsage(t, s, alice.User.ID, 100, 0)
	})
}
