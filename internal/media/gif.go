package media

import (
	"bytes"
	"encoding/binary"
)

// The blocks of a GIF.
const (
	gifImage       = 0x2c
	gifExtension   = 0x21
	gifTrailer     = 0x3b
	gifControl     = 0xf9 // of the next frame: delay, transparency
	gifApplication = 0xff
)

// stripGIF keeps the frames with their timing, the number of repetitions and the color profile. It
// ends after the trailer, which it adds if it is missing.
func stripGIF(e *edit) error {
	head, err := e.read(13) // up to the global color table
	if err != nil {
		return err
	}
	start := int64(13)
	if len(head) == 13 {
		start += colorTable(head[10])
	}
	if err := e.keep(0, start); err != nil {
		return err
	}
	if err := e.seek(start); err != nil {
		return err
	}
	for {
		start := e.pos
		kind, err := e.read(1)
		if err != nil {
			return err
		}
		switch {
		case len(kind) == 0 || kind[0] != gifImage && kind[0] != gifExtension:
			return e.write([]byte{gifTrailer})
		case kind[0] == gifImage:
			err = e.gifFrame(start)
		default:
			err = e.gifExtension(start)
		}
		if err != nil {
			return err
		}
	}
}

// colorTable returns the size of a color table in bytes, by the flags of a picture or frame.
func colorTable(flags byte) int64 {
	if flags&0x80 == 0 {
		return 0
	}
	return 3 << (flags&7 + 1)
}

func (e *edit) gifFrame(start int64) error {
	head, err := e.read(9)
	if err != nil {
		return err
	}
	if len(head) == 9 {
		e.countFrame(int64(binary.LittleEndian.Uint16(head[4:])), int64(binary.LittleEndian.Uint16(head[6:])))
		if err := e.seek(e.pos + colorTable(head[8]) + 1); err != nil { // and the size of the codes
			return err
		}
	}
	if err := e.gifBlocks(); err != nil {
		return err
	}
	return e.keep(start, e.pos)
}

func (e *edit) gifExtension(start int64) error {
	label, err := e.read(1)
	if err != nil || len(label) == 0 {
		return err
	}
	switch label[0] {
	case gifControl:
		if err := e.gifBlocks(); err != nil {
			return err
		}
		if e.pos-start != 8 { // one block of four bytes
			return nil
		}
		return e.keep(start, e.pos)
	case gifApplication:
		return e.gifApplication(start)
	}
	return e.gifBlocks()
}

// gifApplication keeps the number of repetitions and the color profile.
func (e *edit) gifApplication(start int64) error {
	name, err := e.read(12) // with its length
	if err != nil || len(name) < 12 {
		return err
	}
	loop, err := e.buffer.Peek(5)
	if err := e.gifBlocks(); err != nil {
		return err
	}
	switch string(name[1:]) {
	case "NETSCAPE2.0", "ANIMEXTS1.0":
		if err == nil && loop[0] == 3 && loop[1] == 1 {
			head := append([]byte{gifExtension, gifApplication}, name...)
			return e.write(bytes.Join([][]byte{head, loop[:4], {0}}, nil))
		}
	case "ICCRGBG1012":
		return e.keep(start, e.pos)
	}
	return nil
}

// gifBlocks continues after the data blocks of a frame or an extension.
func (e *edit) gifBlocks() error {
	for {
		length, err := e.read(1)
		if err != nil || len(length) == 0 || length[0] == 0 {
			return err
		}
		if err := e.seek(e.pos + int64(length[0])); err != nil {
			return err
		}
	}
}
