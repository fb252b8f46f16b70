package api

import (
	"context"
	"mime"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"

	"github.com/chillin-chat/chillin/internal/auth"
	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/service"
)

const (
	// serveTime bounds what takes as long as a line is slow: an upload, whose body has
	// a deadline by its size, and an answer with a file. A reader that takes nothing
	// is let go after readerPatience.
	serveTime      = time.Hour
	readerPatience = 30 * time.Second
	// filePolicy lets a file that a browser shows do nothing at all.
	filePolicy = "default-src 'none'; sandbox"
)

type attachmentID struct {
	ID chat.AttachmentID `path:"id" minimum:"1"`
}

type uploadOutput struct {
	Body struct {
		Attachment chat.MessageAttachment `json:"attachment"`
	}
}

type allowanceOutput struct{ Body chat.UploadAllowance }

type linkOutput struct{ Body chat.FileLink }

func (a *API) mountFiles() {
	tags := []string{"files"}
	handleUpload(a, huma.Operation{
		OperationID: "uploadAttachment", Method: http.MethodPost, Path: "/uploads", Tags: tags, Security: signedIn,
		Summary: "Upload a file, to be sent with a message within a day", DefaultStatus: http.StatusCreated,
	}, serveTime, a.upload)
	handle(a, huma.Operation{
		OperationID: "getUploadAllowance", Method: http.MethodGet, Path: "/uploads/allowance", Tags: tags, Security: signedIn,
		Summary: "Get how much the caller may still upload today",
	}, func(ctx context.Context, _ *struct{}) (*allowanceOutput, error) {
		allowance, err := a.Service.UploadAllowance(ctx, auth.CallerIn(ctx))
		return &allowanceOutput{allowance}, err
	})
	handle(a, huma.Operation{
		OperationID: "deleteUpload", Method: http.MethodDelete, Path: "/uploads/{id}", Tags: tags, Security: signedIn,
		Summary: "Delete an upload that no message contains", DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *attachmentID) (*struct{}, error) {
		return nil, a.Service.RemoveUpload(ctx, auth.CallerIn(ctx), in.ID)
	})
	handle(a, huma.Operation{
		OperationID: "createAttachmentLink", Method: http.MethodGet, Path: "/attachments/{id}/link", Tags: tags, Security: signedIn,
		Summary:     "Create URLs of a file that work without authentication for five minutes",
		Description: "For those who may see the file, and only while they may.",
	}, func(ctx context.Context, in *attachmentID) (*linkOutput, error) {
		link, err := a.Service.LinkTo(ctx, auth.CallerIn(ctx), in.ID)
		return &linkOutput{link}, err
	})
	a.mountFile("/files/{id}/{name}", "downloadAttachment", "Download a file; the name in the path is ignored", a.Service.File)
	a.mountFile("/files/{id}", "downloadAttachmentByID", "Download a file", a.Service.File)
	a.mountFile("/thumbnails/{id}", "downloadThumbnail", "Download the thumbnail of a file", a.Service.ThumbnailOf)
}

// mountFile registers an operation that answers with a file, to GET and HEAD.
func (a *API) mountFile(path, name, summary string, find func(context.Context, chat.Caller, chat.AttachmentID) (service.File, error)) {
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		id := map[string]string{http.MethodGet: name, http.MethodHead: name + "Head"}[method]
		handle(a, huma.Operation{
			OperationID: id, Method: method, Path: path, Tags: []string{"files"}, Security: signedIn, Summary: summary,
			Description: "Signed in, or by a link. Knows Range and If-None-Match.", Hidden: method == http.MethodHead,
			Metadata: map[string]any{requestTimeKey: serveTime, byLinkKey: true},
		}, func(ctx context.Context, in *attachmentID) (*huma.StreamResponse, error) {
			file, err := find(ctx, auth.CallerIn(ctx), in.ID)
			if err != nil {
				return nil, err
			}
			return &huma.StreamResponse{Body: func(ctx huma.Context) { a.serveFile(ctx, file) }}, nil
		})
	}
}

// upload stores the file of a form.
func (a *API) upload(ctx context.Context, in *Form) (*uploadOutput, error) {
	caller, limit := auth.CallerIn(ctx), int64(a.Service.Limits.Now().MaxUploadSize)
	done, err := a.Service.BeginUpload(ctx, caller, a.incoming(in, limit))
	if err != nil {
		return nil, err
	}
	defer done()
	upload, closed, err := in.receive(limit)
	if err != nil {
		return nil, err
	}
	defer closed()
	out := &uploadOutput{}
	out.Body.Attachment, err = a.Service.Upload(ctx, caller, upload)
	return out, err
}

// incoming describes a form before its body is read.
func (a *API) incoming(in *Form, limit int64) chat.Incoming {
	return chat.Incoming{Network: a.ClientNetwork(in.request), Size: in.size(limit)}
}

// byLinkKey is the metadata of an operation on a file that takes links.
const byLinkKey = "byLink"

// caller finds who asks: for whom a link was made, or who is signed in.
func (a *API) caller(ctx huma.Context, r *http.Request) (chat.Caller, auth.CredentialSource, error) {
	if id, ok := linkedFile(ctx); ok {
		caller, err := a.Service.LinkedCaller(r.Context(), id, r.URL.Query())
		if chat.CodeOf(err) != chat.Unauthenticated || err == nil {
			return caller, auth.CredentialNone, err
		}
	}
	return a.Requests.Caller(r)
}

// linkedFile tells whose link a request may bear.
func linkedFile(ctx huma.Context) (chat.AttachmentID, bool) {
	if ctx.Operation().Metadata[byLinkKey] == nil || ctx.Query("signature") == "" {
		return 0, false
	}
	id, err := strconv.ParseInt(ctx.Param("id"), 10, 64)
	return chat.AttachmentID(id), err == nil
}

// serveFile gives a file to a reader who may have it. What browsers do not show by
// themselves they save, under its name.
func (a *API) serveFile(ctx huma.Context, file service.File) {
	r, w := humachi.Unwrap(ctx)
	h := w.Header()
	h.Set("ETag", file.Tag)
	// Who may not see it any more has it for as long as a link lives at most.
	h.Set("Cache-Control", "private, max-age=300")
	h.Add("Vary", "Cookie, Authorization") // beside Origin, where other pages may read
	if r.Header.Get("If-None-Match") == file.Tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	blob, err := a.Service.Open(r.Context(), file)
	if err != nil {
		h.Del("ETag")
		a.Refuse(w, r, err)
		return
	}
	defer blob.Body.Close()
	h.Set("Content-Type", blob.ContentType)
	h.Set("Content-Disposition", disposition(file))
	h.Set("Content-Security-Policy", filePolicy)
	h.Set("Cross-Origin-Resource-Policy", sharing(ctx))
	slow := &patientWriter{w, http.NewResponseController(w)}
	defer slow.rest()
	http.ServeContent(slow, r, "", blob.ModTime, blob.Body)
}

// sharing lets other pages show what is reached by a link: who has one may have the
// file. What the cookie opens is for pages of the same site.
func sharing(ctx huma.Context) string {
	if _, linked := linkedFile(ctx); linked {
		return "cross-origin"
	}
	return "same-site"
}

func disposition(file service.File) string {
	kind := "attachment"
	if file.Shown {
		kind = "inline"
	}
	if full := mime.FormatMediaType(kind, map[string]string{"filename": file.Name}); full != "" {
		return full
	}
	return kind
}

// patientWriter waits for a slow reader, but not for one that takes nothing.
type patientWriter struct {
	http.ResponseWriter
	control *http.ResponseController
}

func (p *patientWriter) Write(data []byte) (int, error) {
	_ = p.control.SetWriteDeadline(time.Now().Add(readerPatience)) // a writer that cannot is bounded by its server
	return p.ResponseWriter.Write(data)
}

// rest sends what is still held back, and leaves the connection as it was.
func (p *patientWriter) rest() {
	_ = p.control.Flush()
	_ = p.control.SetWriteDeadline(time.Time{})
}
