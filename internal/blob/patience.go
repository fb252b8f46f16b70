package blob

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/minio/minio-go/v7"
)

// patience is how long an S3 server may keep us waiting without a sign of life.
// It bounds silence, not the length of a transfer.
const patience = 1500 * time.Millisecond

var errSilent = errors.New("the object store keeps silent")

// watch ends a context after patience without a sign of life.
type watch struct {
	cancel context.CancelCauseFunc
	timer  *time.Timer
}

// watched returns a context that ends with errSilent unless w is reset or
// stopped in time.
func watched(ctx context.Context) (context.Context, *watch) {
	ctx, cancel := context.WithCancelCause(ctx)
	w := &watch{cancel: cancel}
	w.timer = time.AfterFunc(patience, func() { cancel(errSilent) })
	return ctx, w
}

// stop ends the watch and the context.
func (w *watch) stop() {
	w.timer.Stop()
	w.cancel(nil)
}

// upload is the body of a Put. Time that its source takes is not the store's:
// the watch rests while it is read.
type upload struct {
	r *exactly
	w *watch
}

func (u upload) Read(p []byte) (int, error) {
	u.w.timer.Stop()
	defer u.w.timer.Reset(patience)
	return u.r.Read(p)
}

// download is the body of a Get. The watch rests while nobody reads.
type download struct {
	object *minio.Object
	ctx    context.Context
	w      *watch
	close  func() error
}

func newDownload(ctx context.Context, w *watch, object *minio.Object) *download {
	w.timer.Stop()
	return &download{object: object, ctx: ctx, w: w, close: sync.OnceValue(func() error {
		defer w.stop()
		return object.Close()
	})}
}

func (d *download) Read(p []byte) (int, error) {
	d.w.timer.Reset(patience)
	defer d.w.timer.Stop()
	n, err := d.object.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = fault(d.ctx, err)
	}
	return n, err
}

func (d *download) Seek(offset int64, whence int) (int64, error) {
	return d.object.Seek(offset, whence)
}

func (d *download) Close() error { return d.close() }
