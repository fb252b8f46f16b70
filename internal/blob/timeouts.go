package blob

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/minio/minio-go/v7"
)

// idleTimeout is how long an S3 server may be silent. It does not limit the duration of a transfer.
const idleTimeout = 1500 * time.Millisecond

var errIdle = errors.New("the object store does not respond")

// idleTimer cancels a context after idleTimeout without activity.
type idleTimer struct {
	cancel context.CancelCauseFunc
	timer  *time.Timer
}

// withIdleTimer returns a context that ends with errIdle unless the timer is reset or stopped in time.
func withIdleTimer(ctx context.Context) (context.Context, *idleTimer) {
	ctx, cancel := context.WithCancelCause(ctx)
	w := &idleTimer{cancel: cancel}
	w.timer = time.AfterFunc(idleTimeout, func() { cancel(errIdle) })
	return ctx, w
}

// stop stops the timer and cancels the context.
func (w *idleTimer) stop() {
	w.timer.Stop()
	w.cancel(nil)
}

// upload is the body of a Put. The timer is paused while its source is read.
type upload struct {
	r *exactReader
	w *idleTimer
}

func (u upload) Read(p []byte) (int, error) {
	u.w.timer.Stop()
	defer u.w.timer.Reset(idleTimeout)
	return u.r.Read(p)
}

// download is the body of a Get. The timer runs only during reads.
type download struct {
	object *minio.Object
	ctx    context.Context
	w      *idleTimer
	close  func() error
}

func newDownload(ctx context.Context, w *idleTimer, object *minio.Object) *download {
	w.timer.Stop()
	return &download{object: object, ctx: ctx, w: w, close: sync.OnceValue(func() error {
		defer w.stop()
		return object.Close()
	})}
}

func (d *download) Read(p []byte) (int, error) {
	d.w.timer.Reset(idleTimeout)
	defer d.w.timer.Stop()
	n, err := d.object.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = mapError(d.ctx, err)
	}
	return n, err
}

func (d *download) Seek(offset int64, whence int) (int64, error) {
	return d.object.Seek(offset, whence)
}

func (d *download) Close() error { return d.close() }
