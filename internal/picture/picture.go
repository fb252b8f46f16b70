// Package picture makes avatars and thumbnails of what people upload: it trusts
// neither name nor claim, and nothing of the upload but its pixels comes out again.
package picture

import (
	"bytes"
	"context"
	"fmt"
	"image"
	_ "image/gif" // the first frame only
	"image/jpeg"
	"image/png"
	"io"
	"sync/atomic"

	_ "golang.org/x/image/webp" // decoder

	"github.com/chillin-chat/chillin/internal/chat"
)

const (
	side    = 256 // of an avatar, in pixels
	quality = 90  // of a JPEG
)

var _ chat.Pictures = (*Maker)(nil)

// Maker decodes one picture at a time, so that a decode may take maxMemory.
type Maker struct {
	turn    chan struct{}
	waiters atomic.Int64
}

// NewMaker returns a Maker.
func NewMaker() *Maker { return &Maker{turn: make(chan struct{}, 1)} }

// Waiting returns how many pictures wait to be decoded.
func (m *Maker) Waiting() int { return int(m.waiters.Load()) }

// Avatar implements chat.Pictures.
func (m *Maker) Avatar(ctx context.Context, r io.ReadSeeker) (avatar []byte, contentType string, err error) {
	h, err := inspect(r)
	if err != nil {
		return nil, "", err
	}
	if h.measureOnly {
		return nil, "", chat.Fault(chat.UnsupportedMedia, "This kind of WebP cannot be an avatar. Save the picture as PNG or JPEG.").In("file")
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
	fault := chat.Fault(chat.UnsupportedMedia, "That is not a PNG, JPEG, GIF or WebP picture.").In("file")
	fault.Err = cause
	return fault
}

// middle is the largest square in the middle of r.
func middle(r image.Rectangle) image.Rectangle {
	short := min(r.Dx(), r.Dy())
	corner := r.Min.Add(image.Pt((r.Dx()-short)/2, (r.Dy()-short)/2))
	return image.Rectangle{Min: corner, Max: corner.Add(image.Pt(short, short))}
}

// encode keeps transparency where there is some.
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
