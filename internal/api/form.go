package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
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
	// silence is how long a body may stop, and leastRate how many bytes a second it has
	// to deliver on average after that: a place is for those who use it.
	silence   = 10 * time.Second
	leastRate = 16 << 10
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

// size returns the largest file that the request can contain, at most limit.
func (f *Form) size(limit int64) int64 {
	if declared := f.request.ContentLength; declared >= 0 {
		return min(declared, limit)
	}
	return limit
}

// receive writes the part named file to a temporary file, which the caller closes. A
// form that is broken or too large leaves nothing.
func (f *Form) receive(limit int64) (_ chat.Upload, done func(), err error) {
	part, err := f.part(limit)
	if err != nil {
		return chat.Upload{}, nil, err
	}
	file, err := os.CreateTemp("", "chillin-upload-")
	if err != nil {
		return chat.Upload{}, nil, chat.ErrUnavailable(fmt.Errorf("keep upload: %w", err))
	}
	defer func() {
		if err != nil {
			file.Close()
		}
	}()
	_ = os.Remove(file.Name()) // it exists as long as it is open, even if the process is killed
	from := &blaming{r: part}
	size, err := io.Copy(file, io.LimitReader(from, limit+1))
	switch {
	case from.err != nil:
		return chat.Upload{}, nil, formFault(from.err, limit)
	case err != nil:
		return chat.Upload{}, nil, chat.ErrUnavailable(fmt.Errorf("keep upload: %w", err))
	case size > limit:
		return chat.Upload{}, nil, tooLarge(limit)
	}
	return chat.Upload{Name: part.FileName(), Body: file, Size: size}, func() { file.Close() }, nil
}

// part finds the part named file of a form that has not much besides.
func (f *Form) part(limit int64) (*multipart.Part, error) {
	control, now := http.NewResponseController(f.writer), time.Now()
	// A writer that cannot is bounded by its server.
	_ = control.SetWriteDeadline(now.Add(serveTime))
	body := &steadyBody{
		ReadCloser: http.MaxBytesReader(f.writer, f.request.Body, limit+formRoom),
		control:    control, began: now, end: now.Add(timeFor(limit)), left: formRoom,
	}
	f.request.Body = body
	form, err := f.request.MultipartReader()
	if err != nil {
		return nil, chat.Errorf(chat.BadRequest, "Send the file as multipart/form-data.").WithField("file")
	}
	for {
		part, err := form.NextPart()
		if err != nil {
			return nil, formFault(err, limit)
		}
		if part.FormName() == "file" {
			body.left += limit
			return part, nil
		}
	}
}

// steadyBody is a request body that has to deliver at a least rate. It fails with the
// connection's deadline, and after left bytes.
type steadyBody struct {
	io.ReadCloser
	control    *http.ResponseController
	began, end time.Time
	n, left    int64
}

var errFormTooLong = errors.New("the form has too much beside its file")

func (b *steadyBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errFormTooLong
	}
	_ = b.control.SetReadDeadline(b.deadline(time.Now())) // see part
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left)])
	b.n, b.left = b.n+int64(n), b.left-int64(n)
	return n, err
}

// deadline returns when the next byte must have come.
func (b *steadyBody) deadline(now time.Time) time.Time {
	due := b.began.Add(silence + time.Duration(b.n)*time.Second/leastRate)
	for _, other := range []time.Time{now.Add(silence), b.end} {
		if other.Before(due) {
			due = other
		}
	}
	return due
}

// blaming remembers that it was the reader who failed, not who wrote.
type blaming struct {
	r   io.Reader
	err error
}

func (b *blaming) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if err != nil && err != io.EOF {
		b.err = err
	}
	return n, err
}

// timeFor is how long a body of limit bytes may take.
func timeFor(limit int64) time.Duration {
	return uploadTime + time.Duration(limit/slowest)*time.Second
}

func tooLarge(limit int64) error {
	return chat.Errorf(chat.TooLarge, "A file has at most %d MiB here.", limit>>20).WithField("file")
}

// formFault is always the client's: a form that ends early or goes on too long.
func formFault(err error, limit int64) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return tooLarge(limit)
	}
	text := "The form has no file, or did not arrive whole."
	if errors.Is(err, os.ErrDeadlineExceeded) {
		text = "The file arrived too slowly. Try again on a faster connection, or with a smaller file."
	}
	fault := chat.Errorf(chat.BadRequest, "%s", text).WithField("file")
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
