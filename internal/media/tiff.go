package media

import "encoding/binary"

// tiffTags are tags of a TIFF file that refer to metadata: EXIF, the place, XMP, IPTC, Photoshop, and
// what cameras write about themselves.
var tiffTags = map[uint16]bool{
	34665: true, 34853: true, 700: true, 33723: true, 34377: true, 37500: true, 42033: true, 50735: true, 50740: true,
}

const maxPages = 1 << 10 // of a TIFF file

// refuseTaggedTIFF refuses a TIFF file with metadata, and raw files of cameras, which are TIFF files.
// The metadata cannot be removed safely: raw files need parts of it.
func refuseTaggedTIFF(e *edit) error {
	head, err := e.read(8)
	if err != nil || len(head) < 8 {
		return err
	}
	var order binary.ByteOrder = binary.BigEndian
	if string(head[:2]) == "II" {
		order = binary.LittleEndian
	}
	if order.Uint16(head[2:]) != 42 {
		return refuseTIFF() // a variant
	}
	next := int64(order.Uint32(head[4:]))
	for pages := 0; next != 0 && next < e.end; pages++ {
		if pages > maxPages {
			return refuseComplex()
		}
		if next, err = e.tiffPage(next, order); err != nil {
			return err
		}
	}
	return e.keep(0, e.end)
}

// tiffPage checks the tags of one picture and returns the offset of the next one.
func (e *edit) tiffPage(at int64, order binary.ByteOrder) (next int64, err error) {
	if err := e.seek(at); err != nil {
		return 0, err
	}
	head, err := e.read(2)
	if err != nil || len(head) < 2 {
		return 0, err
	}
	entries, err := e.read(12*int(order.Uint16(head)) + 4)
	if err != nil {
		return 0, err
	}
	for ; len(entries) >= 12; entries = entries[12:] {
		if tiffTags[order.Uint16(entries)] {
			return 0, refuseTIFF()
		}
	}
	if len(entries) < 4 {
		return 0, nil
	}
	return int64(order.Uint32(entries)), nil
}

func refuseTIFF() error {
	return refuse("This picture contains metadata that could not be removed, such as the place. Save it as JPEG or PNG, or send it in a ZIP file.")
}
