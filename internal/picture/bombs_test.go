package picture

import (
	"bytes"
	"compress/lzw"
	"compress/zlib"
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

// bombEnv names the file that a child process decodes, see TestMain.
const bombEnv = "CHILLIN_TEST_PICTURE"

func TestMain(m *testing.M) {
	if path := os.Getenv(bombEnv); path != "" {
		decodeInChild(path)
		return
	}
	os.Exit(m.Run())
}

// decodeInChild makes a thumbnail and then an avatar, so that memory left from the first adds to that
// of the second. It prints the results.
func decodeInChild(path string) {
	file, err := os.Open(path)
	if err != nil {
		panic(err)
	}
	maker := NewMaker(nil)
	thumbnail, err := maker.Thumbnail(context.Background(), file)
	_, _, avatarErr := maker.Avatar(context.Background(), file)
	status, err2 := os.ReadFile("/proc/self/status")
	if err2 != nil {
		panic(err2)
	}
	// Not the value of wait4, which includes memory of the parent.
	fmt.Println(string(regexp.MustCompile(`VmHWM:\s*(\d+)`).FindSubmatch(status)[1]))
	fmt.Printf("%d × %d, %s, %s", thumbnail.Width, thumbnail.Height, codeOf(err), codeOf(avatarErr))
}

func codeOf(err error) string {
	if err == nil {
		return "ok"
	}
	return string(chat.CodeOf(err))
}

// measured is the outcome and cost of a child process.
type measured struct {
	outcome string
	peak    int64 // resident bytes
	cpu     time.Duration
}

func inChild(t *testing.T, data []byte) measured {
	t.Helper()
	path := filepath.Join(t.TempDir(), "picture")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), os.Args[0])
	command.Env = append(os.Environ(), bombEnv+"="+path)
	command.Stderr = os.Stderr
	out, err := command.Output()
	if err != nil {
		t.Fatalf("child: %v", err)
	}
	kilobytes, outcome, _ := strings.Cut(string(out), "\n")
	peak, err := strconv.ParseInt(kilobytes, 10, 64)
	if err != nil {
		t.Fatalf("child: %q", out)
	}
	return measured{outcome, peak << 10, command.ProcessState.UserTime() + command.ProcessState.SystemTime()}
}

func TestBombsTakeBoundedMemoryAndTime(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the peak of a process is read from /proc")
	}
	if raceDetector { // it takes ten times the memory and time, so these tests run again without it
		again := exec.CommandContext(t.Context(), "go", "test", "-vet=off", "-run", "^"+t.Name()+"$", ".")
		again.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := again.CombinedOutput(); err != nil {
			t.Fatalf("without the race detector: %v\n%s", err, out)
		}
		return
	}
	small := inChild(t, encodedPNG(quartered(20, 20)))
	for _, bomb := range bombs(t) {
		t.Run(bomb.name, func(t *testing.T) {
			got := inChild(t, bomb.data)
			more := got.peak - small.peak
			t.Logf("%d bytes: %s; %d MiB more, %s of CPU", len(bomb.data), got.outcome, more>>20, got.cpu)
			const slack = 32 << 20 // the garbage collector's own memory, and the small pictures
			if more > maxMemory+slack {
				t.Errorf("peak = %d MiB more than a small picture, want at most %d", more>>20, (maxMemory+slack)>>20)
			}
			// 5 s on an idle machine; more on a busy one.
			if each := got.cpu / 2; each > 15*time.Second {
				t.Errorf("a decode takes %s of CPU, want at most 5 s on an idle machine", each)
			}
			if got.outcome != bomb.want {
				t.Errorf("outcome = %s, want %s", got.outcome, bomb.want)
			}
		})
	}
}

type bomb struct {
	name string
	data []byte
	want string
}

const refused = "0 × 0, TOO_LARGE, TOO_LARGE"

func bombs(t *testing.T) []bomb {
	const side = 6320 // the maximum number of pixels
	return []bomb{
		{"progressive JPEG", jpegBomb{side: side, progressive: true, components: 3, hv: 0x11}.bytes(1), refused},
		{"progressive JPEG without scan data", jpegBomb{side: side, progressive: true, components: 3, hv: 0x11}.bytes(0), refused},
		{"progressive JPEG, subsampled", jpegBomb{side: side, progressive: true, components: 3, hv: 0x22}.bytes(0), refused},
		{"progressive gray JPEG", jpegBomb{side: side, progressive: true, components: 1, hv: 0x11}.bytes(0), refused},
		{"progressive JPEG of 12 megapixels", jpegBomb{side: 3480, progressive: true, components: 3, hv: 0x22}.bytes(1), "3480 × 3480, ok, ok"},
		{"progressive JPEG of many scans", jpegBomb{side: 2000, progressive: true, components: 1, hv: 0x11, empty: 20_000}.bytes(1), refused},
		{"JPEG", jpegBomb{side: side, components: 3, hv: 0x22}.bytes(1), "6320 × 6320, ok, ok"},
		{"JPEG of seven scans", jpegBomb{side: side, components: 3, hv: 0x22}.bytes(7), "6320 × 6320, ok, ok"},
		{"JPEG of eight scans", jpegBomb{side: side, components: 3, hv: 0x22}.bytes(8), refused},
		{"RGB JPEG", jpegBomb{side: side, components: 3, hv: 0x11, adobe: true}.bytes(1), refused},
		{"CMYK JPEG", jpegBomb{side: side, components: 4, hv: 0x11, adobe: true}.bytes(1), refused},
		{"16-bit PNG", pngBomb(side, side, 16, 6, 0), refused},
		{"interlaced PNG", pngBomb(side, side, 8, 6, 1), refused},
		{"interlaced 16-bit PNG that fits", pngBomb(2500, 2500, 16, 6, 1), "2500 × 2500, ok, ok"},
		{"PNG with alpha that fits", pngBomb(5000, 5000, 8, 6, 0), "5000 × 5000, ok, ok"},
		{"1-bit PNG", pngBomb(side, side, 1, 0, 0), refused},
		{"1-bit PNG that fits", pngBomb(5000, 5000, 1, 0, 0), "5000 × 5000, ok, ok"},
		{"PNG with a palette", pngBomb(side, side, 8, 3, 0), "6320 × 6320, ok, ok"},
		{"PNG of one row", pngBomb(40_000_000, 1, 16, 6, 0), refused},
		{"PNG of one column", pngBomb(1, 65_535, 8, 6, 0), "1 × 65535, ok, ok"},
		{"GIF", gifBomb(side, 1), "6320 × 6320, ok, ok"},
		{"GIF of many frames", gifBomb(3000, 50), "3000 × 3000, ok, ok"},
		{"lossless WebP", webpBomb(side, false), "6320 × 6320, ok, UNSUPPORTED_MEDIA"},
		{"lossless WebP with a palette", webpBomb(side, true), "6320 × 6320, ok, UNSUPPORTED_MEDIA"},
		{"lossless WebP that fits", webpBomb(3500, true), "3500 × 3500, ok, ok"},
		{"lossless WebP with all code tables", webpTables(), "208 × 200, ok, ok"},
		{"lossy WebP", riff("VP8 ", append(vp8Header(side), make([]byte, 2<<20)...), 0), "0 × 0, UNSUPPORTED_MEDIA, UNSUPPORTED_MEDIA"},
		{"lossy WebP with a chunk of 2 GiB", riff("VP8 ", vp8Header(16), 1<<31-100), "0 × 0, UNSUPPORTED_MEDIA, UNSUPPORTED_MEDIA"},
		{"small canvas around a large WebP", extended(webpBomb(16_000, false), 10), "0 × 0, UNSUPPORTED_MEDIA, UNSUPPORTED_MEDIA"},
	}
}

// jpegBomb is a JPEG of one color. bytes returns it with the given number of complete scans. With none,
// it ends after the header of the first.
type jpegBomb struct {
	side, components int
	progressive      bool
	hv               byte // sampling of the first component; the others have 0x11
	adobe            bool // RGB or CMYK
	empty            int  // additional scans without effect
}

func (j jpegBomb) bytes(scans int) []byte {
	out := []byte{0xff, 0xd8}
	segment := func(marker byte, data ...byte) {
		out = append(out, 0xff, marker, byte((len(data)+2)>>8), byte(len(data)+2))
		out = append(out, data...)
	}
	if j.adobe {
		segment(0xee, append([]byte("Adobe"), 0, 100, 0, 0, 0, 0, 0)...)
	}
	segment(0xdb, append([]byte{0}, bytes.Repeat([]byte{1}, 64)...)...)
	frame := []byte{8, byte(j.side >> 8), byte(j.side), byte(j.side >> 8), byte(j.side), byte(j.components)}
	scan := []byte{byte(j.components)}
	for i := range j.components {
		hv := byte(0x11)
		if i == 0 {
			hv = j.hv
		}
		frame = append(frame, byte(i+1), hv, 0)
		scan = append(scan, byte(i+1), 0)
	}
	sof, spectrum := byte(0xc0), []byte{0, 63, 0}
	if j.progressive {
		sof, spectrum = 0xc2, []byte{0, 0, 0}
	}
	segment(sof, frame...)
	// One code of one bit each: DC difference 0; AC end of block, or of 2^14 blocks.
	one := make([]byte, 16)
	one[0] = 1
	ac := byte(0)
	if j.progressive {
		ac = 0xe0
	}
	segment(0xc4, append(append([]byte{0x00}, one...), 0)...)
	segment(0xc4, append(append([]byte{0x10}, one...), ac)...)
	blocks := (j.side + 15) / 16 * ((j.side + 15) / 16) * 4 * j.components
	for range scans {
		segment(0xda, append(scan, spectrum...)...)
		out = append(out, make([]byte, blocks*2/8+1)...)
	}
	if scans == 0 {
		segment(0xda, append(scan, spectrum...)...)
	}
	for range j.empty {
		segment(0xda, 1, 1, 0, 1, 63, 0)
		out = append(out, make([]byte, (blocks>>14+1)*2)...)
	}
	return append(out, 0xff, 0xd9)
}

func encodedPNG(p image.Image) []byte {
	var out bytes.Buffer
	_ = png.Encode(&out, p)
	return out.Bytes()
}

// pngBomb is a PNG of zeros.
func pngBomb(width, height, depth, colors, interlace int) []byte {
	channels := map[int]int{0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colors]
	out := []byte("\x89PNG\r\n\x1a\n")
	chunk := func(name string, data []byte) {
		out = binary.BigEndian.AppendUint32(out, uint32(len(data)))
		body := append([]byte(name), data...)
		out = binary.BigEndian.AppendUint32(append(out, body...), crc32.ChecksumIEEE(body))
	}
	head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, uint32(width)), uint32(height))
	chunk("IHDR", append(head, byte(depth), byte(colors), 0, 0, byte(interlace)))
	if colors == 3 {
		chunk("PLTE", make([]byte, 768))
	}
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	row := make([]byte, 1+(width*depth*channels+7)/8)
	passes := [][4]int{{0, 0, 1, 1}}
	if interlace == 1 {
		passes = [][4]int{{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}}
	}
	for _, p := range passes {
		w, h := (width-p[0]+p[2]-1)/p[2], (height-p[1]+p[3]-1)/p[3]
		for range h {
			_, _ = z.Write(row[:1+(w*depth*channels+7)/8])
		}
	}
	_ = z.Close()
	chunk("IDAT", packed.Bytes())
	chunk("IEND", nil)
	return out
}

// gifBomb is an interlaced GIF with frames of one color.
func gifBomb(side, frames int) []byte {
	le := binary.LittleEndian
	out := append([]byte("GIF89a"), le.AppendUint16(le.AppendUint16(nil, uint16(side)), uint16(side))...)
	out = append(out, 0x80, 0, 0, 0, 0, 0, 255, 255, 255)
	var packed bytes.Buffer
	w := lzw.NewWriter(&packed, lzw.LSB, 2)
	_, _ = w.Write(make([]byte, side*side))
	_ = w.Close()
	var blocks []byte
	for data := packed.Bytes(); len(data) > 0; {
		n := min(255, len(data))
		blocks = append(append(blocks, byte(n)), data[:n]...)
		data = data[n:]
	}
	for range frames {
		out = append(out, 0x2c, 0, 0, 0, 0)
		out = append(le.AppendUint16(le.AppendUint16(out, uint16(side)), uint16(side)), 0x40, 2)
		out = append(append(out, blocks...), 0)
	}
	return append(out, 0x3b)
}

// riff is a WebP of one chunk with the declared length; 0 means its actual length.
func riff(name string, data []byte, declared int) []byte {
	if declared == 0 {
		declared = len(data)
	}
	chunk := binary.LittleEndian.AppendUint32([]byte(name), uint32(declared))
	chunk = append(append([]byte("WEBP"), chunk...), data...)
	if len(chunk)%2 == 1 {
		chunk = append(chunk, 0)
	}
	total := max(len(chunk), declared+12)
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(total)), chunk...)
}

// extended adds a canvas of side × side before the chunk of a WebP.
func extended(webp []byte, side int) []byte {
	canvas := append([]byte("VP8X\x0a\x00\x00\x00\x00\x00\x00\x00"), byte(side-1), 0, 0, byte(side-1), 0, 0)
	out := append(append(append([]byte(nil), webp[:12]...), canvas...), webp[12:]...)
	binary.LittleEndian.PutUint32(out[4:], uint32(len(out)-8))
	return out
}

func vp8Header(side int) []byte {
	return append([]byte{0x10, 0x02, 0, 0x9d, 0x01, 0x2a}, byte(side), byte(side>>8), byte(side), byte(side>>8), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
}

// bits are written from the lowest on, as in VP8L.
type bits struct {
	out []byte
	n   int
}

func (b *bits) write(value uint32, n int) {
	for i := range n {
		if b.n%8 == 0 {
			b.out = append(b.out, 0)
		}
		b.out[b.n/8] |= byte(value>>i&1) << (b.n % 8)
		b.n++
	}
}

// simple writes five codes of one symbol each, so that pixels take no bits.
func (b *bits) simple() {
	for range 5 {
		b.write(0b0001, 4)
	}
}

func (b *bits) header(width, height int) {
	b.write(0x2f, 8)
	b.write(uint32(width-1), 14)
	b.write(uint32(height-1), 14)
	b.write(0, 4)
}

// webpBomb is a lossless picture of one color, in a few bytes.
func webpBomb(side int, palette bool) []byte {
	b := &bits{}
	b.header(side, side)
	if palette {
		b.write(0b111, 3) // a transform: color indexing
		b.write(1, 8)     // two colors
		b.write(0, 1)     // without a color cache
		b.simple()
	}
	b.write(0, 1) // no more transforms
	b.write(0, 2) // neither color cache nor groups
	b.simple()
	return riff("VP8L", b.out, 0)
}

// full writes a code of 256 symbols of 8 bits each.
func (b *bits) full(alphabet int) {
	b.write(0, 1)
	b.write(12-4, 4)
	for _, length := range []uint32{0, 2, 0, 0, 0, 0, 0, 0, 2, 0, 0, 1} { // 18 and 16 have two bits, 8 has one
		b.write(length, 3)
	}
	b.write(0, 1)
	b.write(0, 1) // 8
	for left := 255; left > 0; {
		n := min(6, left)
		b.write(0b01, 2) // 16, which repeats
		b.write(uint32(n-3), 2)
		left -= n
	}
	if alphabet > 256 {
		b.write(0b11, 2) // 18: zeros
		b.write(uint32(alphabet-256-11), 7)
	}
}

// webpTables has as many groups of codes as the decoder allows, each used by one tile.
func webpTables() []byte {
	const wide, high = 52, 50 // tiles of 4 × 4
	b := &bits{}
	b.header(4*wide, 4*high)
	b.write(0, 1) // no transform
	b.write(0, 1) // no color cache
	b.write(1, 1) // groups
	b.write(0, 3) // of tiles of 4 × 4
	b.write(0, 1)
	b.full(280)
	b.full(256)
	for range 3 {
		b.write(0b0001, 4)
	}
	reversed := func(n int) (r uint32) {
		for i := range 8 {
			r |= uint32(n>>i&1) << (7 - i)
		}
		return r
	}
	for group := range wide * high {
		b.write(reversed(group&255), 8)
		b.write(reversed(group>>8), 8)
	}
	for range wide * high {
		b.full(280)
		for range 3 {
			b.full(256)
		}
		b.write(0b0001, 4)
	}
	b.out = append(b.out, make([]byte, 16*wide*high*4)...)
	return riff("VP8L", b.out, 0)
}

// FuzzThumbnail decodes untrusted uploads: each returns an error with a code, or a size.
func FuzzThumbnail(f *testing.F) {
	for _, data := range [][]byte{
		jpegBomb{side: 20, progressive: true, components: 3, hv: 0x22, empty: 2}.bytes(1), jpegBomb{side: 20, components: 4, hv: 0x11, adobe: true}.bytes(1),
		pngBomb(20, 20, 16, 6, 1), pngBomb(20, 20, 1, 3, 0), gifBomb(20, 2), webpBomb(20, true), riff("VP8 ", append(vp8Header(20), make([]byte, 200)...), 0),
		extended(webpBomb(20, false), 20),
	} {
		f.Add(data)
	}
	m := NewMaker(nil)
	f.Fuzz(func(t *testing.T, data []byte) {
		thumbnail, err := m.Thumbnail(t.Context(), bytes.NewReader(data))
		if code := codeOf(err); err != nil && code != string(chat.UnsupportedMedia) && code != string(chat.TooLarge) {
			t.Fatalf("thumbnail: %v", err)
		}
		if err == nil && (thumbnail.Width <= 0 || thumbnail.Height <= 0) {
			t.Fatalf("thumbnail = %d × %d", thumbnail.Width, thumbnail.Height)
		}
	})
}
