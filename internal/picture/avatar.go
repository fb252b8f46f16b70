package picture

import (
	"context"
	"image"
	"io"

	"github.com/chillin-chat/chillin/internal/chat"
)

const side = 256 // of an avatar, in pixels

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
	source, done, err := m.decode(ctx, r, h)
	if err != nil {
		return nil, "", err
	}
	defer done()
	return encode(h.turn.apply(scale(source, middle(source.Bounds()), image.Pt(side, side))))
}

// middle returns the largest centered square in r.
func middle(r image.Rectangle) image.Rectangle {
	short := min(r.Dx(), r.Dy())
	corner := r.Min.Add(image.Pt((r.Dx()-short)/2, (r.Dy()-short)/2))
	return image.Rectangle{Min: corner, Max: corner.Add(image.Pt(short, short))}
}
