package app_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/chillin-chat/chillin/internal/chat"
)

type searchPage struct {
	Results    []chat.SearchResult `json:"results"`
	NextCursor string              `json:"nextCursor"`
}

func (p *testUser) search(query url.Values) (searchPage, error) {
	var page searchPage
	err := p.Client.Do(ctx(p.t), http.MethodGet, "/search/messages?"+query.Encode(), nil, &page)
	return page, err
}

// finds returns the texts of the search results, newest first.
func (p *testUser) finds(query url.Values) string {
	p.t.Helper()
	page, err := p.search(query)
	if err != nil {
		p.t.Fatalf("search %v: %v", query, err)
	}
	var found []chat.Message
	for _, r := range page.Results {
		found = append(found, r.Message)
	}
	return texts(found)
}

func TestSearch(t *testing.T) {
	onBothDeployments(t, func(d *deployment) {
		alice, bob := d.user("alice", 0), d.user("bob", 1)
		room, other := alice.room("Lobby", nil), alice.room("Other", nil)
		alice.join(room.ID, nil)
		alice.join(other.ID, nil)
		bob.join(room.ID, nil)
		first := alice.send(room.ID, "😀-Café")
		alice.send(other.ID, "CAFE!")
		bob.send(room.ID, "cafeteria")

		page, err := alice.search(url.Values{"q": {"cafe"}, "limit": {"2"}})
		if err != nil || len(page.Results) != 2 || page.NextCursor == "" || page.Results[1].Room != (chat.RoomName{ID: other.ID, Name: "Other"}) {
			d.t.Fatalf("first page = %+v, %v", page, err)
		}
		page, err = alice.search(url.Values{"q": {"cafe"}, "limit": {"2"}, "cursor": {page.NextCursor}})
		if err != nil || len(page.Results) != 1 || page.NextCursor != "" || page.Results[0].Message.ID != first.ID {
			d.t.Fatalf("second page = %+v, %v", page, err)
		}
		h := page.Results[0].Highlights
		if units := utf16.Encode([]rune("😀-Café")); len(h) != 1 || string(utf16.Decode(units[h[0].Start:h[0].End])) != "Café" {
			d.t.Fatalf("highlights = %+v", h)
		}
		for _, c := range []struct {
			query url.Values
			want  string
		}{
			{url.Values{"q": {"CAFÉ"}, "room": {path("%d", room.ID)}}, "cafeteria 😀-Café"},
			{url.Values{"q": {"cafe"}, "author": {path("%d", bob.User.ID)}}, "cafeteria"},
			{url.Values{"q": {"cafe"}, "until": {first.CreatedAt.Std().Format(time.RFC3339Nano)}}, ""},
			{url.Values{"q": {"cafe"}, "since": {first.CreatedAt.Std().Format(time.RFC3339Nano)}}, "cafeteria CAFE! 😀-Café"},
		} {
			if got := alice.finds(c.query); got != c.want {
				d.t.Errorf("%v finds %q, want %q", c.query, got, c.want)
			}
		}
		if got := bob.finds(url.Values{"q": {"cafe"}}); got != "cafeteria 😀-Café" {
			d.t.Errorf("bob finds %q, want only messages of his room", got)
		}
		if err := bob.Socket.Do(ctx(d.t), "room:leave", map[string]any{"roomId": room.ID}, nil); err != nil {
			d.t.Fatal(err)
		}
		if got := bob.finds(url.Values{"q": {"cafe"}}); got != "" {
			d.t.Errorf("bob finds %q after he left", got)
		}
		_, err = bob.search(url.Values{"q": {"cafe"}, "room": {path("%d", room.ID)}})
		wantCode(d.t, err, chat.NotAMember)
		var direct struct{ Room chat.Room }
		if err := alice.Client.Do(ctx(d.t), http.MethodPut, path("/users/%d/direct", bob.User.ID), nil, &direct); err != nil {
			d.t.Fatal(err)
		}
		alice.send(direct.Room.ID, "café for two")
		if page, err := bob.search(url.Values{"q": {"cafe"}}); err != nil || len(page.Results) != 1 || page.Results[0].Room.Name != direct.Room.Name {
			d.t.Errorf("bob finds %+v, %v, want only messages of %q", page, err, direct.Room.Name)
		}
		hidden := alice.room("Hidden", map[string]any{"private": true})
		_, err = bob.search(url.Values{"q": {"cafe"}, "room": {path("%d", hidden.ID)}})
		wantCode(d.t, err, chat.NotFound)
		_, err = bob.search(url.Values{"q": {" \u200B"}})
		wantCode(d.t, err, chat.Empty)
		_, err = bob.search(url.Values{})
		wantCode(d.t, err, chat.BadRequest)
	})
}

func TestSearchesAreLimited(t *testing.T) {
	d := embedded(t, nil)
	alice := d.user("alice", 0)
	for range 30 {
		if _, err := alice.search(url.Values{"q": {"x"}}); err != nil {
			t.Fatal(err)
		}
	}
	_, err := alice.search(url.Values{"q": {"x"}})
	wantCode(t, err, chat.RateLimited)
}

// A link to a message needs the message by its ID, and the page around it.
func TestMessageLink(t *testing.T) {
	onBothDeployments(t, func(d *deployment) {
		alice, bob := d.user("alice", 0), d.user("bob", 1)
		room := alice.room("Lobby", nil)
		alice.join(room.ID, nil)
		var linked chat.MessageID
		for _, text := range count(20) {
			if done := alice.send(room.ID, text); text == "10" {
				linked = done.ID
			}
		}
		var out struct{ Message chat.Message }
		if err := alice.Client.Do(ctx(d.t), http.MethodGet, path("/messages/%d", linked), nil, &out); err != nil || out.Message.RoomID != room.ID {
			d.t.Fatalf("message = %+v, %v", out.Message, err)
		}
		wantCode(d.t, bob.Client.Do(ctx(d.t), http.MethodGet, path("/messages/%d", linked), nil, nil), chat.NotFound)
		for _, c := range []struct {
			around        chat.Seq
			want          string
			before, after bool
		}{
			{out.Message.Seq, "8 9 10 11 12", true, true},
			{1, "1 2 3 4 5", false, true},
			{20, "16 17 18 19 20", true, false},
		} {
			var page struct {
				Messages          []chat.Message
				HasMore, HasNewer bool
			}
			err := alice.Client.Do(ctx(d.t), http.MethodGet, path("/rooms/%d/messages?around=%d&limit=5", room.ID, c.around), nil, &page)
			if err != nil || texts(page.Messages) != c.want || page.HasMore != c.before || page.HasNewer != c.after {
				d.t.Errorf("around %d = %q, before %v, after %v, %v; want %q, %v, %v", c.around, texts(page.Messages), page.HasMore, page.HasNewer, err, c.want, c.before, c.after)
			}
		}
	})
}
