package picture

import (
	"bufio"
	"context"
	"fmt"
	"image"
	"io"

	"golang.org/x/image/draw"

	"github.com/chillin-chat/chillin/internal/chat"
)

const (
	edge = 512 // of a thumbnail, in pixels: the longer one at most
	// small is what is its own thumbnail, in bytes.
	small = 64 << 10
)

// Thumbnail implements chat.Pictures. An animated WebP, which is not decoded here,
// is measured only.
func (m *Maker) Thumbnail(ctx context.Context, r io.ReadSeeker) (chat.Thumbnail, error) {
	size, err := measure(r)
	if err != nil {
		return chat.Thumbnail{}, err
	}
	turn, err := fromStart(r, orientationOf)
	if err != nil {
		return chat.Thumbnail{}, err
	}
	t := chat.Thumbnail{Width: size.X, Height: size.Y}
	if turn.turned() {
		t.Width, t.Height = size.Y, size.X
	}
	if animated, err := fromStart(r, isAnimatedWebP); err != nil || animated {
		return t, err
	}
	source, done, err := m.decode(ctx, r)
	if err != nil {
		return chat.Thumbnail{}, err
	}
	defer done()
	if bytes, err := r.Seek(0, io.SeekEnd); err != nil || bytes <= small && size.X <= edge && size.Y <= edge {
		return t, err
	}
	scaled := image.NewRGBA(image.Rectangle{Max: within(source.Bounds().Size())})
	draw.CatmullRom.Scale(scaled, scaled.Bounds(), source, source.Bounds(), draw.Src, nil)
	t.Picture, t.ContentType, err = encode(turn.apply(scaled))
	return t, err
}

// within shrinks a size until its longer edge is edge.
func within(size image.Point) image.Point {
	long := max(size.X, size.Y, edge)
	return image.Pt(max(1, size.X*edge/long), max(1, size.Y*edge/long))
}

// measure reads the header alone, whose word about the size costs nothing.
func measure(r io.ReadSeeker) (image.Point, error) {
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return image.Point{}, fmt.Errorf("read picture: %w", err)
	}
	header, _, err := image.DecodeConfig(bufio.NewReader(r))
	switch {
	case err != nil:
		return image.Point{}, unsupported(err)
	case header.Width <= 0 || header.Height <= 0:
		return image.Point{}, unsupported(nil)
	case header.Width > maxPixels/header.Height:
		return image.Point{}, chat.Fault(chat.TooLarge, "A picture has at most %d megapixels.", maxPixels/1_000_000).In("file")
	}
	return image.Pt(header.Width, header.Height), nil
}

// decode waits for its turn, which lasts until done is called.
func (m *Maker) decode(ctx context.Context, r io.ReadSeeker) (_ image.Image, done func(), err error) {
	select {
	case m.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, nil, chat.ErrUnavailable(fmt.Errorf("wait to decode a picture: %w", ctx.Err()))
	}
	done = func() { <-m.turn }
	if _, err = r.Seek(0, io.SeekStart); err != nil {
		done()
		return nil, nil, fmt.Errorf("read picture: %w", err)
	}
	source, _, err := image.Decode(bufio.NewReader(r))
	if err != nil {
		done()
		return nil, nil, unsupported(err)
	}
	return source, done, nil
}

func fromStart[T any](r io.ReadSeeker, read func(io.Reader) T) (T, error) {
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		var none T
		return none, fmt.Errorf("read picture: %w", err)
	}
	return read(r), nil
}

// isAnimatedWebP looks at the flags of the extended header.
func isAnimatedWebP(r io.Reader) bool {
	var head [21]byte
	_, err := io.ReadFull(r, head[:])
	return err == nil && string(head[:4]) == "RIFF" && string(head[8:16]) == "WEBPVP8X" && head[20]&0x02 != 0
}
