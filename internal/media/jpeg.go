package media

import (
	"bytes"
	"encoding/binary"
)

// The markers of a JPEG that are treated separately.
const (
	jpegSOF0 = 0xc0
	jpegRST0 = 0xd0
	jpegRST7 = 0xd7
	jpegSOI  = 0xd8
	jpegEOI  = 0xd9
	jpegSOS  = 0xda
	jpegCOM  = 0xfe
	jpegAPP0 = 0xe0
)

// stripJPEG keeps what is needed to decode the picture, the color profile and the orientation. It ends
// after the first picture: cameras add more of them, with metadata of their own, or a video. If the
// file ends early, the end marker is added, without which some decoders fail.
func stripJPEG(e *edit) error {
	if err := e.seek(2); err != nil {
		return err
	}
	if err := e.keep(0, 2); err != nil {
		return err
	}
	for {
		marker, found, err := e.nextMarker()
		if err != nil {
			return err
		}
		if !found || marker == jpegEOI {
			return e.write([]byte{0xff, jpegEOI})
		}
		// No segments: reserved markers, restarts outside of a scan, another start.
		if marker < jpegSOF0 || marker >= jpegRST0 && marker <= jpegSOI {
			continue
		}
		whole, err := e.jpegSegment(marker)
		if err != nil {
			return err
		}
		if !whole {
			return e.write([]byte{0xff, jpegEOI})
		}
	}
}

// nextMarker searches the next marker. Like decoders, it ignores other bytes between segments.
func (e *edit) nextMarker() (marker byte, found bool, err error) {
	if !e.atMarker {
		if found, err = e.skipTo(0xff); err != nil || !found {
			return 0, false, err
		}
	}
	e.atMarker = false
	for {
		next, err := e.read(1)
		if err != nil || len(next) == 0 {
			return 0, false, err
		}
		if next[0] != 0xff { // which may be repeated
			return next[0], true, nil
		}
	}
}

// jpegSegment processes the segment after a marker, and the data of a scan. It returns false if the
// segment is not complete.
func (e *edit) jpegSegment(marker byte) (whole bool, err error) {
	start := e.pos - 2
	length, err := e.read(2)
	if err != nil || len(length) < 2 {
		return false, err
	}
	end := start + 2 + int64(binary.BigEndian.Uint16(length))
	if end < e.pos {
		return false, nil
	}
	switch {
	case marker == jpegCOM || marker >= 0xf0 && marker != 0xf7 && marker != 0xf8: // F7, F8: JPEG-LS
	case marker >= jpegAPP0 && marker <= 0xef:
		err = e.appSegment(marker, start, end)
	default:
		err = e.keep(start, end)
	}
	if err != nil {
		return false, err
	}
	if err := e.seek(end); err != nil || end > e.end {
		return false, err
	}
	if marker == jpegSOS {
		err = e.jpegScan()
	}
	return true, err
}

// appSegment keeps application segments that change how the picture looks, without what may be hidden
// in them.
func (e *edit) appSegment(marker byte, start, end int64) error {
	data, err := e.read(int(end - e.pos))
	if err != nil {
		return err
	}
	switch {
	case marker == jpegAPP0 && bytes.HasPrefix(data, []byte("JFIF\x00")) && len(data) >= 14:
		jfif := append([]byte{0xff, jpegAPP0, 0, 16}, data[:14]...)
		jfif[16], jfif[17] = 0, 0 // no thumbnail
		return e.write(jfif)
	case marker == 0xe1 && bytes.HasPrefix(data, exifPrefix):
		return e.jpegExif(data[len(exifPrefix):])
	case marker == 0xe2 && bytes.HasPrefix(data, []byte("ICC_PROFILE\x00")):
		return e.keep(start, end)
	case marker == 0xee && bytes.HasPrefix(data, []byte("Adobe")) && len(data) >= 12:
		return e.write(append([]byte{0xff, 0xee, 0, 14}, data[:12]...))
	}
	return nil
}

// jpegExif replaces EXIF data with its orientation.
func (e *edit) jpegExif(tiff []byte) error {
	if e.oriented {
		return nil
	}
	e.setOrientation(tiff)
	if e.orientation == upright {
		return nil
	}
	data := append(bytes.Clone(exifPrefix), tiffWith(e.orientation)...)
	return e.write(append(binary.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(len(data)+2)), data...))
}

// jpegScan keeps the data of a scan, which ends before a marker other than a restart.
func (e *edit) jpegScan() error {
	start := e.pos
	for {
		found, err := e.skipTo(0xff)
		if err != nil {
			return err
		}
		if !found {
			return e.keep(start, e.end)
		}
		marker, err := e.buffer.Peek(1)
		switch {
		case err != nil: // the last byte of the file
			return e.keep(start, e.pos-1)
		case marker[0] == 0 || marker[0] == 0xff || marker[0] >= jpegRST0 && marker[0] <= jpegRST7:
			continue
		}
		e.atMarker = true
		return e.keep(start, e.pos-1)
	}
}
