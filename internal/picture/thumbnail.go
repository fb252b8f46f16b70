package picture

import (
	"context"
	"fmt"
	"image"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/chillin-chat/chillin/internal/chat"
)

const (
	edge = 512 // longest edge of a thumbnail, in pixels
	// a picture of at most this many bytes is its own thumbnail
	small = 64 << 10
	// maxGarbage is how many bytes a decode may leave to the garbage collector. Larger amounts are freed
	// immediately.
	maxGarbage = 16 << 20
)

// Thumbnail implements chat.Pictures.
func (m *Maker) Thumbnail(ctx context.Context, r io.ReadSeeker) (t chat.Thumbnail, err error) {
	err = m.guard(ctx, r, func() error {
		t, err = m.makeThumbnail(ctx, r)
		return err
	})
	return t, err
}

func (m *Maker) makeThumbnail(ctx context.Context, r io.ReadSeeker) (chat.Thumbnail, error) {
	h, err := inspect(r)
	if err != nil {
		return chat.Thumbnail{}, err
	}
	t := chat.Thumbnail{Width: h.size.X, Height: h.size.Y}
	if h.turn.turned() {
		t.Width, t.Height = h.size.Y, h.size.X
	}
	if h.measureOnly {
		return t, nil
	}
	source, done, err := m.decode(ctx, r, h)
	switch {
	case chat.CodeOf(err) == chat.UnsupportedMedia && h.format == "jpeg":
		return t, nil // browsers show what there is of a damaged JPEG
	case err != nil:
		return chat.Thumbnail{}, err
	}
	defer done()
	if h.animated {
		return t, nil
	}
	if bytes, err := r.Seek(0, io.SeekEnd); err != nil || bytes <= small && h.size.X <= edge && h.size.Y <= edge {
		return t, err
	}
	scaled := scale(source, source.Bounds(), within(h.size))
	t.Picture, t.ContentType, err = encode(h.turn.apply(scaled))
	return t, err
}

// within returns a size whose longer edge is at most edge.
func within(size image.Point) image.Point {
	long := max(size.X, size.Y, edge)
	return image.Pt(max(1, size.X*edge/long), max(1, size.Y*edge/long))
}

// await waits for the slot to decode.
func (m *Maker) await(ctx context.Context) error {
	m.waiters.Add(1)
	defer m.waiters.Add(-1)
	select {
	case m.slot <- struct{}{}:
		return nil
	case <-ctx.Done():
		return chat.ErrUnavailable(fmt.Errorf("wait to decode a picture: %w", ctx.Err()))
	}
}

// decode decodes a picture when no other is being decoded. The caller calls done when it no longer uses
// the picture.
func (m *Maker) decode(ctx context.Context, r io.ReadSeeker, h header) (_ image.Image, done func(), err error) {
	if err := m.await(ctx); err != nil {
		return nil, nil, err
	}
	done = func() {
		if h.peak > maxGarbage {
			// The memory must be free before the next picture is decoded.
			debug.FreeOSMemory()
		}
		<-m.slot
	}
	decoded, free := false, done
	defer func() { // also after a panic of a decoder
		if !decoded {
			free()
		}
	}()
	start, err := fromStart(r)
	if err != nil {
		return nil, nil, err
	}
	source, _, err := m.image(start)
	if err != nil {
		return nil, nil, unsupported(err)
	}
	if h.peak > h.image+maxGarbage {
		runtime.GC() // coefficients and tables, before scaling
	}
	decoded = true
	return source, done, nil
}
