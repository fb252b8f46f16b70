package api

import (
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"

	"github.com/chillin-chat/chillin/internal/chat"
)

const (
	// uploadTime is for a request that carries a small file, its body included;
	// slowest is the line, in bytes a second, on which a larger one takes longer.
	uploadTime = 60 * time.Second
	slowest    = 64 << 10
	// formRoom is what a form may take beside its file, in bytes.
	formRoom = 64 << 10
)

// Form is a request with a file, which is read while it comes and never kept by
// the form itself.
type Form struct {
	request *http.Request
	writer  http.ResponseWriter
}

// Resolve keeps the request; huma calls it.
func (f *Form) Resolve(ctx huma.Context) []error {
	f.request, f.writer = humachi.Unwrap(ctx)
	return nil
}

// file reads the part named file, of at most limit bytes.
func (f *Form) file(limit int64) ([]byte, error) {
	part, err := f.part(limit)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(part, limit+1))
	switch {
	case err != nil:
		return nil, formFault(err, limit)
	case int64(len(data)) > limit:
		return nil, tooLarge(limit)
	}
	return data, nil
}

// part finds the part named file of a form that has not much besides.
func (f *Form) part(limit int64) (*multipart.Part, error) {
	control, now := http.NewResponseController(f.writer), time.Now()
	// A writer that cannot is bounded by its server.
	_ = errors.Join(control.SetReadDeadline(now.Add(timeFor(limit))), control.SetWriteDeadline(now.Add(serveTime)))
	f.request.Body = http.MaxBytesReader(f.writer, f.request.Body, limit+formRoom)
	form, err := f.request.MultipartReader()
	if err != nil {
		return nil, chat.Fault(chat.BadRequest, "Send the file as multipart/form-data.").In("file")
	}
	for {
		part, err := form.NextPart()
		if err != nil {
			return nil, formFault(err, limit)
		}
		if part.FormName() == "file" {
			return part, nil
		}
	}
}

// timeFor is how long a body of limit bytes may take.
func timeFor(limit int64) time.Duration {
	return uploadTime + time.Duration(limit/slowest)*time.Second
}

func tooLarge(limit int64) error {
	return chat.Fault(chat.TooLarge, "A file has at most %d MiB here.", limit>>20).In("file")
}

// formFault is always the client's: a form that ends early or goes on too long.
func formFault(err error, limit int64) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return tooLarge(limit)
	}
	fault := chat.Fault(chat.BadRequest, "The form has no file, or did not arrive whole.").In("file")
	fault.Err = err
	return fault
}

// handleUpload registers an operation that takes a form with a file. The form
// enters the document after huma has made the handler: huma would read the body
// itself, whole and before the handler, where it knows of one.
func handleUpload[Out any](a *API, op huma.Operation, within time.Duration, handler func(ctx context.Context, in *Form) (*Out, error)) {
	op.Metadata = map[string]any{requestTimeKey: within}
	handle(a, op, handler)
	item := a.huma.OpenAPI().Paths[base+op.Path]
	documented := item.Put
	if op.Method == http.MethodPost {
		documented = item.Post
	}
	documented.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
		"multipart/form-data": {Schema: &huma.Schema{
			Type: huma.TypeObject, Required: []string{"file"},
			Properties: map[string]*huma.Schema{"file": {Type: huma.TypeString, Format: "binary"}},
		}},
	}}
}
