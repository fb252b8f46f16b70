package media

import (
	"encoding/binary"
	"slices"
)

// box is a part of an MP4, QuickTime, HEIF, JPEG XL or JPEG 2000 file (ISO/IEC 14496-12).
type box struct {
	name  string
	start int64 // of its head
	body  int64 // of its content
	end   int64
}

// maxDepth limits nested boxes.
const maxDepth = 8

// nextBox reads the head of the box at the current position. It returns false if there is none
// before end. A box that is longer is cut.
func (e *edit) nextBox(end int64) (b box, ok bool, err error) {
	b.start = e.pos
	if b.start+8 > end {
		return b, false, nil
	}
	head, err := e.read(8)
	if err != nil || len(head) < 8 {
		return b, false, err
	}
	size := int64(binary.BigEndian.Uint32(head))
	b.name = string(head[4:])
	switch size {
	case 0: // up to the end
		size = end - b.start
	case 1:
		long, err := e.read(8)
		if err != nil || len(long) < 8 {
			return b, false, err
		}
		size = int64(min(binary.BigEndian.Uint64(long), 1<<62))
	}
	b.body = e.pos
	b.end = min(b.start+size, end)
	return b, b.end >= b.body && validName(b.name), nil
}

// validName reports whether name may be the name of a box. After other bytes, the rest of a file is
// not searched.
func validName(name string) bool {
	for _, c := range []byte(name) {
		if (c < ' ' || c > '~') && c != 0xa9 {
			return false
		}
	}
	return true
}

// eachBox calls visit for each box between the current position and end.
func (e *edit) eachBox(end int64, visit func(b box) error) error {
	for {
		b, ok, err := e.nextBox(end)
		if err != nil || !ok {
			return err
		}
		if err := visit(b); err != nil {
			return err
		}
		if err := e.seek(b.end); err != nil {
			return err
		}
	}
}

// blanks are the ranges of a file whose content is removed while everything else keeps its
// position, because other parts of the file refer to positions.
type blanks []blank

// blank is a range that is overwritten with zeros. The name of a box is replaced by "free".
type blank struct {
	from, to int64
	free     bool // the range begins with the name of a box
}

// drop removes a box.
func (l *blanks) drop(b box) {
	*l = append(*l, blank{from: b.start + 4, to: b.start + 8, free: true}, blank{from: b.body, to: b.end})
}

// apply writes the file without the blanks.
func (l blanks) apply(e *edit) error {
	slices.SortFunc(l, func(a, b blank) int { return int(max(-1, min(1, a.from-b.from))) })
	var at int64
	for _, one := range l {
		if one.to <= at {
			continue
		}
		from := max(one.from, at)
		if err := e.keep(at, from); err != nil {
			return err
		}
		var err error
		if one.free && from == one.from {
			err = e.write([]byte("free"))
		} else {
			err = e.zeros(one.to - from)
		}
		if err != nil {
			return err
		}
		at = one.to
	}
	return e.keep(at, e.end)
}

// boxMetadata are the boxes of JPEG XL and JPEG 2000 files that contain metadata.
var boxMetadata = map[string]bool{
	"Exif": true, "xml ": true, "jumb": true, "brob": true, "uuid": true, "uinf": true, "free": true, "skip": true, "asoc": true,
}

// stripBoxes removes the boxes of boxMetadata. A JPEG XL file without boxes has no metadata.
func stripBoxes(e *edit) error {
	head, err := e.buffer.Peek(2)
	if err == nil && head[0] == 0xff && head[1] == 0x0a {
		return e.keep(0, e.end)
	}
	var found blanks
	err = e.eachBox(e.end, func(b box) error {
		if boxMetadata[b.name] {
			found.drop(b)
		}
		return found.check()
	})
	if err != nil {
		return err
	}
	return found.apply(e)
}

// check returns an error if there are too many blanks.
func (l blanks) check() error {
	if len(l) > maxPieces/2 {
		return refuseComplex()
	}
	return nil
}
