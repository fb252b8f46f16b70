package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/markup"
	"github.com/chillin-chat/chillin/internal/service"
)

// appendHTML appends a message with HTML as an earlier version may have rendered it.
func appendHTML(t *testing.T, s *Store, room chat.Room, by chat.Caller, text, html string) chat.Message {
	t.Helper()
	m, _, err := s.Append(t.Context(), chat.Draft{Room: room.ID, Author: by.User.ID, CID: chat.CID(uuid.NewString()), Text: text, HTML: html}, chat.CanSend)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func storedMessage(t *testing.T, s *Store, id chat.MessageID, viewer chat.Caller) chat.Message {
	t.Helper()
	m, err := s.Message(t.Context(), id, viewer.User.ID)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestRendering(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice, bobby, carol := register(t, s, "alice"), register(t, s, "bobby"), register(t, s, "carol")
		room := createRoom(t, s, alice, "lobby")
		join(t, s, room, bobby)
		join(t, s, room, carol)
		old := appendHTML(t, s, room, alice, "a[i](j)", "<p>ai</p>\n")
		same := appendHTML(t, s, room, alice, "*b*", markup.HTML("*b*"))
		deleted := appendHTML(t, s, room, alice, "gone", "<p>old</p>\n")
		named := appendHTML(t, s, room, alice, "交给@bobby处理", "<p>old</p>\n")
		left := appendHTML(t, s, room, alice, "hi @carol, 10~20, 30~40",
			fmt.Sprintf("<p>hi <span class=\"mention\" data-user-id=\"%d\">@carol</span>, 10<del>20, 30</del>40</p>\n", carol.User.ID))
		if _, _, err := s.Delete(t.Context(), deleted.Ref(), alice.User.ID, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Leave(t.Context(), room.ID, carol.User.ID); err != nil {
			t.Fatal(err)
		}
		heads, err := s.Heads(t.Context(), []chat.RoomID{room.ID})
		if err != nil {
			t.Fatal(err)
		}
		renderer := service.Renderer{Store: s, Rooms: s}
		p, err := renderer.Run(t.Context(), false)
		if err != nil || p.Replaced != 3 || p.Read != 4 {
			t.Fatalf("run = %+v, %v, want 4 read, 3 replaced", p, err)
		}
		wantHead(t, s, room.ID, heads[room.ID])
		for _, want := range []struct {
			id   chat.MessageID
			html string
		}{
			{old.ID, "<p>a[i](j)</p>\n"},
			{same.ID, markup.HTML("*b*")},
			{deleted.ID, ""},
			{named.ID, fmt.Sprintf("<p>交给<span class=\"mention\" data-user-id=\"%d\">@bobby</span>处理</p>\n", bobby.User.ID)},
			{left.ID, fmt.Sprintf("<p>hi <span class=\"mention\" data-user-id=\"%d\">@carol</span>, 10~20, 30~40</p>\n", carol.User.ID)},
		} {
			if m := storedMessage(t, s, want.id, alice); m.HTML != want.html || m.EditedAt != 0 {
				t.Errorf("message %d = %q, edited at %d, want %q, not edited", want.id, m.HTML, m.EditedAt, want.html)
			}
		}
		if m := storedMessage(t, s, old.ID, alice); m.ChangeSeq != old.ChangeSeq {
			t.Errorf("changeSeq = %d, want %d", m.ChangeSeq, old.ChangeSeq)
		}
		var mentions int
		if err := s.read.QueryRowContext(t.Context(), `SELECT count(*) FROM mentions WHERE message_id = $1 AND user_id = $2`, int64(named.ID), int64(bobby.User.ID)).Scan(&mentions); err != nil || mentions != 1 {
			t.Errorf("mentions of bobby = %d, %v, want 1", mentions, err)
		}
		if p, err = renderer.Run(t.Context(), false); err != nil || p.Read != 0 {
			t.Errorf("second run = %+v, %v, want nothing read", p, err)
		}
		if p, err = renderer.Run(t.Context(), true); err != nil || p.Read != 4 || p.Replaced != 0 {
			t.Errorf("run again = %+v, %v, want 4 read, none replaced", p, err)
		}
	})
}

// An edit between the reading and the saving of a batch is not undone.
func TestRenderingBesideEdits(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice, bobby := register(t, s, "alice"), register(t, s, "bobby")
		room := createRoom(t, s, alice, "lobby")
		join(t, s, room, bobby)
		edited := appendHTML(t, s, room, alice, "one", "<p>old</p>\n")
		deleted := appendHTML(t, s, room, alice, "two", "<p>old</p>\n")
		mentioning := appendHTML(t, s, room, alice, "@bobby", "<p>@bobby</p>\n")
		state, err := s.BeginRendering(t.Context(), 7, false)
		if err != nil {
			t.Fatal(err)
		}
		batch, err := s.MessagesToRender(t.Context(), state)
		if err != nil || len(batch) != 3 {
			t.Fatalf("batch = %v, %v, want 3 messages", batch, err)
		}
		for _, ref := range []chat.MessageRef{edited.Ref(), mentioning.Ref()} {
			if _, _, err := s.Edit(t.Context(), ref, alice.User.ID, "new", "<p>new</p>\n", nil); err != nil {
				t.Fatal(err)
			}
		}
		if _, _, err := s.Delete(t.Context(), deleted.Ref(), alice.User.ID, nil); err != nil {
			t.Fatal(err)
		}
		mention := fmt.Sprintf("<p><span class=\"mention\" data-user-id=\"%d\">@bobby</span></p>\n", bobby.User.ID)
		changes := []chat.RenderedHTML{{Old: batch[0], HTML: "<p>one</p>\n"}, {Old: batch[1], HTML: "<p>two</p>\n"}, {Old: batch[2], HTML: mention}}
		replaced, err := s.SaveRendered(t.Context(), state, batch[2].ID, changes)
		if err != nil || replaced != 0 {
			t.Errorf("save = %d, %v, want none replaced", replaced, err)
		}
		for _, m := range []chat.Message{edited, mentioning} {
			if got := storedMessage(t, s, m.ID, alice).HTML; got != "<p>new</p>\n" {
				t.Errorf("HTML = %q, want that of the edit", got)
			}
		}
		if got := storedMessage(t, s, deleted.ID, alice).HTML; got != "" {
			t.Errorf("HTML of the deleted message = %q, want none", got)
		}
		// The state has moved: a second command with the same state saves nothing.
		_, err = s.SaveRendered(t.Context(), state, batch[2].ID, nil)
		wantCode(t, err, chat.Unavailable)
		// An older version does not continue what a later one has begun.
		_, err = s.BeginRendering(t.Context(), 6, false)
		wantCode(t, err, chat.Forbidden)
	})
}

// killed is a store that loses its process after a number of saved batches: before or after the commit.
type killed struct {
	*Store
	saves  int
	stored bool
	kill   context.CancelFunc
}

func (k *killed) SaveRendered(ctx context.Context, s chat.RenderingState, to chat.MessageID, changes []chat.RenderedHTML) (int, error) {
	if k.saves--; k.saves > 0 || k.stored {
		n, err := k.Store.SaveRendered(ctx, s, to, changes)
		if k.saves > 0 {
			return n, err
		}
	}
	k.kill()
	return 0, errors.New("killed")
}

func TestRenderingContinuesAfterAKill(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice := register(t, s, "alice")
		room := createRoom(t, s, alice, "lobby")
		const perBatch = 4
		old := "<p>" + strings.Repeat("x", renderBatchBytes/perBatch) + "</p>\n"
		var ids []chat.MessageID
		for i := range 3*perBatch + 1 {
			ids = append(ids, appendHTML(t, s, room, alice, fmt.Sprintf("%d~1, 2~3", i), old).ID)
		}
		for _, stored := range []bool{false, true} {
			ctx, kill := context.WithCancel(t.Context())
			defer kill()
			renderer := service.Renderer{Store: &killed{s, 2, stored, kill}, Rooms: s}
			if _, err := renderer.Run(ctx, false); !errors.Is(err, context.Canceled) {
				t.Fatalf("run = %v, want it to be killed", err)
			}
		}
		p, err := (&service.Renderer{Store: s, Rooms: s}).Run(t.Context(), false)
		if err != nil || p.Read != 1 {
			t.Errorf("last run = %+v, %v, want only the rest", p, err)
		}
		at := slices.IndexFunc(ids, func(id chat.MessageID) bool { return storedMessage(t, s, id, alice).HTML == old })
		if at >= 0 {
			t.Errorf("message %d of %d has its old HTML", at, len(ids))
		}
	})
}
