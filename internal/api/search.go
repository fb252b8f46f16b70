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
	Query  string              `query:"q" required:"true" maxLength:"400" doc:"Words, and phrases in quotes, that must all occur; at most 100 characters."`
	Room   chat.RoomID         `query:"room" minimum:"1" doc:"Only in this room."`
	Author chat.UserID         `query:"author" minimum:"1" doc:"Only messages of this user."`
	Since  Optional[time.Time] `query:"since" doc:"Inclusive."`
	Until  Optional[time.Time] `query:"until" doc:"Exclusive."`
	Limit  int                 `query:"limit" minimum:"1" maximum:"100" default:"20"`
	Cursor string              `query:"cursor" maxLength:"400"`
}

// SearchResults is a page of search results.
type SearchResults struct {
	Results    []chat.SearchResult `json:"results" doc:"Newest first."`
	NextCursor string              `json:"nextCursor,omitempty" doc:"Set if the search can continue, even after few or no results."`
}

type searchOutput struct {
	Body SearchResults
}

func (a *API) mountSearch() {
	handle(a, huma.Operation{
		OperationID: "searchMessages", Method: http.MethodGet, Path: "/search/messages", Tags: []string{"search"}, Security: authRequired,
		Summary: "Search the messages of the caller's rooms",
	}, func(ctx context.Context, in *searchInput) (*searchOutput, error) {
		results, next, err := a.Service.SearchMessages(ctx, auth.CallerIn(ctx), chat.Search{
			Text: in.Query, Room: in.Room, Author: in.Author, Since: toTime(in.Since), Until: toTime(in.Until),
			Limit: in.Limit, Cursor: in.Cursor,
		})
		out := &searchOutput{}
		out.Body.Results, out.Body.NextCursor = results, next
		return out, err
	})
}

// toTime converts a time; 0 means that it is missing.
func toTime(t Optional[time.Time]) chat.Time {
	if !t.isSet {
		return 0
	}
	return max(chat.At(t.value), 1)
}
