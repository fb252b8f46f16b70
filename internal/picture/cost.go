package picture

import (
	"bufio"
	"errors"
	"fmt"
	"image"
	"io"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/media"
)

// The limits of one decode. The cost is computed from the headers before any pixel is decoded: a few
// bytes can declare a picture that takes gigabytes.
const (
	maxMemory = 128 << 20 // bytes, including scaling
	// maxSteps is the number of pixels and coefficients that a decode may visit. It takes at most 5 s,
	// as measured by TestBombsTakeBoundedMemoryAndTime.
	maxSteps  = 500_000_000
	maxPixels = 40_000_000
	// maxSide is the longest side of a JPEG or GIF, and the longest row of a PNG that is accepted.
	maxSide = 65_535
	// scaling is the memory of shrink and the scaler in addition to the decoded picture.
	scaling = 28 << 20
)

// header is what a picture declares about itself.
type header struct {
	format string
	size   image.Point
	cost
	// measureOnly marks a picture that browsers display but that is not decoded here: an animated WebP,
	// or a lossless one with large code tables.
	measureOnly bool
	turn        orientation
	// animated marks a picture that clients show as it is, because a thumbnail does not move.
	animated bool
}

// cost is the maximum cost of a decode.
type cost struct {
	peak  int64 // bytes while decoding
	image int64 // bytes of the decoded picture
	steps int64 // pixels and coefficients visited
}

func (c cost) excessive() bool {
	return max(c.peak, c.image+scaling) > maxMemory || c.steps > maxSteps
}

// inspect reads the headers of a picture. It returns UNSUPPORTED_MEDIA if the format is not supported,
// and TOO_LARGE if a decode would exceed the limits.
func inspect(r io.ReadSeeker) (header, error) {
	start, err := fromStart(r)
	if err != nil {
		return header{}, err
	}
	config, format, err := image.DecodeConfig(start)
	switch {
	case err != nil:
		return header{}, unsupported(err)
	case config.Width <= 0 || config.Height <= 0:
		return header{}, unsupported(nil)
	case config.Width > maxPixels/config.Height || max(config.Width, config.Height) > maxSide:
		return header{}, chat.Errorf(chat.TooLarge, "The picture is too large. The limit is %d megapixels.", maxPixels/1_000_000).WithField("file")
	}
	h := header{format: format, size: image.Pt(config.Width, config.Height)}
	if err := h.computeCost(r); err != nil {
		return header{}, unsupported(err)
	}
	if err := h.readStructure(r); err != nil {
		return header{}, err
	}
	if h.excessive() && !h.measureOnly {
		return header{}, chat.Errorf(chat.TooLarge, "This picture takes too much memory or time to decode. Use a smaller one, or save it as a standard JPEG or PNG.").WithField("file")
	}
	return h, nil
}

// The limits of an animation that clients show as it is: 480 frames of 1920 × 1080, for example.
const (
	maxFrames      = 5_000
	maxFramePixels = 1_000_000_000
)

// readStructure reads the orientation and counts the frames. The first frame of an animation that
// exceeds the limits is shown as its thumbnail. Of a WebP it cannot be decoded here.
func (h *header) readStructure(r io.ReadSeeker) error {
	info, err := media.Inspect(r)
	if err != nil {
		return err
	}
	h.turn = orientation(info.Orientation)
	excessive := info.Frames > maxFrames || info.Pixels > maxFramePixels
	if excessive && h.measureOnly {
		return chat.Errorf(chat.TooLarge, "The animation is too long or too large.").WithField("file")
	}
	h.animated = info.Frames > 1 && !excessive
	return nil
}

func (h *header) computeCost(r io.ReadSeeker) (err error) {
	bytes, err := r.Seek(0, io.SeekEnd)
	if err != nil {
		return fmt.Errorf("read picture: %w", err)
	}
	start, err := fromStart(r)
	if err != nil {
		return err
	}
	switch h.format {
	case "gif":
		h.cost = gifCost(h.pixels())
	case "jpeg":
		h.cost, err = jpegCost(start)
	case "png":
		h.cost, err = pngCost(start)
	case "webp":
		err = h.computeWebPCost(r, bytes)
	default:
		err = errors.New("unknown format " + h.format)
	}
	return err
}

func (h *header) pixels() int64 { return int64(h.size.X) * int64(h.size.Y) }

// gifCost is the cost of the first frame, which is the only one decoded. It takes one byte per pixel,
// or two if it is interlaced.
func gifCost(pixels int64) cost { return cost{peak: 2 * pixels, image: pixels, steps: 2 * pixels} }

// pngCost reads the IHDR chunk. The seven passes of an interlaced picture are decoded into separate
// images, which together are as large as the picture.
func pngCost(r io.Reader) (c cost, err error) {
	var head [29]byte // the signature, and IHDR up to the interlace method
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return c, fmt.Errorf("read IHDR: %w", err)
	}
	width, height, depth, colors, interlaced := bigEndian(head[16:20]), bigEndian(head[20:24]), head[24], head[25], head[28] != 0
	perPixel := int64(4) // also gray, which may have a transparent color
	switch {
	case depth == 16:
		perPixel = 8
	case colors == 3: // a palette
		perPixel = 1
	}
	c.image = perPixel * width * height
	c.peak = c.image + 2*(8*width+1) // two rows
	c.steps = width * height
	if interlaced {
		c.peak += c.image
		c.steps *= 2
	}
	return c, nil
}

func bigEndian(b []byte) (n int64) {
	for _, digit := range b {
		n = n<<8 | int64(digit)
	}
	return n
}

// fromStart returns a reader of the whole picture.
func fromStart(r io.ReadSeeker) (*bufio.Reader, error) {
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("read picture: %w", err)
	}
	return bufio.NewReader(r), nil
}
