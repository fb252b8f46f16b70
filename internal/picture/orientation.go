package picture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"io"
)

// orientation is the EXIF orientation of a picture, 1 to 8: the transformation of its pixels before
// display.
type orientation int

const upright orientation = 1

// turned reports whether width and height are swapped.
func (o orientation) turned() bool { return o >= 5 }

// maxHeader is how many bytes of a JPEG are searched for its EXIF segment.
const maxHeader = 128 << 10

// orientationOf returns the EXIF orientation of a JPEG. Other formats are upright.
func orientationOf(r io.ReadSeeker) (orientation, error) {
	start, err := fromStart(r)
	if err != nil {
		return upright, err
	}
	head := make([]byte, maxHeader)
	n, err := io.ReadFull(start, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return upright, fmt.Errorf("read picture: %w", err)
	}
	return orientationInJPEG(head[:n]), nil
}

// orientationInJPEG searches the EXIF segment.
func orientationInJPEG(head []byte) orientation {
	if len(head) < 2 || head[0] != 0xff || head[1] != 0xd8 {
		return upright
	}
	for rest := head[2:]; len(rest) >= 4 && rest[0] == 0xff; {
		size := int(binary.BigEndian.Uint16(rest[2:])) + 2 // including the marker
		if size > len(rest) || rest[1] == 0xda || size < 4 {
			break
		}
		if tiff, ok := bytes.CutPrefix(rest[4:size], []byte("Exif\x00\x00")); ok && rest[1] == 0xe1 {
			return orientationIn(tiff)
		}
		rest = rest[size:]
	}
	return upright
}

// orientationIn searches tag 0x0112 in the first directory of a TIFF header.
func orientationIn(tiff []byte) orientation {
	if len(tiff) < 8 {
		return upright
	}
	var order binary.ByteOrder = binary.BigEndian
	if string(tiff[:2]) == "II" {
		order = binary.LittleEndian
	}
	at := int64(order.Uint32(tiff[4:]))
	if at+2 > int64(len(tiff)) {
		return upright
	}
	entries := tiff[at+2:]
	for n := order.Uint16(tiff[at:]); n > 0 && len(entries) >= 12; n, entries = n-1, entries[12:] {
		if order.Uint16(entries) != 0x0112 {
			continue
		}
		if o := orientation(order.Uint16(entries[8:])); o >= 1 && o <= 8 {
			return o
		}
	}
	return upright
}

// apply returns the picture as it must be displayed.
func (o orientation) apply(p *image.RGBA) *image.RGBA {
	if o == upright {
		return p
	}
	w, h := p.Rect.Dx(), p.Rect.Dy()
	size := image.Pt(w, h)
	if o.turned() {
		size = image.Pt(h, w)
	}
	out := image.NewRGBA(image.Rectangle{Max: size})
	for y := range h {
		for x := range w {
			to := o.position(x, y, w, h)
			copy(out.Pix[out.PixOffset(to.X, to.Y):][:4], p.Pix[p.PixOffset(x, y):][:4])
		}
	}
	return out
}

// position returns the new position of the pixel at x, y of a picture of w × h.
func (o orientation) position(x, y, w, h int) image.Point {
	switch o {
	case 2:
		return image.Pt(w-1-x, y)
	case 3:
		return image.Pt(w-1-x, h-1-y)
	case 4:
		return image.Pt(x, h-1-y)
	case 5:
		return image.Pt(y, x)
	case 6:
		return image.Pt(h-1-y, x)
	case 7:
		return image.Pt(h-1-y, w-1-x)
	case 8:
		return image.Pt(y, w-1-x)
	}
	return image.Pt(x, y)
}
