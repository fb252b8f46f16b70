package media

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"strings"
	"testing"

	"golang.org/x/image/webp"

	"github.com/chillin-chat/chillin/internal/chat"
)

// clean returns the content type and the bytes of a cleaned file.
func clean(t testing.TB, data []byte) (contentType string, cleaned []byte, err error) {
	t.Helper()
	c := &Cleaner{Report: func(_ context.Context, err error) bool { t.Errorf("panic: %+v", err); return true }}
	file, err := c.Clean(t.Context(), bytes.NewReader(data))
	if err != nil {
		if code := chat.CodeOf(err); code != chat.UnsupportedMedia {
			t.Errorf("err = %v, want %s", err, chat.UnsupportedMedia)
		}
		return "", nil, err
	}
	for range 2 { // it is read more than once
		if _, err := file.Body.Seek(0, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		if cleaned, err = io.ReadAll(file.Body); err != nil || int64(len(cleaned)) != file.Size {
			t.Errorf("read = %d bytes, %v, want %d", len(cleaned), err, file.Size)
		}
	}
	return file.ContentType, cleaned, nil
}

// phoneFiles contain secrets in every place.
func phoneFiles() map[string][]byte {
	return map[string][]byte{
		"image/jpeg": phoneJPEG(), "image/png": phonePNG(), "image/gif": secretGIF(), "image/webp": secretWebP(), "an animation": animatedWebP(),
		"video/mp4": phoneMP4("iso5", true), "video/quicktime": phoneMP4("qt  ", true), "audio/mp4": phoneMP4("mp42", false),
		"image/heic": phoneHEIC(), "image/jxl": phoneJXL(),
	}
}

func TestMetadataIsRemoved(t *testing.T) {
	for name, data := range phoneFiles() {
		t.Run(name, func(t *testing.T) {
			contentType, cleaned, err := clean(t, data)
			if err != nil || bytes.Contains(cleaned, []byte(secret)) {
				t.Fatalf("%v, cleaned = %q, want no %s", err, cleaned, secret)
			}
			if contentType != name && name != "an animation" {
				t.Errorf("content type = %s, want %s", contentType, name)
			}
			if _, again, err := clean(t, cleaned); err != nil || !bytes.Equal(again, cleaned) {
				t.Errorf("cleaned again = %q, %v, want the same", again, err)
			}
		})
	}
}

// A damaged file is stored as well, so its metadata must not be.
func TestMetadataIsRemovedFromDamagedFiles(t *testing.T) {
	for name, data := range phoneFiles() {
		// What is a place in the data of a film is known only from its index, at its end.
		data = bytes.Replace(data, []byte("itself!"+secret+secret), []byte("itself!placesplaces"), 1)
		for n := range data {
			cut := data[:n]
			if _, cleaned, err := clean(t, cut); err == nil && bytes.Contains(cleaned, []byte(secret)) && detected(t, cut) != chat.PlainFile {
				t.Fatalf("%s, %d bytes: cleaned = %q, want no %s", name, n, cleaned, secret)
			}
		}
	}
}

func detected(t *testing.T, data []byte) string {
	t.Helper()
	contentType, err := detect(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return contentType
}

func TestPicturesKeepTheirLooks(t *testing.T) {
	for _, c := range []struct {
		name        string
		file, plain []byte
		decode      func(io.Reader) (image.Image, error)
		orientation int
	}{
		{"JPEG", phoneJPEG(), plainJPEG(), jpeg.Decode, 6},
		{"PNG", phonePNG(), plainPNG(), png.Decode, 3},
		{"GIF", secretGIF(), plainGIF(2), gif.Decode, 1},
		{"WebP", secretWebP(), webpOf(webpPart("VP8L", vp8l)), webp.Decode, 8},
	} {
		_, cleaned, err := clean(t, c.file)
		if err != nil || !bytes.Contains(cleaned, []byte(colorProfile)) {
			t.Errorf("%s = %q, %v, want the color profile", c.name, cleaned, err)
		}
		if info, err := Inspect(bytes.NewReader(cleaned)); err != nil || info.Orientation != c.orientation {
			t.Errorf("%s: orientation = %d, %v, want %d", c.name, info.Orientation, err, c.orientation)
		}
		got, err := c.decode(bytes.NewReader(withoutProfile(cleaned)))
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		want, err := c.decode(bytes.NewReader(c.plain))
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		for y := range want.Bounds().Dy() {
			for x := range want.Bounds().Dx() {
				if got.At(x, y) != want.At(x, y) {
					t.Fatalf("%s: pixel %d, %d = %v, want %v", c.name, x, y, got.At(x, y), want.At(x, y))
				}
			}
		}
	}
}

// withoutProfile lets the decoder of WebP, which knows no profiles, read a file.
func withoutProfile(data []byte) []byte {
	return bytes.Replace(data, []byte("ICCP"), []byte("ABCD"), 1)
}

func TestUnchangedFilesStayTheSame(t *testing.T) {
	for name, data := range map[string][]byte{
		"JPEG": plainJPEG(), "PNG": plainPNG(), "GIF": plainGIF(3), "WebP": webpOf(webpPart("VP8L", vp8l)), "text": []byte("text " + secret), "nothing": nil,
		"TIFF": tiffOf(254), "JPEG XL without boxes": []byte("\xff\x0a" + strings.Repeat("x", 99)), "PNG of a header": plainPNG()[:33], "half a PNG": plainPNG()[:60],
	} {
		if _, cleaned, err := clean(t, data); err != nil || !bytes.Equal(cleaned, data) {
			t.Errorf("%s = %q, %v, want %q", name, cleaned, err, data)
		}
	}
}

func TestPictureWithoutItsEndIsCompleted(t *testing.T) {
	for name, c := range map[string]struct {
		data   []byte
		most   int // bytes that are missing
		decode func(io.Reader) (image.Image, error)
	}{
		"JPEG": {plainJPEG(), 2, jpeg.Decode}, "PNG": {plainPNG(), 12 + 4, png.Decode}, "GIF": {plainGIF(2), 1, gif.Decode},
	} {
		for missing := 1; missing <= c.most; missing++ {
			_, cleaned, err := clean(t, c.data[:len(c.data)-missing])
			if err != nil || !bytes.Equal(cleaned, c.data) {
				t.Errorf("%s without %d bytes = %v, %d bytes, want all %d", name, missing, err, len(cleaned), len(c.data))
			}
			if _, err := c.decode(bytes.NewReader(cleaned)); err != nil {
				t.Errorf("%s without %d bytes: %v", name, missing, err)
			}
		}
	}
}

func TestFilmsKeepTheirData(t *testing.T) {
	data := phoneMP4("iso5", true)
	_, cleaned, err := clean(t, data)
	if err != nil || len(cleaned) != len(data) || !bytes.Contains(cleaned, []byte("the film itself!")) || !bytes.Contains(cleaned, []byte("a title")) {
		t.Errorf("cleaned = %q, %v, want film and title at their positions", cleaned, err)
	}
	data = phoneHEIC()
	if _, cleaned, err := clean(t, data); err != nil || len(cleaned) != len(data) || !bytes.Contains(cleaned, []byte("the picture")) {
		t.Errorf("cleaned = %q, %v, want the picture at its position", cleaned, err)
	}
}

func TestMetadataThatCannotBeRemovedIsRefused(t *testing.T) {
	for name, data := range map[string][]byte{
		"TIFF with a place":        tiffOf(34853),
		"TIFF with EXIF":           tiffOf(34665),
		"HEIC without its index":   []byte(mp4Box("ftyp", "heic", number(0)) + mp4Box("mdat", secret)),
		"HEIC in another order":    bytes.Replace(phoneHEIC(), []byte("infe\x02"), []byte("infe\x09"), 1),
		"AVIF of another brand":    []byte(mp4Box("ftyp", "abcd", number(0), "mif1") + mp4Box("mdat", secret)),
		"PNG of very many parts":   manyParts(),
		"film of very many tracks": []byte(mp4Box("ftyp", "isom", number(0)) + mp4Box("moov", strings.Repeat(trackOf("meta"), maxTimed+1))),
	} {
		if _, _, err := clean(t, data); chat.CodeOf(err) != chat.UnsupportedMedia {
			t.Errorf("%s: err = %v, want %s", name, err, chat.UnsupportedMedia)
		}
	}
}

// tiffOf is a TIFF file of one tag.
func tiffOf(tag uint16) []byte {
	le := binary.LittleEndian
	out := le.AppendUint16([]byte("II*\x00\x08\x00\x00\x00\x01\x00"), tag)
	return append(out, 4, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
}

func manyParts() []byte {
	plain := plainPNG()
	parts := bytes.Repeat(append(pngChunk("IDAT", nil), pngChunk("tEXt", nil)...), maxPieces+1)
	return append(bytes.Clone(plain[:33]), parts...)
}

func TestFramesAreCounted(t *testing.T) {
	for name, c := range map[string]struct {
		data []byte
		want Info
	}{
		"GIF":           {plainGIF(3), Info{Orientation: 1, Frames: 3, Pixels: 3 * 80 * 40}},
		"WebP":          {animatedWebP(), Info{Orientation: 1, Frames: 2, Pixels: 2}},
		"JPEG":          {phoneJPEG(), Info{Orientation: 6}},
		"not a picture": {[]byte("text"), Info{Orientation: 1}},
	} {
		if got, err := Inspect(bytes.NewReader(c.data)); err != nil || got != c.want {
			t.Errorf("%s = %+v, %v, want %+v", name, got, err, c.want)
		}
	}
}

func TestPanicIsRefusal(t *testing.T) {
	reports := 0
	c := &Cleaner{Report: func(context.Context, error) bool { reports++; return true }}
	_, err := c.Clean(t.Context(), panicking{})
	if chat.CodeOf(err) != chat.UnsupportedMedia || reports != 1 {
		t.Errorf("err = %v, %d reports, want %s and one", err, reports, chat.UnsupportedMedia)
	}
}

type panicking struct{ io.ReadSeeker }

func (panicking) Seek(int64, int) (int64, error) { return 0, nil }
func (panicking) Read([]byte) (int, error)       { panic("index out of range") }

func TestFailingStorageIsNoRefusal(t *testing.T) {
	c := &Cleaner{}
	if _, err := c.Clean(t.Context(), failing{bytes.NewReader(phoneJPEG())}); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("err = %v, want that of the file", err)
	}
}

type failing struct{ *bytes.Reader }

func (f failing) Read(p []byte) (int, error) {
	if f.Size()-int64(f.Len()) > 300 {
		return 0, io.ErrClosedPipe
	}
	return f.Reader.Read(p[:min(len(p), 100)])
}

// FuzzClean cleans untrusted uploads: nothing is left to remove. What completes a damaged file may be
// added again.
func FuzzClean(f *testing.F) {
	for _, data := range phoneFiles() {
		f.Add(data)
		f.Add(data[:len(data)/2])
	}
	for _, data := range [][]byte{plainJPEG(), plainPNG(), plainGIF(2), tiffOf(254), tiffOf(700)} {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		first, cleaned, err := clean(t, data)
		if err != nil {
			return
		}
		if int64(len(cleaned)) > int64(len(data))+64 {
			t.Fatalf("%d bytes became %d", len(data), len(cleaned))
		}
		second, again, err := clean(t, cleaned)
		if err == nil && first == second && len(again) < len(cleaned) {
			t.Fatalf("cleaned again = %q, want at least %q", again, cleaned)
		}
	})
}
