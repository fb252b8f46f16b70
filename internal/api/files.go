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
	// serveTime bounds operations that take as long as the client's connection requires: an upload,
	// whose body has a deadline by its size, and a file download. A client that reads nothing for
	// stallTimeout is disconnected.
	serveTime    = time.Hour
	stallTimeout = 30 * time.Second
	// filePolicy prevents a file that a browser displays from running or loading anything.
	filePolicy = "default-src 'none'; sandbox"
)

type attachmentID struct {
	ID chat.AttachmentID `path:"id" minimum:"1"`
}

// UploadResponse contains an uploaded file.
type UploadResponse struct {
	Attachment chat.MessageAttachment `json:"attachment"`
}

type uploadOutput struct {
	Body UploadResponse
}

type allowanceOutput struct{ Body chat.UploadAllowance }

type linkOutput struct{ Body chat.FileLink }

func (a *API) mountFiles() {
	tags := []string{"files"}
	handleUpload(a, huma.Operation{
		OperationID: "uploadAttachment", Method: http.MethodPost, Path: "/uploads", Tags: tags, Security: authRequired,
		Summary: "Upload a file, to be sent with a message within a day", DefaultStatus: http.StatusCreated,
	}, serveTime, a.upload)
	handle(a, huma.Operation{
		OperationID: "getUploadAllowance", Method: http.MethodGet, Path: "/uploads/allowance", Tags: tags, Security: authRequired,
		Summary: "Get how much the caller can still upload today",
	}, func(ctx context.Context, _ *struct{}) (*allowanceOutput, error) {
		allowance, err := a.Service.UploadAllowance(ctx, auth.CallerIn(ctx))
		return &allowanceOutput{allowance}, err
	})
	handle(a, huma.Operation{
		OperationID: "deleteUpload", Method: http.MethodDelete, Path: "/uploads/{id}", Tags: tags, Security: authRequired,
		Summary: "Delete an upload that no message contains", DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *attachmentID) (*struct{}, error) {
		return nil, a.Service.RemoveUpload(ctx, auth.CallerIn(ctx), in.ID)
	})
	handle(a, huma.Operation{
		OperationID: "createAttachmentLink", Method: http.MethodGet, Path: "/attachments/{id}/link", Tags: tags, Security: authRequired,
		Summary:     "Create URLs of a file that work without authentication for five minutes",
		Description: "Requires access to the file. The URLs stop working when the caller loses access.",
	}, func(ctx context.Context, in *attachmentID) (*linkOutput, error) {
		link, err := a.Service.LinkTo(ctx, auth.CallerIn(ctx), in.ID)
		return &linkOutput{link}, err
	})
	a.mountFile("/files/{id}/{name}", "downloadAttachment", "Download a file; the name in the path is ignored", a.Service.File)
	a.mountFile("/files/{id}", "downloadAttachmentByID", "Download a file", a.Service.File)
	a.mountFile("/thumbnails/{id}", "downloadThumbnail", "Download the thumbnail of a file", a.Service.ThumbnailOf)
}

// mountFile registers an operation that answers GET and HEAD with a file.
func (a *API) mountFile(path, name, summary string, find func(context.Context, chat.Caller, chat.AttachmentID) (service.File, error)) {
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		id := map[string]string{http.MethodGet: name, http.MethodHead: name + "Head"}[method]
		handle(a, huma.Operation{
			OperationID: id, Method: method, Path: path, Tags: []string{"files"}, Security: authRequired, Summary: summary,
			Description: "Requires a session or a signed URL. Supports Range and If-None-Match.", Hidden: method == http.MethodHead,
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
	caller, limit := auth.CallerIn(ctx), int64(a.Service.Settings.Limits().MaxUploadSize)
	done, err := a.Service.BeginUpload(ctx, caller, a.describeUpload(in, limit))
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

// describeUpload describes a form before its body is read.
func (a *API) describeUpload(in *Form, limit int64) chat.Incoming {
	return chat.Incoming{Network: a.ClientNetwork(in.request), Size: in.size(limit)}
}

// byLinkKey is the metadata key of file operations that accept signed URLs.
const byLinkKey = "byLink"

// caller returns the user of a signed URL, or else the authenticated user.
func (a *API) caller(ctx huma.Context, r *http.Request) (chat.Caller, auth.CredentialSource, error) {
	if id, ok := linkedFile(ctx); ok {
		caller, err := a.Service.LinkedCaller(r.Context(), id, r.URL.Query())
		if chat.CodeOf(err) != chat.Unauthenticated || err == nil {
			return caller, auth.CredentialNone, err
		}
	}
	return a.Requests.Caller(r)
}

// linkedFile returns the attachment of a signed URL. It reports false for other requests.
func linkedFile(ctx huma.Context) (chat.AttachmentID, bool) {
	if ctx.Operation().Metadata[byLinkKey] == nil || ctx.Query("signature") == "" {
		return 0, false
	}
	id, err := strconv.ParseInt(ctx.Param("id"), 10, 64)
	return chat.AttachmentID(id), err == nil
}

// serveFile sends a file to an authorized client. Browsers download files that they cannot display.
func (a *API) serveFile(ctx huma.Context, file service.File) {
	r, w := humachi.Unwrap(ctx)
	h := w.Header()
	h.Set("ETag", file.Tag)
	// After access is lost, a cache may keep the file for as long as a signed URL lives.
	h.Set("Cache-Control", "private, max-age=300")
	h.Add("Vary", "Cookie, Authorization") // in addition to Origin, which CORS adds
	if r.Header.Get("If-None-Match") == file.Tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	blob, err := a.Service.Open(r.Context(), file)
	if err != nil {
		h.Del("ETag")
		a.WriteError(w, r, err)
		return
	}
	defer blob.Body.Close()
	h.Set("Content-Type", blob.ContentType)
	h.Set("Content-Disposition", disposition(file))
	h.Set("Content-Security-Policy", filePolicy)
	h.Set("Cross-Origin-Resource-Policy", resourcePolicy(ctx))
	slow := &stallTimeoutWriter{w, http.NewResponseController(w)}
	defer slow.finish()
	http.ServeContent(slow, r, "", blob.ModTime, blob.Body)
}

// resourcePolicy lets other sites embed a file by its signed URL. A file requested with the session
// cookie is restricted to pages of the same site.
func resourcePolicy(ctx huma.Context) string {
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

// stallTimeoutWriter waits for a slow client, but fails if the client reads nothing for stallTimeout.
type stallTimeoutWriter struct {
	http.ResponseWriter
	control *http.ResponseController
}

func (p *stallTimeoutWriter) Write(data []byte) (int, error) {
	_ = p.control.SetWriteDeadline(time.Now().Add(stallTimeout)) // an unsupported deadline is covered by the server's own
	return p.ResponseWriter.Write(data)
}

// finish flushes the response and removes the deadline from the connection.
func (p *stallTimeoutWriter) finish() {
	_ = p.control.Flush()
	_ = p.control.SetWriteDeadline(time.Time{})
}
