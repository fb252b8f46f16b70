package picture

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/png"
	"io"
	"testing"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/recovery"
)

// service.Service stores an upload with this code as a plain file.
func TestPanickingDecoderIsUnsupported(t *testing.T) {
	var reports []*recovery.Panic
	m := NewMaker(func(_ context.Context, err error) bool {
		p, ok := errors.AsType[*recovery.Panic](err)
		reports = append(reports, p)
		return ok
	})
	m.image = func(io.Reader) (image.Image, string, error) { panic("index out of range") }
	var upload bytes.Buffer
	if err := png.Encode(&upload, image.NewGray(image.Rect(0, 0, 9, 9))); err != nil {
		t.Fatal(err)
	}
	_, thumbnailErr := m.Thumbnail(t.Context(), bytes.NewReader(upload.Bytes()))
	_, _, avatarErr := m.Avatar(t.Context(), bytes.NewReader(upload.Bytes()))
	for _, err := range []error{thumbnailErr, avatarErr} {
		if codeOf(err) != string(chat.UnsupportedMedia) {
			t.Errorf("err = %v, want %s", err, chat.UnsupportedMedia)
		}
	}
	if len(reports) != 2 || reports[0] == nil || reports[0].Input != recovery.Hash(upload.Bytes()) || reports[0].Task != recovery.Picture {
		t.Errorf("reports = %v, want two with the hash of the upload", reports)
	}
	m.image = image.Decode // the slot of the failed decode is free
	if thumbnail, err := m.Thumbnail(t.Context(), bytes.NewReader(upload.Bytes())); err != nil || thumbnail.Width != 9 {
		t.Errorf("another picture: %+v, %v", thumbnail, err)
	}
}
