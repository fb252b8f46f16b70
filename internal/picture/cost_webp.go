package picture

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// The code tables of a lossless picture: up to 2600 groups of five trees each. A group takes 2.7 kB,
// and its trees up to 54 kB more, but no more than 256 bytes for each byte of the file, which contains
// the code lengths.
const (
	codeGroups     = 2600
	codeGroupTable = 2_700
	codeTrees      = 54_000
	codePerByte    = 256
)

// computeWebPCost reads the headers of the chunks. A chunk that is longer than the file is refused: the
// decoder would allocate its declared length.
func (h *header) computeWebPCost(r io.ReadSeeker, size int64) error {
	pixels := h.pixels()
	at := int64(12) // after "RIFF", the length and "WEBP"
	for at < size {
		if _, err := r.Seek(at, io.SeekStart); err != nil {
			return fmt.Errorf("read WebP chunk: %w", err)
		}
		var head [9]byte // the name, the length and the first byte
		if n, err := io.ReadFull(r, head[:]); err != nil && n < 8 {
			return fmt.Errorf("read WebP chunk: %w", err)
		}
		length := int64(binary.LittleEndian.Uint32(head[4:8]))
		at += 8 + length + length&1
		if at > size+1 {
			return errors.New("a WebP chunk is longer than the file")
		}
		switch string(head[:4]) {
		case "VP8X":
			h.measureOnly = h.measureOnly || head[8]&0x02 != 0 // animated
		case "ALPH":
			h.peak += pixels
			h.image += pixels
			h.steps += pixels
			if head[8]&0x03 != 0 {
				h.addLossless(length)
			}
		case "VP8 ":
			// 4:2:0 in blocks of 16 × 16, and a copy of the chunk.
			samples := 3 * 16 * 16 / 2 * ceil(int64(h.size.X), 16) * ceil(int64(h.size.Y), 16)
			h.peak += samples + length
			h.image += samples
			h.steps += 4 * pixels
			return nil
		case "VP8L":
			h.image += 4 * pixels
			h.addLossless(length)
			return nil
		}
	}
	if h.measureOnly {
		return nil
	}
	return errors.New("WebP without a picture")
}

// addLossless adds a lossless picture or alpha channel: four bytes per pixel, twice if a palette is
// applied, and the code tables.
func (h *header) addLossless(length int64) {
	h.peak += 8*h.pixels() + codeGroups*codeGroupTable + min(codeGroups*codeTrees, codePerByte*length)
	h.steps += 8 * h.pixels()
	h.measureOnly = h.measureOnly || h.excessive()
}
