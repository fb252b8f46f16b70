package media

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
)

// pngChunks are the chunks that change how a picture or an animation looks.
var pngChunks = map[string]bool{
	"IHDR": true, "PLTE": true, "IDAT": true, "tRNS": true, "cHRM": true, "gAMA": true, "iCCP": true, "sBIT": true, "sRGB": true,
	"cICP": true, "mDCV": true, "cLLI": true, "bKGD": true, "pHYs": true, "sPLT": true, "hIST": true, "acTL": true, "fcTL": true, "fdAT": true,
}

const pngHead = 8 // the signature, or the length and the name of a chunk

// stripPNG keeps the chunks of pngChunks and the orientation. It ends after the chunk IEND, which it
// adds if the file ends after complete picture data.
func stripPNG(e *edit) error {
	if err := e.seek(pngHead); err != nil {
		return err
	}
	if err := e.keep(0, pngHead); err != nil {
		return err
	}
	pixels := false
	for {
		start := e.pos
		head, err := e.read(pngHead)
		if err != nil {
			return err
		}
		if len(head) < pngHead {
			return e.endPNG(pixels)
		}
		length, name := int64(binary.BigEndian.Uint32(head)), string(head[4:])
		if name == "IEND" {
			return e.endPNG(true)
		}
		end := start + pngHead + length + 4
		switch {
		case pngChunks[name] && end-4 <= e.end && end > e.end: // without its checksum
			return e.completePNG(start, end-4)
		case pngChunks[name] && end > e.end:
			return e.keep(start, e.end) // damaged
		case end > e.end:
			return e.endPNG(pixels)
		case pngChunks[name]:
			pixels = pixels || name == "IDAT"
			if name == "fcTL" {
				err = e.pngFrame()
			}
			err = errors.Join(err, e.keep(start, end))
		case name == "eXIf" && length < maxExif:
			err = e.pngExif(int(length))
		}
		if err != nil {
			return err
		}
		if err := e.seek(end); err != nil {
			return err
		}
	}
}

// endPNG writes the last chunk, unless the picture has no pixels.
func (e *edit) endPNG(pixels bool) error {
	if !pixels {
		return nil
	}
	return e.write(pngChunk("IEND", nil))
}

// pngFrame counts the frame that a chunk fcTL describes.
func (e *edit) pngFrame() error {
	head, err := e.read(12)
	if err == nil && len(head) == 12 {
		e.countFrame(int64(binary.BigEndian.Uint32(head[4:])), int64(binary.BigEndian.Uint32(head[8:])))
	}
	return err
}

// maxExif limits the memory for EXIF data, in bytes. In a JPEG it has at most 64 KiB.
const maxExif = 1 << 20

// pngExif replaces EXIF data with its orientation.
func (e *edit) pngExif(length int) error {
	tiff, err := e.read(length)
	if err != nil || e.oriented {
		return err
	}
	if e.setOrientation(tiff); e.orientation == upright {
		return nil
	}
	return e.write(pngChunk("eXIf", tiffWith(e.orientation)))
}

// completePNG keeps the last chunk of a file whose checksum is missing, and ends the picture.
func (e *edit) completePNG(start, end int64) error {
	if err := e.keep(start, end); err != nil {
		return err
	}
	if err := e.seek(start + 4); err != nil {
		return err
	}
	sum := crc32.NewIEEE()
	n, err := io.CopyN(sum, e.buffer, end-e.pos)
	e.pos += n
	if err != nil {
		return readError(err)
	}
	if err := e.write(sum.Sum(nil)); err != nil {
		return err
	}
	return e.write(pngChunk("IEND", nil))
}

func pngChunk(name string, data []byte) []byte {
	chunk := append(binary.BigEndian.AppendUint32(nil, uint32(len(data))), name...)
	chunk = append(chunk, data...)
	return binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(chunk[4:]))
}
