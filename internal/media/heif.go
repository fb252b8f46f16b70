package media

import "encoding/binary"

// heifItems are the kinds of items that make up a picture. Others are metadata.
var heifItems = set("hvc1", "hev1", "lhv1", "av01", "avc1", "vvc1", "grid", "iovl", "iden", "tmap")

var (
	heifBoxes = set("ftyp", "meta", "mdat", "moov")
	heifMeta  = set("hdlr", "pitm", "iinf", "iloc", "iprp", "iref", "idat", "grpl", "dinf")
)

const maxItems = 1 << 14 // of a HEIF file

// heifWalk collects what is removed from a HEIF or AVIF file.
type heifWalk struct {
	e      *edit
	blanks blanks
	// removed are the items that are metadata.
	removed map[uint32]bool
	idat    int64 // position of the data in the box meta
}

// stripHEIF removes the items that are metadata. It refuses a file that it does not understand.
func stripHEIF(e *edit) error {
	w := &heifWalk{e: e, removed: map[uint32]bool{}}
	understood := false
	err := e.eachBox(e.end, func(b box) error {
		switch {
		case !heifBoxes[b.name]:
			w.blanks.drop(b)
		case b.name == "meta":
			understood = true
			return w.meta(b)
		case b.name == "moov": // an animation
			film := &mp4Walk{e: e}
			if err := film.walk("moov", b.end, 0); err != nil {
				return err
			}
			w.blanks = append(w.blanks, film.blanks...)
		}
		return w.blanks.check()
	})
	if err != nil {
		return err
	}
	if !understood {
		return refuseHEIF()
	}
	return w.blanks.apply(e)
}

func refuseHEIF() error {
	return refuse("The metadata of this HEIC or AVIF picture, such as the place, could not be removed. Save the picture as JPEG.")
}

func (w *heifWalk) meta(b box) error {
	start := b.body + 4 // after version and flags
	var locations []box
	err := w.inside(start, b.end, func(child box) error {
		switch {
		case !heifMeta[child.name]:
			w.blanks.drop(child)
		case child.name == "iinf":
			return w.items(child)
		case child.name == "idat":
			w.idat = child.body
		case child.name == "iloc":
			locations = append(locations, child)
		}
		return w.blanks.check()
	})
	if err != nil {
		return err
	}
	if len(locations) != 1 {
		return refuseHEIF()
	}
	return w.locations(locations[0])
}

func (w *heifWalk) inside(from, end int64, visit func(box) error) error {
	if err := w.e.seek(from); err != nil {
		return err
	}
	return w.e.eachBox(end, visit)
}

// items reads which items are metadata.
func (w *heifWalk) items(b box) error {
	head, err := w.e.read(4)
	if err != nil || len(head) < 4 {
		return err
	}
	start := b.body + 6
	if head[0] > 0 {
		start += 2
	}
	return w.inside(start, b.end, func(item box) error {
		data, _ := w.e.buffer.Peek(14) // fewer at the end of the file
		if item.name != "infe" {
			return nil
		}
		if len(data) < 14 {
			return refuseHEIF()
		}
		id, kind := uint32(binary.BigEndian.Uint16(data[4:])), string(data[8:12])
		switch data[0] {
		case 2:
		case 3:
			id, kind = binary.BigEndian.Uint32(data[4:]), string(data[10:14])
		default:
			return refuseHEIF()
		}
		if !heifItems[kind] {
			w.removed[id] = true
		}
		if len(w.removed) > maxItems {
			return refuseHEIF()
		}
		return nil
	})
}

// fields reads numbers of varying width.
type fields struct {
	data []byte
	bad  bool
}

func (f *fields) next(width int) (n uint64) {
	if len(f.data) < width {
		f.bad = true
		return 0
	}
	for _, digit := range f.data[:width] {
		n = n<<8 | uint64(digit)
	}
	f.data = f.data[width:]
	return n
}

// maxLocations limits the memory for the box iloc, in bytes.
const maxLocations = 4 << 20

// locations removes the data of the items that are metadata.
func (w *heifWalk) locations(b box) error {
	if b.end-b.body > maxLocations {
		return refuseHEIF()
	}
	if err := w.e.seek(b.body); err != nil {
		return err
	}
	data, err := w.e.read(int(b.end - b.body))
	if err != nil {
		return err
	}
	f := &fields{data: data}
	version := f.next(4) >> 24
	sizes := f.next(2)
	layout := itemLayout{version: version, offset: int(sizes >> 12), length: int(sizes >> 8 & 15), base: int(sizes >> 4 & 15)}
	if version > 0 {
		layout.index = int(sizes & 15)
	}
	count := f.next(layout.wide())
	for ; count > 0 && !f.bad; count-- {
		if err := w.location(f, layout); err != nil {
			return err
		}
	}
	if f.bad || version > 2 {
		return refuseHEIF()
	}
	return nil
}

// itemLayout has the widths of the fields of the box iloc, in bytes.
type itemLayout struct {
	version                     uint64
	offset, length, base, index int
}

// wide is the width of an item's number.
func (l itemLayout) wide() int {
	if l.version < 2 {
		return 2
	}
	return 4
}

// location reads where the data of one item is, and removes it if the item is metadata.
func (w *heifWalk) location(f *fields, l itemLayout) error {
	removed := w.removed[uint32(f.next(l.wide()))]
	var origin int64
	if l.version > 0 {
		switch f.next(2) & 15 {
		case 0:
		case 1:
			origin = w.idat
		default:
			if removed {
				return refuseHEIF()
			}
		}
	}
	if other := f.next(2); other != 0 && removed { // in another file
		return refuseHEIF()
	}
	base := f.next(l.base)
	for extents := f.next(2); extents > 0 && !f.bad; extents-- {
		f.next(l.index)
		offset, length := f.next(l.offset), f.next(l.length)
		if !removed {
			continue
		}
		from := uint64(origin) + base + offset
		if length == 0 || from > uint64(w.e.end) {
			return refuseHEIF()
		}
		w.blanks = append(w.blanks, blank{from: int64(from), to: int64(from + min(length, uint64(w.e.end)-from))})
		if err := w.blanks.check(); err != nil {
			return err
		}
	}
	return nil
}
