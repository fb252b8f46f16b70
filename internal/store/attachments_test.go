package store

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

// uploaded stores an upload of owner, as the service does.
func uploaded(t *testing.T, s *Store, owner chat.Caller, name string) chat.MessageAttachment {
	t.Helper()
	key := hex.EncodeToString(randomHash()[:16])
	a := chat.NewAttachment{
		Owner: owner.User.ID, Name: name, Size: 7, ContentType: "image/png", Width: 3, Height: 4,
		BlobKey: "files/" + key, ThumbKey: "thumbnails/" + key,
	}
	if err := s.ScheduleBlobDeletion(t.Context(), []string{a.BlobKey, a.ThumbKey}, time.Hour); err != nil {
		t.Fatalf("schedule deletion: %v", err)
	}
	file, err := s.AddAttachment(t.Context(), a, chat.MaxUnused, plenty)
	if err != nil {
		t.Fatalf("add: %v", err)
	}
	return file
}

func withFiles(d chat.Draft, files ...chat.MessageAttachment) chat.Draft {
	for _, f := range files {
		d.Attachments = append(d.Attachments, f.ID)
	}
	return d
}

// keysOf returns the keys of a file's blobs.
func keysOf(t *testing.T, s *Store, f chat.MessageAttachment, viewer chat.Caller) []string {
	t.Helper()
	stored, err := s.File(t.Context(), f.ID, viewer.User.ID)
	if err != nil {
		t.Fatalf("file: %v", err)
	}
	return []string{stored.BlobKey, stored.ThumbKey}
}

// wantDue fails unless exactly keys are due.
func wantDue(t *testing.T, s *Store, keys ...string) {
	t.Helper()
	due, err := s.ClaimBlobDeletions(t.Context(), 100, time.Hour)
	slices.Sort(due)
	slices.Sort(keys)
	if err != nil || !slices.Equal(due, keys) {
		t.Fatalf("due = %v, %v, want %v", due, err, keys)
	}
}

func TestAttachments(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice, bob, eve := register(t, s, "alice"), register(t, s, "bob"), register(t, s, "eve")
		room, other := createRoom(t, s, alice, "lobby"), createRoom(t, s, alice, "other")
		join(t, s, room, bob)

		t.Run("a message contains its files in order wherever it is read", func(t *testing.T) {
			first, second := uploaded(t, s, alice, "1.png"), uploaded(t, s, alice, "ä 2.png")
			if first.URL != path("/api/v1/files/%d/1.png", first.ID) || second.URL != path("/api/v1/files/%d/%%C3%%A4%%202.png", second.ID) ||
				first.ThumbnailURL != path("/api/v1/thumbnails/%d", first.ID) {
				t.Fatalf("uploads = %+v, %+v", first, second)
			}
			appendText(t, s, room, alice, "before")
			d := withFiles(draft(room, alice, ""), second, first)
			m, fresh, err := s.Append(t.Context(), d, chat.CanSend)
			if err != nil || !fresh {
				t.Fatalf("append: %v, %v", fresh, err)
			}
			again, fresh, err := s.Append(t.Context(), d, chat.CanSend)
			if err != nil || fresh {
				t.Fatalf("again: %v, %v", fresh, err)
			}
			page, err := s.Page(t.Context(), room.ID, bob.User.ID, chat.PageQuery{Limit: 1})
			if err != nil {
				t.Fatal(err)
			}
			changes, err := s.Changes(t.Context(), room.ID, bob.User.ID, chat.ChangesQuery{Since: m.Seq - 1, Limit: 10})
			if err != nil {
				t.Fatal(err)
			}
			one, err := s.Message(t.Context(), m.ID, bob.User.ID)
			if err != nil {
				t.Fatal(err)
			}
			edited, _, err := s.Edit(t.Context(), m.Ref(), alice.User.ID, "now with words", "", nil)
			if err != nil {
				t.Fatal(err)
			}
			want := fmt.Sprintf("%+v", []chat.MessageAttachment{second, first})
			for where, m := range map[string]chat.Message{
				"append": m, "retry": again, "page": page.Messages[0], "changes": changes.Messages[0], "message": one, "edit": edited,
			} {
				if got := fmt.Sprintf("%+v", m.Attachments); got != want {
					t.Errorf("%s: files = %s, want %s", where, got, want)
				}
			}
		})
		t.Run("an upload can be sent by its owner, once", func(t *testing.T) {
			mine, others := uploaded(t, s, alice, "mine"), uploaded(t, s, bob, "his")
			used, removed := uploaded(t, s, alice, "used"), uploaded(t, s, alice, "removed")
			if _, _, err := s.Append(t.Context(), withFiles(draft(room, alice, "x"), used), chat.CanSend); err != nil {
				t.Fatal(err)
			}
			if err := s.RemoveAttachment(t.Context(), removed.ID, alice.User.ID); err != nil {
				t.Fatal(err)
			}
			wantDue(t, s, scheduled(t, s)...)
			before, err := s.head(t.Context(), room.ID)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range []chat.MessageAttachment{others, used, removed, {ID: 4711}} {
				_, _, err := s.Append(t.Context(), withFiles(draft(room, alice, "x"), mine, f), chat.CanSend)
				wantCode(t, err, chat.NotFound)
			}
			if head, err := s.head(t.Context(), room.ID); err != nil || head != before {
				t.Fatalf("head = %d, %v, want %d: a refused message takes no number", head, err, before)
			}
			// An upload of a refused message can still be sent.
			if _, _, err := s.Append(t.Context(), withFiles(draft(room, alice, "x"), mine), chat.CanSend); err != nil {
				t.Fatal(err)
			}
			wantCode(t, s.RemoveAttachment(t.Context(), mine.ID, alice.User.ID), chat.NotFound)
			wantCode(t, s.RemoveAttachment(t.Context(), others.ID, alice.User.ID), chat.NotFound)
		})
		t.Run("same cid with other files is a conflict", func(t *testing.T) {
			one, two := uploaded(t, s, alice, "1"), uploaded(t, s, alice, "2")
			d := draft(room, alice, "x")
			if _, _, err := s.Append(t.Context(), withFiles(d, one), chat.CanSend); err != nil {
				t.Fatal(err)
			}
			for _, changed := range []chat.Draft{d, withFiles(d, two), withFiles(d, one, two)} {
				_, _, err := s.Append(t.Context(), changed, chat.CanSend)
				wantCode(t, err, chat.CIDConflict)
			}
		})
		t.Run("a file is readable by its owner until it is sent, then by the members of the room", func(t *testing.T) {
			f := uploaded(t, s, alice, "x")
			canRead := func(user chat.Caller) bool {
				_, err := s.File(t.Context(), f.ID, user.User.ID)
				if err != nil {
					wantCode(t, err, chat.NotFound)
				}
				return err == nil
			}
			if !canRead(alice) || canRead(bob) || canRead(eve) {
				t.Fatal("unsent: want alice alone")
			}
			if _, _, err := s.Append(t.Context(), withFiles(draft(room, alice, "x"), f), chat.CanSend); err != nil {
				t.Fatal(err)
			}
			if !canRead(alice) || !canRead(bob) || canRead(eve) {
				t.Fatal("sent: want alice and bob")
			}
			for _, disabled := range []bool{true, false} { // a link needs no session
				if _, err := s.ChangeAccount(t.Context(), alice.User.ID, bob.User.ID, chat.AccountChange{Disabled: &disabled}); err != nil {
					t.Fatal(err)
				}
				if canRead(bob) == disabled {
					t.Fatalf("bob, disabled %v, can read: %v", disabled, !disabled)
				}
			}
			if _, err := s.Kick(t.Context(), room.ID, alice.User.ID, bob.User.ID, nil); err != nil {
				t.Fatal(err)
			}
			if canRead(bob) {
				t.Fatal("bob was kicked and can still read the file")
			}
		})
		t.Run("files are deleted with their message or room, unsent files after a time", func(t *testing.T) {
			inMessage, inRoom, unsent := uploaded(t, s, alice, "m"), uploaded(t, s, alice, "r"), uploaded(t, s, alice, "u")
			wantDue(t, s)
			m, _, err := s.Append(t.Context(), withFiles(draft(room, alice, "x"), inMessage), chat.CanSend)
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err := s.Append(t.Context(), withFiles(draft(other, alice, "x"), inRoom), chat.CanSend); err != nil {
				t.Fatal(err)
			}
			ofMessage, ofRoom, ofUnsent := keysOf(t, s, inMessage, alice), keysOf(t, s, inRoom, alice), keysOf(t, s, unsent, alice)
			deleted, _, err := s.Delete(t.Context(), m.Ref(), alice.User.ID, nil)
			if err != nil || len(deleted.Attachments) != 0 {
				t.Fatalf("deleted = %+v, %v, want no files", deleted.Attachments, err)
			}
			wantDue(t, s, ofMessage...)
			if err := s.DeleteRoom(t.Context(), other.ID, alice.User.ID, nil); err != nil {
				t.Fatal(err)
			}
			wantDue(t, s, ofRoom...)
			if err := s.ExpireAttachments(t.Context(), time.Hour); err != nil {
				t.Fatal(err)
			}
			wantDue(t, s)
			for _, key := range ofRoom {
				if err := s.FinishBlobDeletion(t.Context(), key); err != nil {
					t.Fatal(err)
				}
			}
			s.now = func() time.Time { return time.Now().Add(2 * time.Hour) }
			defer func() { s.now = time.Now }()
			if err := s.ExpireAttachments(t.Context(), time.Hour); err != nil {
				t.Fatal(err)
			}
			// Also due are the keys that were not finished, and earlier uploads that were not
			// sent.
			due, err := s.ClaimBlobDeletions(t.Context(), 1000, time.Hour)
			if err != nil || !slices.Contains(due, ofUnsent[0]) || !slices.Contains(due, ofMessage[1]) || slices.Contains(due, ofRoom[0]) {
				t.Fatalf("due = %v, %v, want those of the unsent and the message, not those of the room", due, err)
			}
			if _, err := s.File(t.Context(), unsent.ID, alice.User.ID); chat.CodeOf(err) != chat.NotFound {
				t.Fatalf("unsent file: %v, want NOT_FOUND", err)
			}
		})
		t.Run("a blob without a row is deleted after a time", func(t *testing.T) {
			if err := s.ScheduleBlobDeletion(t.Context(), []string{"files/late"}, -time.Second); err != nil {
				t.Fatal(err)
			}
			wantDue(t, s, "files/late")
			wantDue(t, s)
			if err := s.FinishBlobDeletion(t.Context(), "files/late"); err != nil {
				t.Fatal(err)
			}
			if _, err := s.AddAttachment(t.Context(), chat.NewAttachment{Owner: alice.User.ID, Name: "x", BlobKey: "files/late"}, 1000, plenty); err == nil {
				t.Fatal("a deleted blob was used, want an error")
			}
		})
	})
}

func path(format string, args ...any) string { return fmt.Sprintf(format, args...) }

// scheduled returns the keys of the one file whose row was deleted.
func scheduled(t *testing.T, s *Store) (keys []string) {
	t.Helper()
	err := forEachRow(t.Context(), s.read, func(r row) error {
		var key string
		err := r.Scan(&key)
		keys = append(keys, key)
		return err
	}, `SELECT blob_key FROM doomed_blobs WHERE due = 0`)
	if err != nil || len(keys) != 2 {
		t.Fatalf("scheduled = %v, %v, want two", keys, err)
	}
	return keys
}

// TestSameUploadInTwoRooms tests a race that no room lock covers, like that of two nodes: the
// row locks of the uploads decide.
func TestSameUploadInTwoRooms(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice := register(t, s, "alice")
		rooms := []chat.Room{createRoom(t, s, alice, "even"), createRoom(t, s, alice, "odd")}
		for range 30 {
			a, b := uploaded(t, s, alice, "a"), uploaded(t, s, alice, "b")
			sends := []chat.Draft{withFiles(draft(rooms[0], alice, "x"), a, b), withFiles(draft(rooms[1], alice, "x"), b, a)}
			var errs [2]error
			var both sync.WaitGroup
			for k, d := range sends {
				both.Go(func() { _, _, errs[k] = s.Append(t.Context(), d, chat.CanSend) })
			}
			both.Wait()
			if (errs[0] == nil) == (errs[1] == nil) {
				t.Fatalf("errs = %v, want exactly one", errs)
			}
			for k, err := range errs {
				if err != nil {
					wantCode(t, err, chat.NotFound)
					continue
				}
				m, fresh, err := s.Append(t.Context(), sends[k], chat.CanSend)
				if err != nil || fresh || len(m.Attachments) != 2 {
					t.Fatalf("retry = %+v, %v, %v, want the original with two files", m, fresh, err)
				}
			}
		}
		for _, room := range rooms {
			wantDense(t, s, room.ID)
		}
	})
}

func TestSameUploadTwiceInOneBatch(t *testing.T) {
	u := map[chat.AttachmentID]upload{7: {owner: 1, file: chat.MessageAttachment{ID: 7}}}
	f := newBatchState()
	f.heads[1], f.members[memberKey{1, 1}], f.uploads = 0, member{author: chat.Author{ID: 1}}, u
	batch := make([]*request, 2)
	for i := range batch {
		d := chat.Draft{Room: 1, Author: 1, CID: chat.CID(fmt.Sprint(i)), Attachments: []chat.AttachmentID{7}}
		batch[i] = &request{draft: d, rule: chat.CanSend, hash: sendHash(d)}
	}
	d := decide(batch, f, 1)
	if len(d.stored) != 1 || d.stored[0] != batch[0] || chat.CodeOf(d.refused[batch[1]]) != chat.NotFound || d.heads[1] != 1 {
		t.Fatalf("decision = %+v, want the first stored and the second refused", d)
	}
}

// TestSendHashIsStable ensures that messages stored by an older version are recognized.
func TestSendHashIsStable(t *testing.T) {
	d := chat.Draft{Room: 1, ReplyTo: 2, Text: "hello"}
	if got, want := hex.EncodeToString(sendHash(d)), "8006fdc6fb7032f01349b8776a69d0c7"; got != want {
		t.Fatalf("hash = %s, want %s", got, want)
	}
}

func TestUnusedUploadsAreLimited(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice := register(t, s, "alice")
		const limit, tries = 3, 12
		var all sync.WaitGroup
		errs := make([]error, tries)
		for i := range tries {
			all.Go(func() {
				key := path("files/%d", i)
				_, err := s.AddAttachment(t.Context(), chat.NewAttachment{Owner: alice.User.ID, Name: "x", BlobKey: key}, limit, plenty)
				if errs[i] = s.ScheduleBlobDeletion(t.Context(), []string{key}, time.Hour); errs[i] == nil {
					_, errs[i] = s.AddAttachment(t.Context(), chat.NewAttachment{Owner: alice.User.ID, Name: "x", BlobKey: key}, limit, plenty)
				}
				if err == nil {
					errs[i] = errors.New("a blob whose deletion was not scheduled was used")
				}
			})
		}
		all.Wait()
		stored := 0
		for _, err := range errs {
			if err == nil {
				stored++
			} else {
				wantCode(t, err, chat.Forbidden)
			}
		}
		n, err := s.UnusedAttachments(t.Context(), alice.User.ID)
		if stored != limit || n != limit || err != nil {
			t.Fatalf("stored %d, counted %d, %v, want %d", stored, n, err, limit)
		}
	})
}
