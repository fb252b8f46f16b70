package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/chillin-chat/chillin/internal/auth"
	"github.com/chillin-chat/chillin/internal/chat"
)

type searchInput struct {
	Query  string      `query:"q" required:"true" maxLength:"400" doc:"Words, all of which must be there; at most 100 characters. No sign has a meaning."`
	Room   chat.RoomID `query:"room" minimum:"1" doc:"Only in this room."`
	Author chat.UserID `query:"author" minimum:"1" doc:"Only messages of this user."`
	Since  time.Time   `query:"since" doc:"Inclusive."`
	Until  time.Time   `query:"until" doc:"Exclusive."`
	Limit  int         `query:"limit" minimum:"1" maximum:"100" default:"20"`
	Cursor string      `query:"cursor" maxLength:"400"`
}

type searchOutput struct {
	Body struct {
		Results    []chat.SearchResult `json:"results" doc:"The newest first."`
		NextCursor string              `json:"nextCursor,omitempty" doc:"Set where the search goes on, also after few or no results."`
	}
}

func (a *API) mountSearch() {
	handle(a, huma.Operation{
		OperationID: "searchMessages", Method: http.MethodGet, Path: "/search/messages", Tags: []string{"search"}, Security: signedIn,
		Summary: "Search the messages of the caller's rooms",
	}, func(ctx context.Context, in *searchInput) (*searchOutput, error) {
		results, next, err := a.Service.SearchMessages(ctx, auth.CallerIn(ctx), chat.Search{
			Text: in.Query, Room: in.Room, Author: in.Author, Since: instant(in.Since), Until: instant(in.Until),
			Limit: in.Limit, Cursor: in.Cursor,
		})
		out := &searchOutput{}
		out.Body.Results, out.Body.NextCursor = results, next
		return out, err
	})
}

// instant is t as the product keeps it; none is none.
func instant(t time.Time) chat.Time {
	if t.IsZero() {
		return 0
	}
	return max(chat.At(t), 1)
}
