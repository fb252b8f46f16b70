package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/chillin-chat/chillin/internal/auth"
	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/metrics"
)

type historyInput struct {
	OfRoom
	Before chat.Seq `query:"before" minimum:"1"`
	After  chat.Seq `query:"after" minimum:"0"`
	Around chat.Seq `query:"around" minimum:"1"`
	Limit  int      `query:"limit" minimum:"1" maximum:"100" default:"50"`
}

// Resolve refuses two directions at once; huma calls it.
func (in *historyInput) Resolve(ctx huma.Context) []error {
	asked := 0
	for _, name := range []string{"before", "after", "around"} {
		if ctx.Query(name) != "" {
			asked++
		}
	}
	if asked > 1 {
		return []error{&huma.ErrorDetail{Location: "query", Message: "Give one of before, after and around."}}
	}
	return nil
}

type historyOutput struct {
	Body struct {
		Messages []chat.Message `json:"messages" doc:"Ascending by seq."`
		Head     chat.Seq       `json:"head"`
		HasMore  bool           `json:"hasMore" doc:"Whether there are further messages in the asked direction; for around and the newest: before these."`
		HasNewer bool           `json:"hasNewer,omitempty" doc:"For around: whether there are further messages after these."`
	}
}

type changesInput struct {
	OfRoom
	Since chat.Seq   `query:"since" minimum:"0" doc:"What the caller has up to."`
	Epoch chat.Epoch `query:"epoch" maxLength:"100"`
	Limit int        `query:"limit" minimum:"1" maximum:"100" default:"100"`
}

// ChangesPage is what changed in a room: each changed message once, in its present
// state, by changeSeq. With reset the caller's number means nothing any more.
type ChangesPage struct {
	Messages []chat.Message `json:"messages"`
	From     chat.Seq       `json:"from" doc:"Exclusive."`
	To       chat.Seq       `json:"to" doc:"Inclusive."`
	Head     chat.Seq       `json:"head"`
	Epoch    chat.Epoch     `json:"epoch"`
	More     bool           `json:"more"`
	Reset    bool           `json:"reset,omitempty"`
}

type changesOutput struct{ Body ChangesPage }

type sendInput struct {
	OfRoom
	Body struct {
		CID           string              `json:"cid" doc:"A UUID made by the client before the first try."`
		Text          string              `json:"text"`
		ReplyTo       chat.MessageID      `json:"replyTo,omitempty" minimum:"1"`
		AttachmentIDs []chat.AttachmentID `json:"attachmentIds,omitempty" maxItems:"10" doc:"Uploads of one's own that no message carries; with them the text may be empty."`
	}
}

// OfMessage is the path parameter of everything about one message.
type OfMessage struct {
	ID chat.MessageID `path:"id" minimum:"1"`
}

type editInput struct {
	OfMessage
	Body struct {
		Text string `json:"text"`
	}
}

type reactInput struct {
	OfMessage
	Emoji string `path:"emoji" maxLength:"200" doc:"One emoji, percent-encoded."`
}

type messageOutput struct {
	Status int
	Body   struct {
		Message chat.Message `json:"message"`
	}
}

func (a *API) mountMessages() {
	tags := []string{"messages"}
	handle(a, huma.Operation{
		OperationID: "listMessages", Method: http.MethodGet, Path: "/rooms/{id}/messages", Tags: tags, Security: signedIn,
		Summary:  "List messages by sequence number; the newest by default",
		Metadata: map[string]any{fromMemoryKey: true},
	}, func(ctx context.Context, in *historyInput) (*historyOutput, error) {
		page, err := a.Service.History(ctx, auth.CallerIn(ctx), in.ID,
			chat.PageQuery{Before: in.Before, After: in.After, Around: in.Around, Limit: in.Limit})
		out := &historyOutput{}
		out.Body.Messages, out.Body.Head, out.Body.HasMore = page.Messages, page.Head, page.HasMore
		out.Body.HasNewer = page.HasNewer
		return out, err
	})
	handle(a, huma.Operation{
		OperationID: "listChanges", Method: http.MethodGet, Path: "/rooms/{id}/changes", Tags: tags, Security: signedIn,
		Summary: "List the changes after a sequence number",
	}, func(ctx context.Context, in *changesInput) (*changesOutput, error) {
		c, err := a.Service.Changes(ctx, auth.CallerIn(ctx), chat.CatchUp{Room: in.ID, Since: in.Since, Epoch: in.Epoch, Limit: in.Limit})
		return &changesOutput{ChangesPage{
			Messages: append([]chat.Message{}, c.Messages...), From: c.From, To: c.To, Head: c.Head,
			Epoch: c.Epoch, More: c.More, Reset: c.Reset,
		}}, err
	})
	handle(a, huma.Operation{
		OperationID: "sendMessage", Method: http.MethodPost, Path: "/rooms/{id}/messages", Tags: tags, Security: signedIn,
		Summary: "Send a message, once per cid", DefaultStatus: http.StatusCreated,
		Description: "201 for a new message, 200 with the original where the cid was known.",
	}, func(ctx context.Context, in *sendInput) (*messageOutput, error) {
		began := time.Now()
		m, fresh, err := a.Service.SendMessage(ctx, auth.CallerIn(ctx),
			chat.Send{Room: in.ID, CID: in.Body.CID, Text: in.Body.Text, ReplyTo: in.Body.ReplyTo, Attachments: in.Body.AttachmentIDs})
		return a.sent(metrics.ByREST, m, fresh, began, err)
	})
	handle(a, huma.Operation{
		OperationID: "getMessage", Method: http.MethodGet, Path: "/messages/{id}", Tags: tags, Security: signedIn, Summary: "Get a message",
	}, func(ctx context.Context, in *OfMessage) (*messageOutput, error) {
		return newMessageOutput(a.Service.Message(ctx, auth.CallerIn(ctx), in.ID))
	})
	handle(a, huma.Operation{
		OperationID: "editMessage", Method: http.MethodPatch, Path: "/messages/{id}", Tags: tags, Security: signedIn,
		Summary: "Edit a message of the current user",
	}, func(ctx context.Context, in *editInput) (*messageOutput, error) {
		return newMessageOutput(a.Service.EditMessage(ctx, auth.CallerIn(ctx), in.ID, in.Body.Text))
	})
	handle(a, huma.Operation{
		OperationID: "deleteMessage", Method: http.MethodDelete, Path: "/messages/{id}", Tags: tags, Security: signedIn,
		Summary: "Delete a message; a tombstone remains", DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *OfMessage) (*struct{}, error) {
		_, err := a.Service.DeleteMessage(ctx, auth.CallerIn(ctx), in.ID)
		return nil, err
	})
	for method, on := range map[string]bool{http.MethodPut: true, http.MethodDelete: false} {
		handle(a, huma.Operation{
			OperationID: map[bool]string{true: "addReaction", false: "removeReaction"}[on], Method: method,
			Path: "/messages/{id}/reactions/{emoji}", Tags: tags, Security: signedIn,
			Summary: map[bool]string{true: "Add a reaction", false: "Remove a reaction of the current user"}[on],
		}, func(ctx context.Context, in *reactInput) (*messageOutput, error) {
			return newMessageOutput(a.Service.React(ctx, auth.CallerIn(ctx), in.ID, in.Emoji, on))
		})
	}
}

// sent answers and counts a send over path that began then: 201, or 200 with the original.
func (a *API) sent(path metrics.Path, m chat.Message, fresh bool, began time.Time, err error) (*messageOutput, error) {
	if err != nil {
		return nil, err
	}
	a.Metrics.Confirm(path, fresh, time.Since(began))
	out := &messageOutput{Status: http.StatusOK}
	if fresh {
		out.Status = http.StatusCreated
	}
	out.Body.Message = m
	return out, nil
}

func newMessageOutput(m chat.Message, err error) (*messageOutput, error) {
	out := &messageOutput{Status: http.StatusOK}
	out.Body.Message = m
	return out, err
}
