// Package picture makes avatars of what people upload: it trusts neither name nor
// claim, and nothing of the upload but its pixels comes out again.
package picture

import (
	"bytes"
	"context"
	"fmt"
	"image"
	_ "image/gif" // the first frame only
	"image/jpeg"
	"image/png"

	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp" // decoder

	"github.com/chillin-chat/chillin/internal/chat"
)

const (
	side      = 256        // of an avatar, in pixels
	maxPixels = 40_000_000 // of an upload, known before any is decoded
	quality   = 90         // of a JPEG
)

var _ chat.Pictures = (*Maker)(nil)

// Maker decodes one picture at a time: 40 megapixels take some hundred megabytes.
type Maker struct {
	turn chan struct{}
}

// NewMaker makes a Maker.
func NewMaker() *Maker { return &Maker{turn: make(chan struct{}, 1)} }

// Avatar implements chat.Pictures.
func (m *Maker) Avatar(ctx context.Context, upload []byte) (avatar []byte, contentType string, err error) {
	if err := check(upload); err != nil {
		return nil, "", err
	}
	select {
	case m.turn <- struct{}{}:
		defer func() { <-m.turn }()
	case <-ctx.Done():
		return nil, "", chat.ErrUnavailable(fmt.Errorf("wait to decode a picture: %w", ctx.Err()))
	}
	source, _, err := image.Decode(bytes.NewReader(upload))
	if err != nil {
		return nil, "", unsupported(err)
	}
	scaled := image.NewRGBA(image.Rect(0, 0, side, side))
	draw.CatmullRom.Scale(scaled, scaled.Bounds(), source, middle(source.Bounds()), draw.Src, nil)
	return encode(scaled)
}

// check reads the header alone, whose word about the size costs nothing.
func check(upload []byte) error {
	header, _, err := image.DecodeConfig(bytes.NewReader(upload))
	switch {
	case err != nil:
		return unsupported(err)
	case header.Width <= 0 || header.Height <= 0:
		return unsupported(nil)
	case header.Width > maxPixels/header.Height:
		return chat.Fault(chat.TooLarge, "A picture has at most %d megapixels.", maxPixels/1_000_000).In("file")
	}
	return nil
}

func unsupported(cause error) error {
	fault := chat.Fault(chat.UnsupportedMedia, "That is not a PNG, JPEG, GIF or WebP picture.").In("file")
	fault.Err = cause
	return fault
}

// middle is the largest square in the middle of r.
func middle(r image.Rectangle) image.Rectangle {
	edge := min(r.Dx(), r.Dy())
	corner := r.Min.Add(image.Pt((r.Dx()-edge)/2, (r.Dy()-edge)/2))
	return image.Rectangle{Min: corner, Max: corner.Add(image.Pt(edge, edge))}
}

// encode keeps transparency where there is some.
func encode(picture *image.RGBA) ([]byte, string, error) {
	var out bytes.Buffer
	if !picture.Opaque() {
		if err := png.Encode(&out, picture); err != nil {
			return nil, "", fmt.Errorf("encode avatar: %w", err)
		}
		return out.Bytes(), "image/png", nil
	}
	if err := jpeg.Encode(&out, picture, &jpeg.Options{Quality: quality}); err != nil {
		return nil, "", fmt.Errorf("encode avatar: %w", err)
	}
	return out.Bytes(), "image/jpeg", nil
}
