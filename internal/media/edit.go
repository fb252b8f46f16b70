package media

import (
	"bufio"
	"errors"
	"io"
	"slices"
)

// maxPieces limits the memory of an edit. Real files have a few dozen pieces.
const maxPieces = 1 << 16

// maxReturns limits how often a walk may go back, because each time reads a buffer again.
const maxReturns = 1 << 12

// edit walks an upload and collects its new version. The methods keep, drop and write are called in
// the order of the file.
type edit struct {
	source io.ReadSeeker
	buffer *bufio.Reader
	pos    int64 // of the next byte that buffer returns
	end    int64 // size of the upload
	pieces []piece
	size   int64 // of the new version
	// returns is how often the walk went back.
	returns int
	// orientation is the first EXIF orientation that was found.
	orientation int
	oriented    bool
	// frames and framePixels count the frames of an animation.
	frames      int
	framePixels int64
	// soundOnly marks an MP4 without a picture.
	soundOnly bool
	// atMarker is set after the first byte of a JPEG marker.
	atMarker bool
}

// piece is a part of the new version: n bytes of the upload from offset from on, or literal, or n
// zeros.
type piece struct {
	at      int64 // offset in the new version
	n       int64
	from    int64 // -1 for others
	literal []byte
}

func newEdit(upload io.ReadSeeker) (*edit, error) {
	end, err := upload.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, readError(err)
	}
	if _, err := upload.Seek(0, io.SeekStart); err != nil {
		return nil, readError(err)
	}
	return &edit{source: upload, buffer: bufio.NewReaderSize(upload, 32<<10), end: end, orientation: upright}, nil
}

// read returns the next n bytes, or fewer at the end of the file. n is small.
func (e *edit) read(n int) ([]byte, error) {
	data := make([]byte, n)
	got, err := io.ReadFull(e.buffer, data)
	e.pos += int64(got)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, readError(err)
	}
	return data[:got], nil
}

// seek continues at an offset, at most at the end of the file.
func (e *edit) seek(to int64) error {
	to = min(to, e.end)
	if ahead := to - e.pos; ahead >= 0 && ahead <= int64(e.buffer.Buffered()) {
		_, err := e.buffer.Discard(int(ahead))
		e.pos = to
		return err
	}
	if ahead := to - e.pos; ahead < 0 {
		if e.returns++; e.returns > maxReturns {
			return refuseComplex()
		}
	}
	if _, err := e.source.Seek(to, io.SeekStart); err != nil {
		return readError(err)
	}
	e.buffer.Reset(e.source)
	e.pos = to
	return nil
}

// skipTo continues after the next byte b. It returns false if there is none.
func (e *edit) skipTo(b byte) (bool, error) {
	for {
		skipped, err := e.buffer.ReadSlice(b)
		e.pos += int64(len(skipped))
		switch {
		case err == nil:
			return true, nil
		case errors.Is(err, io.EOF):
			return false, nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return false, readError(err)
		}
	}
}

// keep adds a range of the upload.
func (e *edit) keep(from, to int64) error {
	to = min(to, e.end)
	if from >= to {
		return nil
	}
	if last := len(e.pieces) - 1; last >= 0 {
		if p := &e.pieces[last]; p.from >= 0 && p.from+p.n == from {
			p.n += to - from
			e.size += to - from
			return nil
		}
	}
	return e.add(piece{n: to - from, from: from})
}

// write adds bytes that the upload does not contain. The caller may change them until the end.
func (e *edit) write(literal []byte) error {
	return e.add(piece{n: int64(len(literal)), from: -1, literal: literal})
}

// zeros adds n bytes.
func (e *edit) zeros(n int64) error {
	return e.add(piece{n: n, from: -1})
}

func (e *edit) add(p piece) error {
	if p.n <= 0 {
		return nil
	}
	if len(e.pieces) >= maxPieces {
		return refuseComplex()
	}
	p.at = e.size
	e.pieces = append(e.pieces, p)
	e.size += p.n
	return nil
}

func (e *edit) countFrame(width, height int64) {
	e.frames++
	e.framePixels += width * height
}

// setOrientation records the orientation of a TIFF header, unless one was found before.
func (e *edit) setOrientation(tiff []byte) {
	if !e.oriented {
		e.orientation, e.oriented = orientationIn(tiff), true
	}
}

func (e *edit) result() *edited {
	return &edited{source: e.source, pieces: e.pieces, size: e.size}
}

// edited reads the new version. Like a file, it must not be used by several goroutines at once.
type edited struct {
	source io.ReadSeeker
	pieces []piece
	size   int64
	pos    int64
}

// Read implements io.Reader.
func (e *edited) Read(p []byte) (int, error) {
	if e.pos >= e.size {
		return 0, io.EOF
	}
	if len(p) == 0 {
		return 0, nil
	}
	i, found := slices.BinarySearchFunc(e.pieces, e.pos, func(one piece, pos int64) int { return int(max(-1, min(1, one.at-pos))) })
	if !found {
		i--
	}
	one := e.pieces[i]
	skip := e.pos - one.at
	p = p[:min(int64(len(p)), one.n-skip)]
	n := len(p)
	switch {
	case one.from >= 0:
		var err error
		if n, err = e.readSource(p, one.from+skip); err != nil {
			return n, err
		}
	case one.literal != nil:
		copy(p, one.literal[skip:])
	default:
		clear(p)
	}
	e.pos += int64(n)
	return n, nil
}

func (e *edited) readSource(p []byte, from int64) (int, error) {
	// Several edits may read the same file, so its position is set each time.
	if _, err := e.source.Seek(from, io.SeekStart); err != nil {
		return 0, readError(err)
	}
	n, err := io.ReadFull(e.source, p)
	if err != nil {
		return 0, readError(err)
	}
	return n, nil
}

// Seek implements io.Seeker.
func (e *edited) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += e.pos
	case io.SeekEnd:
		offset += e.size
	}
	if offset < 0 {
		return 0, errors.New("seek before the start of a file")
	}
	e.pos = offset
	return offset, nil
}
