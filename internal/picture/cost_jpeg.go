package picture

import (
	"bufio"
	"errors"
	"io"
)

const (
	samplesPerBlock = 64
	// Progressive pictures keep the coefficients of all blocks until the end.
	bytesOfCoefficients = 4 * samplesPerBlock
)

// jpegWalk parses the markers of a JPEG as image/jpeg does, and sums up the cost of decoding them.
type jpegWalk struct {
	r           *bufio.Reader
	progressive bool
	pixels      int64
	blocks      map[byte]int64 // of each component
	names       string
	rgb         bool
	cost        cost
}

// jpegCost counts all scans: each visits every block of its components, and a few bytes can declare a
// scan without effect.
func jpegCost(r *bufio.Reader) (cost, error) {
	w := &jpegWalk{r: r}
	for {
		marker, err := w.next()
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			break // the decoder reports the error
		}
		if err != nil {
			return cost{}, err
		}
		if marker == 0xd9 || w.cost.excessive() { // 0xd9 is the end of the image
			break
		}
	}
	return w.cost, nil
}

// next processes the next segment and returns its marker.
func (w *jpegWalk) next() (marker byte, err error) {
	for last := byte(0); ; last = marker {
		if marker, err = w.r.ReadByte(); err != nil {
			return 0, err
		}
		// 0xff00 is data, and 0xff may be repeated.
		if last == 0xff && marker != 0 && marker != 0xff {
			break
		}
	}
	if marker >= 0xd0 && marker <= 0xd9 { // restarts, start and end of image: no data
		return marker, nil
	}
	var length [2]byte
	if _, err := io.ReadFull(w.r, length[:]); err != nil {
		return 0, err
	}
	n := bigEndian(length[:]) - 2
	if n < 0 {
		return 0, errors.New("short JPEG segment")
	}
	switch marker {
	case 0xc0, 0xc1, 0xc2, 0xda, 0xee:
	default:
		_, err := w.r.Discard(int(n))
		return marker, err
	}
	data := make([]byte, n)
	if _, err := io.ReadFull(w.r, data); err != nil {
		return 0, err
	}
	switch marker {
	case 0xda:
		w.scan(data)
	case 0xee: // Adobe: transform 0 is RGB or CMYK
		w.rgb = w.rgb || len(data) >= 12 && string(data[:5]) == "Adobe" && data[11] == 0
	default:
		w.frame(data, marker == 0xc2)
	}
	w.cost.image, w.cost.peak = w.memory()
	return marker, nil
}

// frame reads the size and the components.
func (w *jpegWalk) frame(data []byte, progressive bool) {
	if len(data) < 6 || len(data) < 6+3*int(data[5]) || w.blocks != nil {
		return // the decoder refuses it
	}
	w.progressive, w.blocks = progressive, map[byte]int64{}
	height, width := bigEndian(data[1:3]), bigEndian(data[3:5])
	w.pixels = width * height
	components := int(data[5])
	hMax, vMax := int64(1), int64(1)
	if components > 1 {
		for i := range components {
			hv := int64(data[7+3*i])
			hMax, vMax = max(hMax, hv>>4), max(vMax, hv&15)
		}
	}
	units := ceil(width, 8*hMax) * ceil(height, 8*vMax)
	for i := range components {
		name, hv := data[6+3*i], int64(data[7+3*i])
		if components == 1 {
			hv = 0x11
		}
		w.blocks[name] = units * (hv >> 4) * (hv & 15)
		w.names += string(rune(name))
	}
	w.cost.steps = w.pixels
}

// scan adds the blocks that one scan visits.
func (w *jpegWalk) scan(data []byte) {
	if len(data) == 0 {
		return
	}
	for i := range int(data[0]) {
		if 1+2*i < len(data) {
			w.cost.steps += samplesPerBlock * w.blocks[data[1+2*i]]
		}
	}
}

// memory returns the bytes of the decoded picture, and the peak while decoding.
func (w *jpegWalk) memory() (image, peak int64) {
	var blocks int64
	for _, n := range w.blocks {
		blocks += n
	}
	samples := blocks * samplesPerBlock
	image, peak = samples, samples
	if len(w.names) == 4 || w.rgb || w.names == "RGB" { // converted at the end
		image = 4 * w.pixels
		peak += image
	}
	if w.progressive {
		peak += blocks * bytesOfCoefficients
	}
	return image, peak
}

func ceil(n, unit int64) int64 { return (n + unit - 1) / unit }
