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
	// uploadTime is the timeout of a request with a small file, including its body. uploadRate, in
	// bytes per second, extends it for larger files.
	uploadTime = 60 * time.Second
	uploadRate = 64 << 10
	// bodyStallTimeout is how long a body may pause. minRate is the average rate, in bytes per second,
	// that it must then keep, so that idle uploads do not occupy a slot.
	bodyStallTimeout = 10 * time.Second
	minRate          = 16 << 10
	// formOverhead is the size of everything in a form except the file, in bytes.
	formOverhead = 64 << 10
)

// Form is a request with a file. The file is read as a stream.
type Form struct {
	request *http.Request
	writer  http.ResponseWriter
}

// Resolve stores the request. huma calls it.
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

// receive writes the part named "file" to a temporary file, which the caller closes. An invalid or too
// large form leaves no file behind.
func (f *Form) receive(limit int64) (_ chat.Upload, done func(), err error) {
	part, err := f.part(limit)
	if err != nil {
		return chat.Upload{}, nil, err
	}
	file, err := os.CreateTemp("", "chillin-upload-")
	if err != nil {
		return chat.Upload{}, nil, chat.ErrUnavailable(fmt.Errorf("store upload: %w", err))
	}
	defer func() {
		if err != nil {
			file.Close()
		}
	}()
	_ = os.Remove(file.Name()) // the file exists while it is open; it is removed even if the process is killed
	from := &errReader{r: part}
	size, err := io.Copy(file, io.LimitReader(from, limit+1))
	switch {
	case from.err != nil:
		return chat.Upload{}, nil, formError(from.err, limit)
	case err != nil:
		return chat.Upload{}, nil, chat.ErrUnavailable(fmt.Errorf("store upload: %w", err))
	case size > limit:
		return chat.Upload{}, nil, tooLarge(limit)
	}
	return chat.Upload{Name: part.FileName(), Body: file, Size: size}, func() { file.Close() }, nil
}

// part returns the part named "file". It fails if the form contains more than formOverhead bytes before
// it.
func (f *Form) part(limit int64) (*multipart.Part, error) {
	control, now := http.NewResponseController(f.writer), time.Now()
	// An unsupported deadline is covered by the server's own.
	_ = control.SetWriteDeadline(now.Add(serveTime))
	body := &minRateBody{
		ReadCloser: http.MaxBytesReader(f.writer, f.request.Body, limit+formOverhead),
		control:    control, began: now, end: now.Add(uploadTimeout(limit)), left: formOverhead,
	}
	f.request.Body = body
	form, err := f.request.MultipartReader()
	if err != nil {
		return nil, chat.Errorf(chat.BadRequest, "Send the file as multipart/form-data.").WithField("file")
	}
	for {
		part, err := form.NextPart()
		if err != nil {
			return nil, formError(err, limit)
		}
		if part.FormName() == "file" {
			body.left += limit
			return part, nil
		}
	}
}

// minRateBody is a request body that must arrive at a minimum rate. A read fails at the connection's
// deadline, or after left bytes.
type minRateBody struct {
	io.ReadCloser
	control    *http.ResponseController
	began, end time.Time
	n, left    int64
}

var errFormTooLong = errors.New("form exceeds its limit beside the file")

func (b *minRateBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errFormTooLong
	}
	_ = b.control.SetReadDeadline(b.deadline(time.Now())) // errors are ignored as in part
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left)])
	b.n, b.left = b.n+int64(n), b.left-int64(n)
	return n, err
}

// deadline returns the time by which the next byte must arrive.
func (b *minRateBody) deadline(now time.Time) time.Time {
	due := b.began.Add(bodyStallTimeout + time.Duration(b.n)*time.Second/minRate)
	for _, other := range []time.Time{now.Add(bodyStallTimeout), b.end} {
		if other.Before(due) {
			due = other
		}
	}
	return due
}

// errReader records the error of the reader, so that it can be distinguished from an error of the writer.
type errReader struct {
	r   io.Reader
	err error
}

func (b *errReader) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if err != nil && err != io.EOF {
		b.err = err
	}
	return n, err
}

// uploadTimeout returns how long a body of limit bytes may take.
func uploadTimeout(limit int64) time.Duration {
	return uploadTime + time.Duration(limit/uploadRate)*time.Second
}

func tooLarge(limit int64) error {
	return chat.Errorf(chat.TooLarge, "The file is too large. The limit is %d MiB.", limit>>20).WithField("file")
}

// formError returns the error for a form that ends early or exceeds its limit. Both are client errors.
func formError(err error, limit int64) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return tooLarge(limit)
	}
	text := "The form has no file, or the upload is incomplete."
	if errors.Is(err, os.ErrDeadlineExceeded) {
		text = "The upload was too slow. Try again with a faster connection or a smaller file."
	}
	fault := chat.Errorf(chat.BadRequest, "%s", text).WithField("file")
	fault.Err = err
	return fault
}

// handleUpload registers an operation that accepts a form with a file. The form is added to the
// document after huma creates the handler: otherwise huma would read the whole body before the handler
// runs.
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
