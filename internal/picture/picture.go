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

const quality = 90 // of a JPEG

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

func unsupported(cause error) error {
	fault := chat.Errorf(chat.UnsupportedMedia, "The file is not a PNG, JPEG, GIF or WebP picture.").WithField("file")
	fault.Err = cause
	return fault
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
