// Package picture makes avatars and thumbnails of uploads. It trusts neither name nor declared type,
// and only the pixels of an upload are kept.
package picture

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	_ "image/gif" // the first frame only
	"image/jpeg"
	"image/png"
	"io"
	"sync/atomic"

	_ "golang.org/x/image/webp" // decoder

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/recovery"
)

const (
	side    = 256 // of an avatar, in pixels
	quality = 90  // of a JPEG
)

var _ chat.Pictures = (*Maker)(nil)

// Maker decodes one picture at a time, so that a decode may use maxMemory.
type Maker struct {
	slot    chan struct{}
	waiters atomic.Int64
	// report counts and logs a panic of a decoder.
	report func(ctx context.Context, err error) bool
	image  func(r io.Reader) (image.Image, string, error)
}

// NewMaker returns a Maker. It calls report if a decoder panics.
func NewMaker(report func(ctx context.Context, err error) bool) *Maker {
	return &Maker{slot: make(chan struct{}, 1), report: report, image: image.Decode}
}

// guard calls work. If work panics, guard returns UNSUPPORTED_MEDIA.
func (m *Maker) guard(ctx context.Context, r io.ReadSeeker, work func() error) error {
	err := recovery.Do(recovery.Picture, nil, work)
	p, panicked := errors.AsType[*recovery.Panic](err)
	if !panicked {
		return err
	}
	if _, err := r.Seek(0, io.SeekStart); err == nil {
		if upload, err := io.ReadAll(r); err == nil {
			p.Input = recovery.Hash(upload)
		}
	}
	m.report(ctx, p)
	return unsupported(p)
}

// Waiting returns the number of pictures that wait to be decoded.
func (m *Maker) Waiting() int { return int(m.waiters.Load()) }

// Avatar implements chat.Pictures.
func (m *Maker) Avatar(ctx context.Context, r io.ReadSeeker) (avatar []byte, contentType string, err error) {
	err = m.guard(ctx, r, func() error {
		avatar, contentType, err = m.makeAvatar(ctx, r)
		return err
	})
	return avatar, contentType, err
}

func (m *Maker) makeAvatar(ctx context.Context, r io.ReadSeeker) (avatar []byte, contentType string, err error) {
	h, err := inspect(r)
	if err != nil {
		return nil, "", err
	}
	if h.measureOnly {
		return nil, "", chat.Errorf(chat.UnsupportedMedia, "This kind of WebP is not supported for avatars. Save the picture as PNG or JPEG.").WithField("file")
	}
	turn, err := orientationOf(r)
	if err != nil {
		return nil, "", err
	}
	source, done, err := m.decode(ctx, r, h)
	if err != nil {
		return nil, "", err
	}
	defer done()
	return encode(turn.apply(scale(source, middle(source.Bounds()), image.Pt(side, side))))
}

func unsupported(cause error) error {
	fault := chat.Errorf(chat.UnsupportedMedia, "The file is not a PNG, JPEG, GIF or WebP picture.").WithField("file")
	fault.Err = cause
	return fault
}

// middle returns the largest centered square in r.
func middle(r image.Rectangle) image.Rectangle {
	short := min(r.Dx(), r.Dy())
	corner := r.Min.Add(image.Pt((r.Dx()-short)/2, (r.Dy()-short)/2))
	return image.Rectangle{Min: corner, Max: corner.Add(image.Pt(short, short))}
}

// encode preserves transparency.
func encode(picture *image.RGBA) ([]byte, string, error) {
	var out bytes.Buffer
	if !picture.Opaque() {
		if err := png.Encode(&out, picture); err != nil {
			return nil, "", fmt.Errorf("encode picture: %w", err)
		}
		return out.Bytes(), "image/png", nil
	}
	if err := jpeg.Encode(&out, picture, &jpeg.Options{Quality: quality}); err != nil {
		return nil, "", fmt.Errorf("encode picture: %w", err)
	}
	return out.Bytes(), "image/jpeg", nil
}
