package media

import "encoding/binary"

// mp4Boxes are the boxes that a player needs, by the box that contains them; "" is the file. Others
// are removed: dash cameras, action cameras and phones store places in many of them.
var mp4Boxes = map[string]map[string]bool{
	"":     set("ftyp", "styp", "moov", "moof", "mdat", "sidx", "ssix", "mfra", "prft", "pdin", "pnot", "PICT", "wide"),
	"moov": set("mvhd", "trak", "mvex", "iods", "pssh", "rmra", "cmov", "clip", "prfl"),
	// The titles that are shown while a song plays. Places are in other boxes.
	"udta": set("meta", "chpl", "name", "titl", "ludt", "\xa9nam", "\xa9ART", "\xa9alb"),
}

// mp4Containers are the boxes that are searched.
var mp4Containers = set("moov", "trak", "mdia", "udta", "moof", "traf")

func set(names ...string) map[string]bool {
	all := map[string]bool{}
	for _, name := range names {
		all[name] = true
	}
	return all
}

// mp4Walk collects what is removed from an MP4 or QuickTime file.
type mp4Walk struct {
	e       *edit
	blanks  blanks
	picture bool // there is a track with pictures
	sound   bool
	// tracks of data that belongs to the time of the film: places, above all.
	timed []box
}

// stripMP4 removes all boxes that players do not need, and the data of tracks without picture, sound
// or text.
func stripMP4(e *edit) error {
	w := &mp4Walk{e: e}
	if err := w.walk("", e.end, 0); err != nil {
		return err
	}
	e.soundOnly = w.sound && !w.picture
	for _, track := range w.timed {
		if err := w.dropSamples(track); err != nil {
			return err
		}
	}
	return w.blanks.apply(e)
}

func (w *mp4Walk) walk(in string, end int64, depth int) error {
	return w.e.eachBox(end, func(b box) error {
		if err := w.blanks.check(); err != nil {
			return err
		}
		if w.needless(in, b.name) {
			w.blanks.drop(b)
			return nil
		}
		switch {
		case b.name == "meta":
			return w.meta(b)
		case b.name == "trak":
			return w.track(b, depth)
		case mp4Containers[b.name] && depth < maxDepth:
			return w.walk(b.name, b.end, depth+1)
		}
		return nil
	})
}

// needless reports whether a box is removed.
func (w *mp4Walk) needless(in, name string) bool {
	if needed, listed := mp4Boxes[in]; listed {
		return !needed[name] && !(in == "moov" && name == "udta")
	}
	switch name {
	case "meta", "uuid", "free", "skip":
		return in != "traf" || name != "uuid" // in fragments: the time of a stream
	}
	return false
}

// meta keeps the titles of songs, as iTunes writes them, but no places. Other kinds are removed.
func (w *mp4Walk) meta(b box) error {
	head, _ := w.e.buffer.Peek(8)
	if len(head) < 8 {
		w.blanks.drop(b)
		return nil
	}
	at := b.body
	if string(head[4:]) != "hdlr" { // QuickTime has no version before it
		at += 4
	}
	if err := w.e.seek(at); err != nil {
		return err
	}
	songs := false
	var lists []box
	err := w.e.eachBox(b.end, func(child box) error {
		switch child.name {
		case "hdlr":
			kind, err := w.handler()
			songs = songs || kind == "mdir"
			return err
		case "ilst":
			lists = append(lists, child)
		default:
			w.blanks.drop(child)
		}
		return w.blanks.check()
	})
	if err != nil {
		return err
	}
	if !songs {
		w.blanks.drop(b)
		return nil
	}
	for _, list := range lists {
		if err := w.songs(list); err != nil {
			return err
		}
	}
	return nil
}

// songData are the entries of a song's list that are kept.
var songData = set("\xa9nam", "\xa9ART", "\xa9alb", "\xa9gen", "\xa9day", "\xa9wrt", "\xa9grp", "\xa9lyr", "\xa9too", "aART", "trkn", "disk", "gnre", "cpil", "pgap", "tmpo", "covr", "stik", "----")

func (w *mp4Walk) songs(list box) error {
	if err := w.e.seek(list.body); err != nil {
		return err
	}
	return w.e.eachBox(list.end, func(entry box) error {
		if !songData[entry.name] {
			w.blanks.drop(entry)
		}
		return w.blanks.check()
	})
}

// handler returns the kind of a box hdlr, after its head.
func (w *mp4Walk) handler() (string, error) {
	data, err := w.e.read(12) // version and flags, the kind of the box in QuickTime, the kind
	if err != nil || len(data) < 12 {
		return "", err
	}
	return string(data[8:]), nil
}

// track removes the metadata of a track, and finds out what the track contains.
func (w *mp4Walk) track(b box, depth int) error {
	if depth >= maxDepth {
		return nil
	}
	if err := w.walk("trak", b.end, depth+1); err != nil {
		return err
	}
	if err := w.e.seek(b.body); err != nil {
		return err
	}
	return w.e.eachBox(b.end, func(media box) error {
		if media.name != "mdia" {
			return nil
		}
		return w.e.eachBox(media.end, func(child box) error {
			if child.name != "hdlr" {
				return nil
			}
			kind, err := w.handler()
			switch kind {
			case "vide":
				w.picture = true
			case "soun":
				w.sound = true
			case "meta", "camm", "gpmd", "mdta", "data", "fdsc":
				w.timed = append(w.timed, b)
			}
			if len(w.timed) > maxTimed {
				return refuseComplex()
			}
			return err
		})
	})
}

const (
	maxTimed   = 16      // tracks of data
	maxSamples = 1 << 18 // entries of the tables of such a track
)

// sampleTable locates the samples of a track.
type sampleTable struct {
	offsets []int64 // of the chunks
	sizes   []int64 // of the samples
	uniform int64   // the size of each sample, if it is not 0
	count   int64
	runs    []chunkRun
}

// chunkRun says that the chunks from first on have a number of samples each.
type chunkRun struct{ first, samples int64 }

// dropSamples overwrites the data of a track.
func (w *mp4Walk) dropSamples(track box) error {
	var t sampleTable
	if err := w.tables(track.body, track.end, &t, 0); err != nil {
		return err
	}
	sample, run := int64(0), -1
	for i, offset := range t.offsets {
		for run+1 < len(t.runs) && t.runs[run+1].first <= int64(i)+1 {
			run++
		}
		if run < 0 {
			break
		}
		length := int64(0)
		for range min(t.runs[run].samples, t.count-sample) {
			switch {
			case t.uniform > 0:
				length += t.uniform
			case sample < int64(len(t.sizes)):
				length += t.sizes[sample]
			}
			sample++
		}
		from := min(max(offset, 0), w.e.end)
		w.blanks = append(w.blanks, blank{from: from, to: min(from+length, w.e.end)})
		if err := w.blanks.check(); err != nil {
			return err
		}
	}
	return nil
}

// tables reads the tables below a track.
func (w *mp4Walk) tables(from, end int64, t *sampleTable, depth int) error {
	if err := w.e.seek(from); err != nil {
		return err
	}
	return w.e.eachBox(end, func(b box) error {
		switch b.name {
		case "mdia", "minf", "stbl":
			if depth < maxDepth {
				return w.tables(b.body, b.end, t, depth+1)
			}
		case "stco", "co64", "stsz", "stsc":
			return w.table(b, t)
		}
		return nil
	})
}

func (w *mp4Walk) table(b box, t *sampleTable) error {
	head := 8 // version and flags, number of entries
	if b.name == "stsz" {
		head = 12
	}
	data, err := w.e.read(head)
	if err != nil || len(data) < head {
		return err
	}
	count := int64(binary.BigEndian.Uint32(data[head-4:]))
	if b.name == "stsz" {
		t.count, t.uniform = count, int64(binary.BigEndian.Uint32(data[4:]))
		if t.uniform > 0 {
			t.count = min(count, maxSamples)
			return nil
		}
	}
	width := map[string]int64{"stco": 4, "co64": 8, "stsz": 4, "stsc": 12}[b.name]
	if have := int64(len(t.offsets) + len(t.sizes) + len(t.runs)); have+count > maxSamples || count*width > b.end-w.e.pos {
		return refuseComplex()
	}
	for range count {
		entry, err := w.e.read(int(width))
		if err != nil || int64(len(entry)) < width {
			return err
		}
		switch b.name {
		case "stco":
			t.offsets = append(t.offsets, int64(binary.BigEndian.Uint32(entry)))
		case "co64":
			t.offsets = append(t.offsets, int64(min(binary.BigEndian.Uint64(entry), 1<<62)))
		case "stsz":
			t.sizes = append(t.sizes, int64(binary.BigEndian.Uint32(entry)))
		case "stsc":
			t.runs = append(t.runs, chunkRun{int64(binary.BigEndian.Uint32(entry)), int64(binary.BigEndian.Uint32(entry[4:]))})
		}
	}
	return nil
}
