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

type listMessagesInput struct {
	RoomPath
	Before Optional[chat.Seq] `query:"before" minimum:"0"`
	After  Optional[chat.Seq] `query:"after" minimum:"0" doc:"0: from the first message on."`
	Around Optional[chat.Seq] `query:"around" minimum:"0"`
	Limit  int                `query:"limit" minimum:"1" maximum:"100" default:"50"`
}

// Resolve refuses more than one direction. huma calls it.
func (in *listMessagesInput) Resolve(ctx huma.Context) []error {
	asked := 0
	for _, one := range []Optional[chat.Seq]{in.Before, in.After, in.Around} {
		if one.isSet {
			asked++
		}
	}
	if asked > 1 {
		return []error{&huma.ErrorDetail{Location: "query", Message: "Specify only one of before, after and around."}}
	}
	return nil
}

// MessageList is a page of the messages of a room.
type MessageList struct {
	Messages []chat.Message `json:"messages" doc:"Ascending by seq."`
	Head     chat.Seq       `json:"head"`
	HasMore  bool           `json:"hasMore" doc:"Whether there are more messages in the requested direction; for around and the newest: before these."`
	HasNewer bool           `json:"hasNewer,omitempty" doc:"For around: whether there are more messages after these."`
}

type messageListOutput struct {
	Body MessageList
}

type listChangesInput struct {
	RoomPath
	Since chat.Seq   `query:"since" minimum:"0" default:"0" doc:"The number up to which the caller has the changes; 0: none, all messages are returned."`
	Epoch chat.Epoch `query:"epoch" maxLength:"100"`
	Limit int        `query:"limit" minimum:"1" maximum:"100" default:"100"`
}

// ChangesPage contains the changes of a room: each changed message once, in its current state, ordered
// by changeSeq. With Reset, the caller's number is no longer valid.
type ChangesPage struct {
	Messages []chat.Message `json:"messages"`
	From     chat.Seq       `json:"from" doc:"Exclusive."`
	To       chat.Seq       `json:"to" doc:"Inclusive."`
	Head     chat.Seq       `json:"head"`
	Epoch    chat.Epoch     `json:"epoch"`
	More     bool           `json:"more"`
	Reset    bool           `json:"reset,omitempty"`
}

type listChangesOutput struct{ Body ChangesPage }

// SendMessageRequest is the body of sendMessage.
type SendMessageRequest struct {
	CID           string              `json:"cid" doc:"A UUID that the client creates before the first attempt."`
	Text          string              `json:"text"`
	ReplyTo       chat.MessageID      `json:"replyTo,omitempty" minimum:"1"`
	AttachmentIDs []chat.AttachmentID `json:"attachmentIds,omitempty" maxItems:"10" doc:"Uploads of the caller that no message contains; with them the text may be empty."`
}

type sendMessageInput struct {
	RoomPath
	Body SendMessageRequest
}

// MessagePath is the path of operations on one message.
type MessagePath struct {
	ID chat.MessageID `path:"id" minimum:"1"`
}

// EditMessageRequest is the body of editMessage.
type EditMessageRequest struct {
	Text string `json:"text"`
}

type editMessageInput struct {
	MessagePath
	Body EditMessageRequest
}

type reactInput struct {
	MessagePath
	Emoji string `path:"emoji" maxLength:"200" doc:"One emoji, percent-encoded."`
}

// MessageResponse contains a message.
type MessageResponse struct {
	Message chat.Message `json:"message"`
}

type messageOutput struct {
	Status int
	Body   MessageResponse
}

func (a *API) mountMessages() {
	tags := []string{"messages"}
	handle(a, huma.Operation{
		OperationID: "listMessages", Method: http.MethodGet, Path: "/rooms/{id}/messages", Tags: tags, Security: authRequired,
		Summary:  "List messages by sequence number; the newest by default",
		Metadata: map[string]any{degradedKey: true},
	}, func(ctx context.Context, in *listMessagesInput) (*messageListOutput, error) {
		page, err := a.Service.History(ctx, auth.CallerIn(ctx), in.ID,
			chat.PageQuery{Before: in.Before.pointer(), After: in.After.pointer(), Around: in.Around.pointer(), Limit: in.Limit})
		out := &messageListOutput{}
		out.Body.Messages, out.Body.Head, out.Body.HasMore = page.Messages, page.Head, page.HasMore
		out.Body.HasNewer = page.HasNewer
		return out, err
	})
	handle(a, huma.Operation{
		OperationID: "listChanges", Method: http.MethodGet, Path: "/rooms/{id}/changes", Tags: tags, Security: authRequired,
		Summary: "List the changes after a sequence number",
	}, func(ctx context.Context, in *listChangesInput) (*listChangesOutput, error) {
		c, err := a.Service.Changes(ctx, auth.CallerIn(ctx), chat.CatchUp{Room: in.ID, Since: in.Since, Epoch: in.Epoch, Limit: in.Limit})
		return &listChangesOutput{ChangesPage{
			Messages: append([]chat.Message{}, c.Messages...), From: c.From, To: c.To, Head: c.Head,
			Epoch: c.Epoch, More: c.More, Reset: c.Reset,
		}}, err
	})
	handle(a, huma.Operation{
		OperationID: "sendMessage", Method: http.MethodPost, Path: "/rooms/{id}/messages", Tags: tags, Security: authRequired,
		Summary: "Send a message, once per cid", DefaultStatus: http.StatusCreated,
		Description: "201 for a new message, 200 with the original if the cid is known.",
	}, func(ctx context.Context, in *sendMessageInput) (*messageOutput, error) {
		began := time.Now()
		m, fresh, err := a.Service.SendMessage(ctx, auth.CallerIn(ctx),
			chat.Send{Room: in.ID, CID: in.Body.CID, Text: in.Body.Text, ReplyTo: in.Body.ReplyTo, Attachments: in.Body.AttachmentIDs})
		return a.sent(metrics.ByREST, m, fresh, began, err)
	})
	handle(a, huma.Operation{
		OperationID: "getMessage", Method: http.MethodGet, Path: "/messages/{id}", Tags: tags, Security: authRequired, Summary: "Get a message",
	}, func(ctx context.Context, in *MessagePath) (*messageOutput, error) {
		return newMessageOutput(a.Service.Message(ctx, auth.CallerIn(ctx), in.ID))
	})
	handle(a, huma.Operation{
		OperationID: "editMessage", Method: http.MethodPatch, Path: "/messages/{id}", Tags: tags, Security: authRequired,
		Summary: "Edit a message of the current user",
	}, func(ctx context.Context, in *editMessageInput) (*messageOutput, error) {
		return newMessageOutput(a.Service.EditMessage(ctx, auth.CallerIn(ctx), in.ID, in.Body.Text))
	})
	handle(a, huma.Operation{
		OperationID: "deleteMessage", Method: http.MethodDelete, Path: "/messages/{id}", Tags: tags, Security: authRequired,
		Summary: "Delete a message; a tombstone remains", DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *MessagePath) (*struct{}, error) {
		_, err := a.Service.DeleteMessage(ctx, auth.CallerIn(ctx), in.ID)
		return nil, err
	})
	for method, on := range map[string]bool{http.MethodPut: true, http.MethodDelete: false} {
		handle(a, huma.Operation{
			OperationID: map[bool]string{true: "addReaction", false: "removeReaction"}[on], Method: method,
			Path: "/messages/{id}/reactions/{emoji}", Tags: tags, Security: authRequired,
			Summary: map[bool]string{true: "Add a reaction", false: "Remove a reaction of the current user"}[on],
		}, func(ctx context.Context, in *reactInput) (*messageOutput, error) {
			return newMessageOutput(a.Service.React(ctx, auth.CallerIn(ctx), in.ID, in.Emoji, on))
		})
	}
}

// sent counts a send over path that began at began and returns its response: 201, or 200 with the
// original.
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
