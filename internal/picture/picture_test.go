package picture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"testing"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

// Colors that stay distinct in JPEG, one for each quarter.
var quarters = [4]color.RGBA{{220, 30, 30, 255}, {30, 220, 30, 255}, {30, 30, 220, 255}, {220, 220, 220, 255}}

// quartered is a picture of four colors: top left, top right, bottom left, bottom right.
func quartered(w, h int) *image.RGBA {
	p := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			p.SetRGBA(x, y, quarters[2*(2*y/h)+2*x/w])
		}
	}
	return p
}

// withOrientation returns a JPEG of a picture with an EXIF orientation, in either byte order.
func withOrientation(t testing.TB, p image.Image, o orientation, order binary.AppendByteOrder, name string) []byte {
	t.Helper()
	var plain bytes.Buffer
	if err := jpeg.Encode(&plain, p, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	tiff := order.AppendUint32(order.AppendUint16([]byte(name), 42), 8)
	tiff = order.AppendUint16(tiff, 2) // entries
	for _, entry := range [][2]uint16{{0x0100, 9}, {0x0112, uint16(o)}} {
		tiff = order.AppendUint16(order.AppendUint16(tiff, entry[0]), 3)
		tiff = order.AppendUint16(order.AppendUint16(order.AppendUint32(tiff, 1), entry[1]), 0)
	}
	exif := append([]byte("Exif\x00\x00"), tiff...)
	segment := binary.BigEndian.AppendUint16([]byte{0xff, 0xe0, 0, 4, 1, 2, 0xff, 0xe1}, uint16(len(exif)+2))
	return bytes.Join([][]byte{plain.Bytes()[:2], segment, exif, plain.Bytes()[2:]}, nil)
}

// corners returns which quarters of the source are at the top left, top right, bottom left and bottom
// right.
func corners(p image.Image) (seen [4]int) {
	b := p.Bounds()
	for i := range seen {
		at := p.At(b.Min.X+b.Dx()*(1+2*(i%2))/4, b.Min.Y+b.Dy()*(1+2*(i/2))/4)
		r, g, bl, _ := at.RGBA()
		seen[i] = -1
		for k, want := range quarters {
			if near(r, want.R) && near(g, want.G) && near(bl, want.B) {
				seen[i] = k
			}
		}
	}
	return seen
}

func near(got uint32, want uint8) bool {
	d := int(got>>8) - int(want)
	return -40 < d && d < 40
}

func TestOrientation(t *testing.T) {
	// The displayed order of the four quarters, by EXIF orientation.
	want := map[orientation][4]int{
		1: {0, 1, 2, 3}, 2: {1, 0, 3, 2}, 3: {3, 2, 1, 0}, 4: {2, 3, 0, 1},
		5: {0, 2, 1, 3}, 6: {2, 0, 3, 1}, 7: {3, 1, 2, 0}, 8: {1, 3, 0, 2},
		0: {0, 1, 2, 3}, 9: {0, 1, 2, 3},
	}
	m := NewMaker(nil)
	for o, seen := range want {
		for name, order := range map[string]binary.AppendByteOrder{"II": binary.LittleEndian, "MM": binary.BigEndian} {
			if (o%2 == 0) != (name == "II") {
				continue // cameras write either byte order
			}
			data := withOrientation(t, quartered(600, 300), o, order, name)
			avatar, _, err := m.Avatar(t.Context(), bytes.NewReader(data))
			if err != nil {
				t.Fatal(err)
			}
			wantSeen(t, "avatar", o, avatar, image.Pt(256, 256), seen)
			thumbnail, err := m.Thumbnail(t.Context(), bytes.NewReader(data))
			if err != nil {
				t.Fatal(err)
			}
			size, small := image.Pt(600, 300), image.Pt(512, 256)
			if o >= 5 && o <= 8 {
				size, small = image.Pt(300, 600), image.Pt(256, 512)
			}
			if got := image.Pt(thumbnail.Width, thumbnail.Height); got != size {
				t.Errorf("orientation %d is %v, want %v", o, got, size)
			}
			wantSeen(t, "thumbnail", o, thumbnail.Picture, small, seen)
		}
	}
}

func wantSeen(t *testing.T, what string, o orientation, data []byte, size image.Point, want [4]int) {
	t.Helper()
	p, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatalf("%s of orientation %d: %v", what, o, err)
	}
	if got := p.Bounds().Size(); got != size {
		t.Errorf("%s of orientation %d is %v, want %v", what, o, got, size)
	}
	if got := corners(p); got != want {
		t.Errorf("%s of orientation %d shows %v, want %v", what, o, got, want)
	}
}

func TestThumbnails(t *testing.T) {
	encoded := func(p image.Image) []byte {
		var out bytes.Buffer
		if err := png.Encode(&out, p); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	animation := append([]byte("RIFF\x16\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x02\x00\x00\x00"), 9, 0, 0, 19, 0, 0)
	for name, c := range map[string]struct {
		data []byte
		want chat.Thumbnail // except the picture
		made bool
		code chat.Code
	}{
		"large":                 {encoded(quartered(600, 60)), chat.Thumbnail{Width: 600, Height: 60}, true, ""},
		"a line":                {encoded(quartered(2000, 2)), chat.Thumbnail{Width: 2000, Height: 2}, true, ""},
		"small":                 {encoded(quartered(500, 500)), chat.Thumbnail{Width: 500, Height: 500}, false, ""},
		"small, but many bytes": {append(encoded(quartered(50, 50)), make([]byte, small)...), chat.Thumbnail{Width: 50, Height: 50}, true, ""},
		"an animated WebP":      {animation, chat.Thumbnail{Width: 10, Height: 20}, false, ""},
		"an animated GIF":       {gifBomb(600, 3), chat.Thumbnail{Width: 600, Height: 600}, false, ""},
		"a GIF of one frame":    {gifBomb(600, 1), chat.Thumbnail{Width: 600, Height: 600}, true, ""},
		"a GIF of many pixels":  {gifBomb(1100, 900), chat.Thumbnail{Width: 1100, Height: 1100}, true, ""},
		"a GIF of many frames":  {gifBomb(1, maxFrames+1), chat.Thumbnail{Width: 1, Height: 1}, true, ""},
		"an animated PNG":       {animatedPNG(600, 300, 2), chat.Thumbnail{Width: 600, Height: 300}, false, ""},
		"a PNG of many frames":  {animatedPNG(600, 300, maxFrames+1), chat.Thumbnail{Width: 600, Height: 300}, true, ""},
		"a WebP of many frames": {animatedWebP(10, 20, maxFrames+1), chat.Thumbnail{}, false, chat.TooLarge},
		"JPEG without its end":  {jpegOf(quartered(600, 300), 2), chat.Thumbnail{Width: 600, Height: 300}, false, ""},
		"truncated JPEG":        {jpegOf(quartered(600, 300), 900), chat.Thumbnail{Width: 600, Height: 300}, false, ""},
		"JPEG header":           {jpegOf(quartered(600, 300), 1<<20), chat.Thumbnail{}, false, chat.UnsupportedMedia},
		"truncated picture":     {encoded(quartered(600, 300))[:200], chat.Thumbnail{}, false, chat.UnsupportedMedia},
		"not a picture":         {[]byte("<svg/>"), chat.Thumbnail{}, false, chat.UnsupportedMedia},
		"nothing":               {nil, chat.Thumbnail{}, false, chat.UnsupportedMedia},
		"too many pixels":       {huge(), chat.Thumbnail{}, false, chat.TooLarge},
	} {
		got, err := NewMaker(nil).Thumbnail(t.Context(), bytes.NewReader(c.data))
		if made := got.Picture != nil; made != c.made || got.Width != c.want.Width || got.Height != c.want.Height {
			t.Errorf("%s: %d × %d, made %v; want %d × %d, %v", name, got.Width, got.Height, made, c.want.Width, c.want.Height, c.made)
		}
		if fault, _ := errors.AsType[*chat.Error](err); (fault == nil) != (c.code == "") || fault != nil && fault.Code != c.code {
			t.Errorf("%s: %v, want code %q", name, err, c.code)
		}
	}
}

func TestWaitingPicturesAreCounted(t *testing.T) {
	var picture bytes.Buffer
	if err := png.Encode(&picture, quartered(600, 300)); err != nil {
		t.Fatal(err)
	}
	m := NewMaker(nil)
	m.slot <- struct{}{}
	done := make(chan error)
	go func() {
		_, err := m.Thumbnail(t.Context(), bytes.NewReader(picture.Bytes()))
		done <- err
	}()
	for m.Waiting() != 1 {
		if err := t.Context().Err(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Millisecond)
	}
	<-m.slot
	if err := <-done; err != nil || m.Waiting() != 0 {
		t.Errorf("err = %v, %d wait, want none", err, m.Waiting())
	}
}

// jpegOf returns a JPEG without its last bytes, but at least its first 20.
func jpegOf(p image.Image, without int) []byte {
	var out bytes.Buffer
	_ = jpeg.Encode(&out, p, nil)
	return out.Bytes()[:max(20, out.Len()-without)]
}

// animatedPNG declares frames without data.
func animatedPNG(w, h, frames int) []byte {
	still := encodedPNG(quartered(w, h))
	const afterIHDR = 33
	out := bytes.Clone(still[:afterIHDR])
	chunk := func(name string, data []byte) {
		out = append(binary.BigEndian.AppendUint32(out, uint32(len(data))), name...)
		out = append(out, data...)
		out = binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(append([]byte(name), data...)))
	}
	chunk("acTL", binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, uint32(frames)), 0))
	for i := range frames {
		control := binary.BigEndian.AppendUint32(nil, uint32(i))
		control = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(control, uint32(w)), uint32(h))
		chunk("fcTL", append(control, make([]byte, 14)...))
	}
	return append(out, still[afterIHDR:]...)
}

// animatedWebP has frames without pixels.
func animatedWebP(w, h byte, frames int) []byte {
	out := append([]byte("RIFF\x16\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x02\x00\x00\x00"), w-1, 0, 0, h-1, 0, 0)
	for range frames {
		out = append(out, "ANMF\x10\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"...)
	}
	binary.LittleEndian.PutUint32(out[4:], uint32(len(out)-8))
	return out
}

// huge is the beginning of a GIF that declares 65,535 × 65,535.
func huge() []byte {
	return append([]byte("GIF89a\xff\xff\xff\xff\x80\x00\x00"), make([]byte, 20)...)
}
