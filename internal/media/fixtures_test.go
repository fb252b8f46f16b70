package media

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"strings"
)

// secret is part of all metadata of the fixtures.
const secret = "SECRET"

// colorProfile must stay.
const colorProfile = "the color profile"

func gradient(w, h int) *image.Paletted {
	palette := color.Palette{}
	for i := range 16 {
		palette = append(palette, color.RGBA{uint8(i * 16), uint8(255 - i*16), 99, 255})
	}
	p := image.NewPaletted(image.Rect(0, 0, w, h), palette)
	for i := range p.Pix {
		p.Pix[i] = uint8(i*7/w) % 16
	}
	return p
}

// tiffSecrets is EXIF data with an orientation, a maker note and a place.
func tiffSecrets(order binary.AppendByteOrder, name string, orientation uint16) []byte {
	out := order.AppendUint32(order.AppendUint16([]byte(name), 42), 8)
	out = order.AppendUint16(out, 3) // entries
	entry := func(tag, kind uint16, count, value uint32) {
		out = order.AppendUint32(order.AppendUint32(order.AppendUint16(order.AppendUint16(out, tag), kind), count), value)
	}
	entry(0x010f, 2, 6, 50) // maker
	out = order.AppendUint16(order.AppendUint32(order.AppendUint16(order.AppendUint16(out, 0x0112), 3), 1), orientation)
	out = append(out, 0, 0)
	entry(0x8825, 4, 1, 50) // the place
	return append(out, "\x00\x00\x00\x00"+secret+strings.Repeat("\x00\x01"+secret, 9)...)
}

func jpegPart(marker byte, data string) string {
	return "\xff" + string([]byte{marker, byte((len(data) + 2) >> 8), byte(len(data) + 2)}) + data
}

func plainJPEG() []byte {
	var out bytes.Buffer
	_ = jpeg.Encode(&out, gradient(80, 40), nil)
	return out.Bytes()
}

// phoneJPEG is what a phone writes: metadata of all kinds, and a second picture after the first.
func phoneJPEG() []byte {
	plain := string(plainJPEG())
	return []byte(plain[:2] +
		jpegPart(0xe0, "JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x02\x01"+secret) + // with a thumbnail
		jpegPart(0xe0, "JFXX\x00\x10"+secret) +
		jpegPart(0xe1, "Exif\x00\x00"+string(tiffSecrets(binary.BigEndian, "MM", 6))) +
		jpegPart(0xe1, "http://ns.adobe.com/xap/1.0/\x00<x:"+secret+"/>") +
		jpegPart(0xe2, "ICC_PROFILE\x00\x01\x01"+colorProfile) +
		jpegPart(0xe2, "MPF\x00"+secret) + jpegPart(0xeb, "JP"+secret) +
		jpegPart(0xed, "Photoshop 3.0\x008BIM\x04\x04\x00\x00"+secret) +
		"garbage " + secret +
		jpegPart(0xee, "Adobe\x00\x64\x00\x00\x00\x00\x01"+secret) +
		jpegPart(0xfe, secret) + jpegPart(0xf0, secret) +
		plain[2:] + plain[:2] + jpegPart(0xe1, "Exif\x00\x00"+secret) + plain[2:] + "ftypmp42" + secret)
}

func plainPNG() []byte {
	var out bytes.Buffer
	_ = png.Encode(&out, gradient(80, 40))
	return out.Bytes()
}

func phonePNG() []byte {
	plain := plainPNG()
	const afterIHDR = 33
	end := len(plain) - 12
	return bytes.Join([][]byte{
		plain[:afterIHDR], pngChunk("iCCP", []byte("name\x00\x00"+colorProfile)), pngChunk("tEXt", []byte("Comment\x00"+secret)),
		pngChunk("zTXt", []byte("Raw profile type exif\x00\x00"+secret)), pngChunk("iTXt", []byte("XML:com.adobe.xmp\x00"+secret)),
		pngChunk("tIME", []byte(secret)), pngChunk("eXIf", tiffSecrets(binary.LittleEndian, "II", 3)), pngChunk("caBX", []byte(secret)),
		plain[afterIHDR:end], pngChunk("tEXt", []byte(secret)), plain[end:], []byte(secret),
	}, nil)
}

func plainGIF(frames int) []byte {
	var out bytes.Buffer
	film := &gif.GIF{LoopCount: 7}
	for range frames {
		film.Image, film.Delay = append(film.Image, gradient(80, 40)), append(film.Delay, 5)
	}
	_ = gif.EncodeAll(&out, film)
	return out.Bytes()
}

func secretGIF() []byte {
	plain := plainGIF(2)
	at := bytes.Index(plain, []byte("!\xff\x0bNETSCAPE2.0"))
	const loop = 19
	return bytes.Join([][]byte{
		plain[:at], []byte("!\xfe\x06" + secret + "\x00"), []byte("!\xff\x0bXMP DataXMP\x06" + secret + "\x00"),
		[]byte("!\xff\x0bNETSCAPE2.0\x03\x01\x07\x00\x06" + secret + "\x00"), []byte("!\xff\x0bICCRGBG1012\x11" + colorProfile + "\x00"),
		[]byte("!\x01\x0c" + strings.Repeat("x", 12) + "\x06" + secret + "\x00"), []byte("!\xf9\x06" + secret + "\x00"),
		plain[at+loop : len(plain)-1], []byte("!\xfe\x06" + secret + "\x00;" + secret),
	}, nil)
}

func webpPart(name, data string) string {
	out := string(binary.LittleEndian.AppendUint32([]byte(name), uint32(len(data)))) + data
	return out + strings.Repeat("\x00", len(data)&1)
}

// webpOf is a WebP of parts.
func webpOf(parts ...string) []byte {
	return []byte(webpPart("RIFF", "WEBP"+strings.Join(parts, "")))
}

// vp8l is a lossless picture of one pixel.
const vp8l = "\x2f\x00\x00\x00\x00\x88\x88\x08"

func secretWebP() []byte {
	return append(webpOf(webpPart("VP8X", "\x2c\x00\x00\x00\x00\x00\x00\x00\x00\x00"), webpPart("ICCP", colorProfile), webpPart("VP8L", vp8l),
		webpPart("EXIF", string(tiffSecrets(binary.LittleEndian, "II", 8))), webpPart("XMP ", secret), webpPart("odd ", secret+"!")), secret...)
}

func animatedWebP() []byte {
	frame := webpPart("ANMF", strings.Repeat("\x00", frameHead)+webpPart("abcd", secret)+webpPart("VP8L", vp8l)+webpPart("UNKN", secret+"!"))
	return webpOf(webpPart("VP8X", "\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00"), webpPart("ANIM", "\x00\x00\x00\x00\x00\x00"), frame, webpPart("XMP ", secret), frame)
}

func mp4Box(name string, parts ...string) string {
	data := strings.Join(parts, "")
	return string(binary.BigEndian.AppendUint32(nil, uint32(len(data)+8))) + name + data
}

func number(n int) string { return string(binary.BigEndian.AppendUint32(nil, uint32(n))) }

func trackOf(kind string, more ...string) string {
	handler := mp4Box("hdlr", number(0), number(0), kind, strings.Repeat("\x00", 12), "name\x00")
	return mp4Box("trak", mp4Box("tkhd", strings.Repeat("\x00", 84)), mp4Box("mdia", handler, mp4Box("minf", mp4Box("stbl", more...))))
}

// phoneMP4 is a film with the place in all boxes where cameras write it, and a track of places.
func phoneMP4(brand string, film bool) []byte {
	ftyp := mp4Box("ftyp", brand, number(0), brand)
	// The first 16 bytes of mdat are the film, the next ones two places.
	mdat := mp4Box("mdat", "the film itself!", secret, secret)
	at := len(ftyp) + 8 + 16
	places := trackOf("meta", mp4Box("stsz", number(0), number(0), number(2), number(len(secret)), number(len(secret))),
		mp4Box("stsc", number(0), number(1), number(1), number(2), number(1)), mp4Box("stco", number(0), number(1), number(at)))
	songs := mp4Box("meta", number(0), mp4Box("hdlr", number(0), number(0), "mdir", strings.Repeat("\x00", 13)),
		mp4Box("ilst", mp4Box("\xa9nam", mp4Box("data", number(1), number(0), "a title")), mp4Box("\xa9xyz", secret)))
	keys := mp4Box("meta", mp4Box("hdlr", number(0), number(0), "mdta", strings.Repeat("\x00", 13)), mp4Box("keys", "com.apple.quicktime.location.ISO6709"), mp4Box("ilst", secret))
	kind := "soun"
	if film {
		kind = "vide"
	}
	moov := mp4Box("moov", mp4Box("mvhd", strings.Repeat("\x00", 100)), trackOf(kind), places,
		mp4Box("udta", mp4Box("\xa9xyz", secret), mp4Box("loci", secret), mp4Box("\xa9mak", secret), mp4Box("CAME", secret), songs, number(0)),
		keys, mp4Box("uuid", secret), mp4Box("gps ", secret))
	return []byte(ftyp + mdat + moov + mp4Box("free", "freeGPS", secret) + mp4Box("uuid", "xmp", secret) + mp4Box("skip", secret))
}

func phoneHEIC() []byte {
	ftyp := mp4Box("ftyp", "heic", number(0), "mif1", "heic")
	item := func(id byte, kind string) string {
		return mp4Box("infe", "\x02\x00\x00\x00\x00", string([]byte{id}), "\x00\x00", kind, "\x00")
	}
	meta := func(at int) string {
		location := func(id byte, method string, offset, length int) string {
			return "\x00" + string([]byte{id}) + "\x00" + method + "\x00\x00" + "\x00\x01" + number(offset) + number(length)
		}
		return mp4Box("meta", number(0), mp4Box("hdlr", number(0), number(0), "pict", strings.Repeat("\x00", 13)), mp4Box("pitm", number(0), "\x00\x01"),
			mp4Box("iinf", number(0), "\x00\x04", item(1, "hvc1"), item(2, "Exif"), item(3, "mime"), item(4, "abcd")),
			mp4Box("iloc", "\x01\x00\x00\x00\x44\x00\x00\x04", location(1, "\x00", at, 11), location(2, "\x00", at+11, 6), location(3, "\x00", at+17, 6), location(4, "\x01", 4, 6)),
			mp4Box("idat", "data"+secret), mp4Box("iprp"), mp4Box("uuid", secret))
	}
	at := len(ftyp) + len(meta(0)) + 8
	return []byte(ftyp + meta(at) + mp4Box("mdat", "the picture", secret, secret) + mp4Box("uuid", secret))
}

func phoneJXL() []byte {
	return []byte("\x00\x00\x00\x0cJXL \x0d\x0a\x87\x0a" + mp4Box("ftyp", "jxl ", number(0), "jxl ") + mp4Box("Exif", number(0), secret) +
		mp4Box("xml ", secret) + mp4Box("brob", "Exif", secret) + mp4Box("jxlc", "the picture"))
}
