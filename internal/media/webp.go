package media

import (
	"encoding/binary"
)

const (
	riffHead  = 12 // "RIFF", the length and "WEBP"
	chunkHead = 8  // the name and the length
	frameHead = 16 // of ANMF: position, size, delay, flags
	webpExif  = 0x08
	webpXMP   = 0x04
)

// webpChunks are the chunks that change how a picture or an animation looks.
var webpChunks = map[string]bool{"VP8X": true, "VP8 ": true, "VP8L": true, "ALPH": true, "ANIM": true, "ANMF": true, "ICCP": true}

// stripWebP keeps the chunks of webpChunks and the orientation.
func stripWebP(e *edit) error {
	head, err := e.read(riffHead)
	if err != nil {
		return err
	}
	end := min(e.end, chunkHead+int64(binary.LittleEndian.Uint32(head[4:])))
	if err := e.write(head); err != nil {
		return err
	}
	var flags []byte // those of VP8X, in the new version
	for e.pos+chunkHead <= end {
		name, length, err := e.webpChunk()
		if err != nil {
			return err
		}
		start, next := e.pos-chunkHead, e.pos+length+length&1
		switch {
		case name == "VP8X" && length == 10 && flags == nil:
			flags, err = e.webpFlags(start)
		case name == "ANMF":
			err = e.webpFrame(start, min(e.pos+length, end))
		case webpChunks[name]:
			err = e.keep(start, min(next, end))
		case name == "EXIF" && length < maxExif && flags != nil:
			err = e.webpExif(int(length))
		}
		if err != nil {
			return err
		}
		if err := e.seek(next); err != nil {
			return err
		}
	}
	binary.LittleEndian.PutUint32(head[4:], uint32(e.size-chunkHead))
	if flags == nil {
		return nil
	}
	flags[0] &^= webpExif | webpXMP
	if e.orientation == upright {
		return nil
	}
	flags[0] |= webpExif
	return nil
}

// webpChunk reads the head of a chunk.
func (e *edit) webpChunk() (name string, length int64, err error) {
	head, err := e.read(chunkHead)
	if err != nil || len(head) < chunkHead {
		return "", 0, err
	}
	return string(head[:4]), int64(binary.LittleEndian.Uint32(head[4:])), nil
}

// webpFlags keeps the chunk VP8X and returns its data, which can be changed.
func (e *edit) webpFlags(start int64) ([]byte, error) {
	if err := e.seek(start); err != nil {
		return nil, err
	}
	chunk, err := e.read(chunkHead + 10)
	if err != nil || len(chunk) < chunkHead+10 {
		return nil, err
	}
	return chunk[chunkHead:], e.write(chunk)
}

// webpExif replaces EXIF data with its orientation.
func (e *edit) webpExif(length int) error {
	tiff, err := e.read(length)
	if err != nil || e.oriented {
		return err
	}
	if e.setOrientation(tiff); e.orientation == upright {
		return nil
	}
	data := tiffWith(e.orientation)
	return e.write(append(binary.LittleEndian.AppendUint32([]byte("EXIF"), uint32(len(data))), data...))
}

// webpFrame keeps a frame of an animation, which consists of chunks itself.
func (e *edit) webpFrame(start, end int64) error {
	body := start + chunkHead + frameHead
	head := make([]byte, 0, chunkHead)
	head = append(head, "ANMF\x00\x00\x00\x00"...)
	if err := e.write(head); err != nil {
		return err
	}
	before := e.size
	if size, err := e.buffer.Peek(frameHead); err == nil {
		e.countFrame(1+littleEndian24(size[6:]), 1+littleEndian24(size[9:]))
	}
	if err := e.keep(start+chunkHead, min(body, end)); err != nil {
		return err
	}
	if err := e.seek(min(body, end)); err != nil {
		return err
	}
	for e.pos+chunkHead <= end {
		name, length, err := e.webpChunk()
		if err != nil {
			return err
		}
		next := e.pos + length + length&1
		if name == "VP8 " || name == "VP8L" || name == "ALPH" {
			if err := e.keep(e.pos-chunkHead, min(next, end)); err != nil {
				return err
			}
		}
		if err := e.seek(min(next, end)); err != nil {
			return err
		}
	}
	binary.LittleEndian.PutUint32(head[4:], uint32(e.size-before))
	if (e.size-before)&1 == 1 {
		return e.write([]byte{0})
	}
	return nil
}

func littleEndian24(b []byte) int64 { return int64(b[0]) | int64(b[1])<<8 | int64(b[2])<<16 }
