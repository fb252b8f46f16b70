// Package media recognizes uploaded files by their content and removes what they reveal about their
// author: the place and the time of a recording, serial numbers of devices, names and comments.
//
// Nothing is decoded. A file is walked part by part, and its new version refers to ranges of the
// original, so that the memory does not depend on the size of the file.
package media

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/recovery"
)

var _ chat.Media = (*Cleaner)(nil)

// Cleaner implements chat.Media.
type Cleaner struct {
	// Report counts and logs a panic.
	Report func(ctx context.Context, err error) bool
}

// strippers remove the metadata of one format each.
var strippers = map[string]func(*edit) error{
	"image/jpeg": stripJPEG, "image/png": stripPNG, "image/gif": stripGIF, "image/webp": stripWebP,
	"image/heic": stripHEIF, "image/heif": stripHEIF, "image/avif": stripHEIF,
	"image/heic-sequence": stripHEIF, "image/heif-sequence": stripHEIF,
	"image/jxl": stripBoxes, "image/jp2": stripBoxes, "image/jpx": stripBoxes, "image/jpm": stripBoxes,
	"image/tiff": refuseTaggedTIFF,
	"video/mp4":  stripMP4, "audio/mp4": stripMP4, "video/quicktime": stripMP4, "video/3gpp": stripMP4, "video/3gpp2": stripMP4,
}

// Clean implements chat.Media.
func (c *Cleaner) Clean(ctx context.Context, upload io.ReadSeeker) (clean chat.CleanFile, err error) {
	err = recovery.Do(recovery.Picture, nil, func() error {
		clean, err = cleanFile(upload)
		return err
	})
	if p, panicked := errors.AsType[*recovery.Panic](err); panicked {
		c.Report(ctx, p)
		return chat.CleanFile{}, refuse("This file could not be read. Send it in an archive, such as a ZIP file.")
	}
	return clean, err
}

func cleanFile(upload io.ReadSeeker) (chat.CleanFile, error) {
	contentType, err := detect(upload)
	if err != nil {
		return chat.CleanFile{}, err
	}
	e, err := newEdit(upload)
	if err != nil {
		return chat.CleanFile{}, err
	}
	strip, known := strippers[contentType]
	if !known {
		return chat.CleanFile{ContentType: contentType, Body: upload, Size: e.end}, nil
	}
	if err := strip(e); err != nil {
		return chat.CleanFile{}, err
	}
	if e.soundOnly {
		contentType = "audio/mp4"
	}
	body := e.result()
	return chat.CleanFile{ContentType: contentType, Body: body, Size: body.size}, nil
}

// Info is what the structure of a picture says about it.
type Info struct {
	// Orientation is the EXIF orientation, 1 to 8: the transformation of the pixels before display.
	Orientation int
	Frames      int   // of an animated GIF, PNG or WebP
	Pixels      int64 // of all frames
}

// Inspect walks a PNG, JPEG, GIF or WebP picture. For other files it returns the Info of a picture
// that is neither turned nor animated.
func Inspect(picture io.ReadSeeker) (Info, error) {
	contentType, err := detect(picture)
	if err != nil {
		return Info{}, err
	}
	e, err := newEdit(picture)
	if err != nil {
		return Info{}, err
	}
	if slices.Contains(chat.PictureTypes, contentType) {
		if err := strippers[contentType](e); err != nil {
			return Info{}, err
		}
	}
	return Info{Orientation: e.orientation, Frames: e.frames, Pixels: e.framePixels}, nil
}

// refuse returns UNSUPPORTED_MEDIA.
func refuse(text string) error {
	return chat.Errorf(chat.UnsupportedMedia, "%s", text).WithField("file")
}

// refuseComplex is the error for a file whose walk would take too much memory or time.
func refuseComplex() error {
	return refuse("This file has too many parts to remove its metadata. Save it again with another program.")
}

func readError(err error) error { return fmt.Errorf("read upload: %w", err) }
