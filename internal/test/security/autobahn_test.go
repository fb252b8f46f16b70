package security

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/chillin-chat/chillin/internal/client"
	testenv "github.com/chillin-chat/chillin/internal/test/env"
	"github.com/chillin-chat/chillin/internal/wire"
)

// The codes of a close. stays is a connection that the server does not close; noCode is a close frame
// without a code.
const (
	stays        = 0
	normal       = 1000
	violation    = 1002
	noText       = 1003
	noCode       = 1005
	noUTF8       = 1007
	tooBig       = 1009
	messageLimit = 32 << 10
)

// autobahnCase sends the frames of one case of the Autobahn test suite. The suite expects an echo; this
// server responds to a command instead. A payload of the suite that is not a command becomes the
// command ping of the same size, or with the same bytes in it.
type autobahnCase struct {
	id    string // in the suite 0.8, with our own neighbours after a slash
	what  string
	parts []part
	chop  int      // bytes of one write; 0 is one write for each part
	pongs []string // the payloads of the pongs, in order
	ids   []int    // the IDs of the responses, in order
	code  int      // of the server's close frame
	ends  bool     // the client sends a close frame
}

// part is data to send.
type part struct {
	data []byte
	pong bool // await a pong before the next part
}

// whole is a case that is sent at once.
func whole(frames ...[]byte) []part { return []part{{data: slices.Concat(frames...)}} }

// masked is a masked frame with a payload of any size.
func masked(first byte, payload string) []byte {
	var mask [4]byte
	binary.LittleEndian.PutUint32(mask[:], rand.Uint32())
	head := frameHead(first, len(payload))
	head[1] |= 0x80
	data := append(head, mask[:]...)
	for i := range len(payload) {
		data = append(data, payload[i]^mask[i%4])
	}
	return data
}

func frameHead(first byte, size int) []byte {
	switch {
	case size < 126:
		return []byte{first, byte(size)}
	case size < 1<<16:
		return binary.BigEndian.AppendUint16([]byte{first, 126}, uint16(size))
	}
	return binary.BigEndian.AppendUint64([]byte{first, 127}, uint64(size))
}

func textFrame(payload string) []byte { return masked(finBit|opText, payload) }
func pingFrame(payload string) []byte { return masked(finBit|opPing, payload) }
func closeFrame(code int, reason string) []byte {
	return masked(finBit|opClose, string(binary.BigEndian.AppendUint16(nil, uint16(code)))+reason)
}

// reserved returns frame with reserved bits (1 to 7).
func reserved(frame []byte, bits byte) []byte {
	frame[0] |= bits << 4
	return frame
}

// command is a ping with an ID, padded with spaces to size.
func command(id, size int) string {
	text := fmt.Sprintf(`{"id":%d,"type":"ping","data":{}}`, id)
	return text + strings.Repeat(" ", max(0, size-len(text)))
}

// carrying is a command whose data contains text. It is answered, with an error, whatever the text is.
func carrying(id int, text string) string {
	return fmt.Sprintf(`{"id":%d,"type":"ping","data":{"text":"%s"}}`, id, text)
}

// inFragments is a text message in frames of size bytes.
func inFragments(text string, size int) (frames []byte) {
	return fragmented(slices.Collect(chunks(text, size))...)
}

// fragmented is a text message of one frame per payload.
func fragmented(payloads ...string) (frames []byte) {
	for i, payload := range payloads {
		first := byte(opContinuation)
		if i == 0 {
			first = opText
		}
		if i == len(payloads)-1 {
			first |= finBit
		}
		frames = append(frames, masked(first, payload)...)
	}
	return frames
}

func chunks(text string, size int) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for chunk := range slices.Chunk([]byte(text), size) {
			if !yield(string(chunk)) {
				return
			}
		}
	}
}

func framing() (cases []autobahnCase) {
	for i, size := range []int{0, 125, 126, 127, 128, 65535, 65536, 65536} {
		c := autobahnCase{id: fmt.Sprintf("1.1.%d", i+1), what: fmt.Sprintf("a text of %d bytes", size), parts: whole(textFrame(command(1, size))), ids: []int{1}}
		switch {
		case size == 0:
			c.parts, c.ids = whole(textFrame("")), nil // no command, no response
		case size > messageLimit:
			c.ids, c.code = nil, tooBig
		}
		if i == 7 {
			c.chop = 997
		}
		cases = append(cases, c)
		cases = append(cases, autobahnCase{
			id: fmt.Sprintf("1.2.%d", i+1), what: fmt.Sprintf("binary data of %d bytes", size), chop: c.chop,
			parts: whole(masked(finBit|opBinary, strings.Repeat("\xfe", size))), code: noText,
		})
		if size > messageLimit {
			cases[len(cases)-1].code = tooBig
		}
	}
	text := command(1, 0)
	return append(
		cases,
		autobahnCase{id: "1/limit", what: "a text of exactly 32 KiB", parts: whole(textFrame(command(1, messageLimit))), ids: []int{1}},
		autobahnCase{id: "1/limit+1", what: "a text of 32 KiB and one byte", parts: whole(textFrame(command(1, messageLimit+1))), code: tooBig},
		autobahnCase{id: "1/unmasked", what: "a frame without a mask after a command", parts: whole(textFrame(text), append(frameHead(finBit|opText, len(text)), text...)), ids: []int{1}, code: violation},
		autobahnCase{id: "1/unmasked ping", what: "a ping without a mask", parts: whole(frameHead(finBit|opPing, 0), textFrame(text)), code: violation},
		autobahnCase{id: "1/negative", what: "a length of 2^63", parts: whole(textFrame(text), []byte{finBit | opText, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4}), ids: []int{1}, code: violation},
		// RFC 6455 requires the shortest form, but the suite does not test it, and the library accepts
		// any. It is harmless: the meaning is unambiguous.
		autobahnCase{id: "1/long form", what: "a length of 33 in 8 bytes", parts: whole(append(append(binary.BigEndian.AppendUint64([]byte{finBit | opText, 0xff}, uint64(len(text))), 0, 0, 0, 0), text...)), ids: []int{1}},
	)
}

func pings() []autobahnCase {
	var ten [][]byte
	var pongs []string
	for i := range 10 {
		pongs = append(pongs, fmt.Sprintf("payload-%d", i))
		ten = append(ten, pingFrame(pongs[i]))
	}
	odd, long := "\x00\xff\xfe\xfd\xfc\xfb\x00\xff", strings.Repeat("\xfe", 125)
	return []autobahnCase{
		{id: "2.1", what: "a ping without a payload", parts: whole(pingFrame("")), pongs: []string{""}},
		{id: "2.2", what: "a ping with text", parts: whole(pingFrame("Hello, world!")), pongs: []string{"Hello, world!"}},
		{id: "2.3", what: "a ping with bytes that are no text", parts: whole(pingFrame(odd)), pongs: []string{odd}},
		{id: "2.4", what: "a ping of 125 bytes", parts: whole(pingFrame(long)), pongs: []string{long}},
		{id: "2.5", what: "a ping of 126 bytes", parts: whole(pingFrame(long + "\xfe")), code: violation},
		{id: "2.6", what: "a ping of 125 bytes, byte by byte", parts: whole(pingFrame(long)), chop: 1, pongs: []string{long}},
		{id: "2.7", what: "an unsolicited pong", parts: whole(masked(finBit|opPong, ""))},
		{id: "2.8", what: "an unsolicited pong with a payload", parts: whole(masked(finBit|opPong, "unsolicited"))},
		{id: "2.9", what: "an unsolicited pong, then a ping", parts: whole(masked(finBit|opPong, "unsolicited"), pingFrame("our own")), pongs: []string{"our own"}},
		{id: "2.10", what: "ten pings", parts: whole(ten...), pongs: pongs},
		{id: "2.11", what: "ten pings, byte by byte", parts: whole(ten...), chop: 1, pongs: pongs},
	}
}

func reservedBits() []autobahnCase {
	text := textFrame(command(1, 0))
	bad := func(bits byte) []byte { return reserved(textFrame(command(2, 0)), bits) }
	return []autobahnCase{
		{id: "3.1", what: "a text with RSV 1", parts: whole(bad(1)), code: violation},
		{id: "3.2", what: "a text, one with RSV 2, a ping", parts: whole(text, bad(2), pingFrame("")), ids: []int{1}, code: violation},
		{id: "3.3", what: "the same with RSV 3, frame by frame", parts: []part{{data: text}, {data: bad(3)}, {data: pingFrame("")}}, ids: []int{1}, code: violation},
		{id: "3.4", what: "the same with RSV 4, byte by byte", parts: whole(text, bad(4), pingFrame("")), chop: 1, ids: []int{1}, code: violation},
		{id: "3.5", what: "binary data with RSV 5", parts: whole(reserved(masked(finBit|opBinary, "\x00\xff"), 5)), code: violation},
		{id: "3.6", what: "a ping with RSV 6", parts: whole(reserved(pingFrame("ping"), 6)), code: violation},
		{id: "3.7", what: "a close with RSV 7", parts: whole(reserved(closeFrame(normal, ""), 7)), code: violation, ends: true},
	}
}

func opcodes() (cases []autobahnCase) {
	for i := range 10 {
		section, opcode := "4.1", byte(3+i)
		if i >= 5 {
			section, opcode = "4.2", byte(11+i-5)
		}
		c := autobahnCase{id: fmt.Sprintf("%s.%d", section, i%5+1), what: fmt.Sprintf("the opcode %d", opcode), code: violation}
		payload := ""
		if i%5 == 1 || i%5 >= 3 {
			payload = "reserved opcode payload"
		}
		bad := masked(finBit|opcode, payload)
		if c.parts = whole(bad); i%5 >= 2 {
			c.parts, c.ids = whole(textFrame(command(1, 0)), bad, pingFrame("")), []int{1}
		}
		if i%5 == 4 {
			c.chop = 1
		}
		cases = append(cases, c)
	}
	return cases
}

// pacing are the ways in which the suite repeats a case: at once, frame by frame, byte by byte.
func pacing(first int, what string, frames [][]byte, expect autobahnCase) (cases []autobahnCase) {
	var apart []part
	for _, frame := range frames {
		apart = append(apart, part{data: frame})
	}
	for i, way := range []struct {
		name  string
		parts []part
		chop  int
	}{{"at once", whole(frames...), 0}, {"frame by frame", apart, 0}, {"byte by byte", whole(frames...), 1}} {
		expect.id, expect.what = fmt.Sprintf("5.%d", first+i), what+", "+way.name
		expect.parts, expect.chop = way.parts, way.chop
		cases = append(cases, expect)
	}
	return cases
}

func fragmentation() []autobahnCase {
	text := command(1, 0)
	start, rest := masked(opText, text[:10]), masked(finBit|opContinuation, text[10:])
	nothing := func(first byte) []byte { return masked(first|opContinuation, "nothing to continue") }
	other := textFrame(command(2, 0))
	five := slices.Collect(chunks(text, (len(text)+4)/5))
	frames := func(from, to int) (all []byte) {
		for i := from; i < to; i++ {
			first := byte(opContinuation)
			if i == 0 {
				first = opText
			}
			if i == len(five)-1 {
				first |= finBit
			}
			all = append(all, masked(first, five[i])...)
		}
		return all
	}
	two := slices.Concat(frames(0, 2), pingFrame("pongme 1!"))
	four := slices.Concat(frames(2, 4), pingFrame("pongme 2!"))
	cases := []autobahnCase{
		{id: "5.1", what: "a ping in two fragments", parts: whole(masked(opPing, "fragment1"), masked(finBit|opContinuation, "fragment2")), code: violation},
		{id: "5.2", what: "a pong in two fragments", parts: whole(masked(opPong, "fragment1"), masked(finBit|opContinuation, "fragment2")), code: violation},
		{id: "5.15", what: "a text in two fragments, a continuation without start, a text", parts: whole(start, rest, nothing(0), other), ids: []int{1}, code: violation},
		{id: "5.16", what: "twice a continuation without start and end, and a text in two fragments", parts: whole(nothing(0), start, rest, nothing(0), start, rest), code: violation},
		{id: "5.17", what: "twice a continuation without start, and a text in two fragments", parts: whole(nothing(finBit), start, rest, nothing(finBit), start, rest), code: violation},
		{id: "5.18", what: "a text whose second fragment is a text", parts: whole(start, other), code: violation},
		{id: "5.19", what: "five fragments, pings after the second and fourth, the pongs arrive before the end", parts: []part{{data: two, pong: true}, {data: four, pong: true}, {data: frames(4, 5)}}, pongs: []string{"pongme 1!", "pongme 2!"}, ids: []int{1}},
		{id: "5.20", what: "the same, byte by byte", chop: 1, parts: []part{{data: two, pong: true}, {data: four, pong: true}, {data: frames(4, 5)}}, pongs: []string{"pongme 1!", "pongme 2!"}, ids: []int{1}},
		{id: "5/binary", what: "a text whose second fragment is binary data", parts: whole(start, masked(finBit|opBinary, "x")), code: violation},
		{id: "5/close", what: "a close in two fragments", parts: whole(masked(opClose, "\x03\xe8"), masked(finBit|opContinuation, "bye")), code: violation, ends: true},
	}
	return slices.Concat(
		cases,
		pacing(3, "a text in two fragments", [][]byte{start, rest}, autobahnCase{ids: []int{1}}),
		pacing(6, "a ping between two fragments", [][]byte{start, pingFrame("ping"), rest}, autobahnCase{pongs: []string{"ping"}, ids: []int{1}}),
		pacing(9, "a last continuation without start, then a text", [][]byte{nothing(finBit), other}, autobahnCase{code: violation}),
		pacing(12, "a continuation without start, then a text", [][]byte{nothing(0), other}, autobahnCase{code: violation}),
	)
}

// sequences are the sections 6.5 to 6.23 of the suite, except 6.6. The valid ones come first.
var sequences = map[int]struct{ valid, invalid []string }{
	5:  {valid: []string{"hello\x24world", "hello\xc2\xa2world", "hello\xe2\x82\xacworld", "hello\xf0\xa4\xad\xa2world", greek}},
	7:  {valid: []string{`\u0001`, "\xc2\x80", "\xe0\xa0\x80", "\xf0\x90\x80\x80"}}, // NUL is not allowed in JSON
	8:  {invalid: []string{"\xf8\x88\x80\x80\x80", "\xfc\x84\x80\x80\x80\x80"}},
	9:  {valid: []string{"\x7f", "\xdf\xbf", "\xef\xbf\xbf", "\xf4\x8f\xbf\xbf"}},
	10: {invalid: []string{"\xf7\xbf\xbf\xbf", "\xfb\xbf\xbf\xbf\xbf", "\xfd\xbf\xbf\xbf\xbf\xbf"}},
	11: {valid: []string{"\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbd", "\xf4\x8f\xbf\xbf"}, invalid: []string{"\xf4\x90\x80\x80"}},
	12: {invalid: []string{
		"\x80", "\xbf", "\x80\xbf", "\x80\xbf\x80", "\x80\xbf\x80\xbf", "\x80\xbf\x80\xbf\x80", "\x80\xbf\x80\xbf\x80\xbf",
		byteRange(0x80, 0xbf, ""),
	}},
	13: {invalid: []string{byteRange(0xc0, 0xdf, " "), byteRange(0xe0, 0xef, " "), byteRange(0xf0, 0xf7, " "), byteRange(0xf8, 0xfb, " "), byteRange(0xfc, 0xfd, " ")}},
	14: {invalid: incomplete},
	15: {invalid: []string{strings.Join(incomplete, "")}},
	16: {invalid: []string{"\xfe", "\xff", "\xfe\xfe\xff\xff"}},
	17: {invalid: []string{"\xc0\xaf", "\xe0\x80\xaf", "\xf0\x80\x80\xaf", "\xf8\x80\x80\x80\xaf", "\xfc\x80\x80\x80\x80\xaf"}},
	18: {invalid: []string{"\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf", "\xf8\x87\xbf\xbf\xbf", "\xfc\x83\xbf\xbf\xbf\xbf"}},
	19: {invalid: []string{"\xc0\x80", "\xe0\x80\x80", "\xf0\x80\x80\x80", "\xf8\x80\x80\x80\x80", "\xfc\x80\x80\x80\x80\x80"}},
	20: {invalid: []string{"\xed\xa0\x80", "\xed\xad\xbf", "\xed\xae\x80", "\xed\xaf\xbf", "\xed\xb0\x80", "\xed\xbe\x80", "\xed\xbf\xbf"}},
	21: {invalid: []string{
		"\xed\xa0\x80\xed\xb0\x80", "\xed\xa0\x80\xed\xbf\xbf", "\xed\xad\xbf\xed\xb0\x80", "\xed\xad\xbf\xed\xbf\xbf",
		"\xed\xae\x80\xed\xb0\x80", "\xed\xae\x80\xed\xbf\xbf", "\xed\xaf\xbf\xed\xb0\x80", "\xed\xaf\xbf\xed\xbf\xbf",
	}},
	22: {valid: nonCharacters()},
	23: {valid: []string{"\xef\xbf\xb9", "\xef\xbf\xba", "\xef\xbf\xbb", "\xef\xbf\xbc", "\xef\xbf\xbd", "\xef\xbf\xbe", "\xef\xbf\xbf"}},
}

const greek = "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5"

// incomplete are sequences without their last byte.
var incomplete = []string{"\xc0", "\xe0\x80", "\xf0\x80\x80", "\xf8\x80\x80\x80", "\xfc\x80\x80\x80\x80", "\xdf", "\xef\xbf", "\xf7\xbf\xbf", "\xfb\xbf\xbf\xbf", "\xfd\xbf\xbf\xbf\xbf"}

// byteRange returns the bytes from first up to, without, end, each followed by after.
func byteRange(first, end byte, after string) string {
	var all []byte
	for b := first; b < end; b++ {
		all = append(append(all, b), after...)
	}
	return string(all)
}

// nonCharacters are the last two code points of each plane, in the order of the suite.
func nonCharacters() (all []string) {
	for plane := rune(0); plane <= 0x10; plane++ {
		all = append(all, string(plane<<16|0xfffe), string(plane<<16|0xffff))
	}
	return all
}

func utf8Cases() (cases []autobahnCase) {
	text, half := carrying(1, "Hello-\u00b5@\u00df\u00f6\u00e4\u00fc\u00e0\u00e1-UTF-8!!"), 46
	bad := carrying(1, greek+"\xed\xa0\x80edited")
	split := strings.Index(bad, "\xed")
	tail := strings.Index(bad, "edited")
	beyond := carrying(1, greek+"\xf4\x90\x80\x80edited")
	cut, end := strings.Index(beyond, "\xf4"), strings.Index(beyond, "edited")
	cases = []autobahnCase{
		{id: "6.1.1", what: "an empty text", parts: whole(textFrame(""))},
		{id: "6.1.2", what: "three empty fragments", parts: whole(fragmented("", "", ""))},
		{id: "6.1.3", what: "an empty fragment, a text and an empty fragment", parts: whole(fragmented("", text, "")), ids: []int{1}},
		{id: "6.2.1", what: "UTF-8 in one frame", parts: whole(textFrame(text)), ids: []int{1}},
		{id: "6.2.2", what: "UTF-8 in two fragments", parts: whole(fragmented(text[:half], text[half:])), ids: []int{1}},
		{id: "6.2.3", what: "UTF-8 in fragments of one byte", parts: whole(inFragments(text, 1)), ids: []int{1}},
		{id: "6.2.4", what: "other UTF-8 in fragments of one byte", parts: whole(inFragments(carrying(1, greek), 1)), ids: []int{1}},
		{id: "6.3.1", what: "invalid UTF-8 in one frame", parts: whole(textFrame(bad)), code: noUTF8},
		{id: "6.3.2", what: "invalid UTF-8 in fragments of one byte", parts: whole(inFragments(bad, 1)), code: noUTF8},
		// The suite prefers that the connection fails at the invalid byte, and accepts that it fails at
		// the end of the message. The server fails it at the end: a message has at most 32 KiB.
		{id: "6.4.1", what: "invalid UTF-8 in the second of three fragments", parts: whole(fragmented(beyond[:cut], beyond[cut:end], beyond[end:])), code: noUTF8},
		{id: "6.4.2", what: "the same, divided within the sequence", parts: whole(fragmented(beyond[:cut+1], beyond[cut+1:end], beyond[end:])), code: noUTF8},
		{id: "6.4.3", what: "invalid UTF-8 in one frame, in three writes", parts: whole(textFrame(bad)), chop: split, code: noUTF8},
		{id: "6.4.4", what: "the same, divided within the sequence", parts: whole(textFrame(bad)), chop: tail - 2, code: noUTF8},
	}
	sequence := func(section, number int, text string, valid bool) {
		c := autobahnCase{id: fmt.Sprintf("6.%d.%d", section, number), what: fmt.Sprintf("the bytes %x", text), parts: whole(textFrame(carrying(1, text)))}
		if c.ids = []int{1}; !valid {
			c.ids, c.code = nil, noUTF8
		}
		cases = append(cases, c)
	}
	for section, s := range sequences {
		for i, text := range s.valid {
			sequence(section, i+1, text, true)
		}
		for i, text := range s.invalid {
			sequence(section, len(s.valid)+i+1, text, false)
		}
	}
	for end := 1; end <= len(greek); end++ { // divided between two characters, or within one
		sequence(6, end, greek[:end], slices.Contains([]int{2, 5, 7, 9, 11}, end))
	}
	return cases
}

func closes() []autobahnCase {
	text := textFrame(command(1, 0))
	start, rest := masked(opText, command(1, 0)[:10]), masked(finBit|opContinuation, command(1, 0)[10:])
	bye := closeFrame(normal, "")
	huge := masked(finBit|opText, strings.Repeat("BAsd7&jh23", 256<<10/10))
	cases := []autobahnCase{
		{id: "7.1.1", what: "a text, then a close", parts: whole(text, bye), ids: []int{1}, code: normal},
		{id: "7.1.2", what: "two closes", parts: whole(bye, bye), code: normal},
		{id: "7.1.3", what: "a ping after the close", parts: whole(bye, pingFrame("")), code: normal},
		{id: "7.1.4", what: "a text after the close", parts: whole(bye, text), code: normal},
		{id: "7.1.5", what: "a close between two fragments", parts: whole(start, bye, rest), code: normal},
		// Here the first message alone exceeds the limit.
		{id: "7.1.6", what: "256 KiB, a text, a close, a ping", parts: whole(huge, text, bye, pingFrame("")), code: tooBig},
		{id: "7.3.1", what: "a close without a payload", parts: whole(masked(finBit|opClose, "")), code: noCode},
		{id: "7.3.2", what: "a close with a payload of one byte", parts: whole(masked(finBit|opClose, "\x03")), code: violation},
		{id: "7.3.3", what: "a close with a code", parts: whole(bye), code: normal},
		{id: "7.3.4", what: "a close with a reason", parts: whole(closeFrame(normal, "Hello World!")), code: normal},
		{id: "7.3.5", what: "a close with a reason of 123 bytes", parts: whole(closeFrame(normal, strings.Repeat("*", 123))), code: normal},
		{id: "7.3.6", what: "a close with a reason of 124 bytes", parts: whole(closeFrame(normal, strings.Repeat("*", 124))), code: violation},
		{id: "7.5.1", what: "a close whose reason is not UTF-8", parts: whole(closeFrame(normal, greek+"\xed\xa0\x80edited")), code: noUTF8},
		{id: "7.13.1", what: "a close with the code 5000", parts: whole(closeFrame(5000, "")), code: violation},
		{id: "7.13.2", what: "a close with the code 65535", parts: whole(closeFrame(65535, "")), code: violation},
		{id: "7/chopped", what: "a text, then a close, byte by byte", parts: whole(text, bye), chop: 1, ids: []int{1}, code: normal},
	}
	for i, code := range []int{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999} {
		cases = append(cases, autobahnCase{id: fmt.Sprintf("7.7.%d", i+1), what: fmt.Sprintf("a close with the code %d", code), parts: whole(closeFrame(code, "")), code: code})
	}
	for i, code := range []int{0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999} {
		cases = append(cases, autobahnCase{id: fmt.Sprintf("7.9.%d", i+1), what: fmt.Sprintf("a close with the code %d", code), parts: whole(closeFrame(code, "")), code: violation})
	}
	for i := range cases {
		cases[i].ends = cases[i].id != "7.1.6"
	}
	return cases
}

func limitsOfFrames() (cases []autobahnCase) {
	add := func(id, what string, chop int, data []byte) {
		cases = append(cases, autobahnCase{id: id, what: what, chop: chop, parts: whole(data), code: tooBig})
	}
	for i, size := range []int{64 << 10, 256 << 10, 1 << 20, 4 << 20, 8 << 20, 16 << 20} {
		add(fmt.Sprintf("9.1.%d", i+1), fmt.Sprintf("a text of %d KiB", size>>10), 0, textFrame(strings.Repeat("*", size)))
		add(fmt.Sprintf("9.2.%d", i+1), fmt.Sprintf("binary data of %d KiB", size>>10), 0, masked(finBit|opBinary, strings.Repeat("\xfe", size)))
	}
	for i, size := range []int{64, 256, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20} {
		add(fmt.Sprintf("9.3.%d", i+1), fmt.Sprintf("a text of 4 MiB in fragments of %d bytes", size), 0, inFragments(strings.Repeat("*", 4<<20), size))
	}
	for i, chop := range []int{64, 128, 256, 512, 1024, 2048} {
		add(fmt.Sprintf("9.5.%d", i+1), fmt.Sprintf("a text of 1 MiB in writes of %d bytes", chop), chop, textFrame(strings.Repeat("*", 1<<20)))
	}
	// The suite sends 1,000 messages in turn with the responses. A socket may send 100 commands a
	// second, so these are 20.
	for i, size := range []int{0, 16, 64, 256, 1024, 4096} {
		c := autobahnCase{id: fmt.Sprintf("9.7.%d", i+1), what: fmt.Sprintf("20 texts of %d bytes", size)}
		for id := 1; id <= 20; id++ {
			c.ids = append(c.ids, id)
			c.parts = append(c.parts, part{data: textFrame(command(id, size))})
		}
		cases = append(cases, c)
	}
	return append(
		cases,
		autobahnCase{id: "9/limit", what: "32 KiB in fragments of 4 KiB", parts: whole(inFragments(command(1, messageLimit), 4<<10)), ids: []int{1}},
		autobahnCase{id: "9/limit+1", what: "32 KiB and one byte in fragments of 4 KiB", parts: whole(inFragments(command(1, messageLimit+1), 4<<10)), code: tooBig},
		autobahnCase{id: "9/header", what: "the header of a frame of 2^40 bytes, and the limit", parts: whole(hugeHead, bytes.Repeat([]byte{'x'}, messageLimit+1)), code: tooBig},
		autobahnCase{id: "10.1.1", what: "64 KiB in fragments of 1300 bytes", parts: whole(inFragments(strings.Repeat("*", 64<<10), 1300)), code: tooBig},
		autobahnCase{id: "10.1/limit", what: "32 KiB in fragments of 1300 bytes", parts: whole(inFragments(command(1, messageLimit), 1300)), ids: []int{1}},
	)
}

// TestAutobahn sends the cases of the Autobahn test suite for a server of text messages without
// compression (sections 1 to 7, 9 and 10) to a node, directly and through nginx. 9.4, 9.6 and 9.8 repeat
// others with binary data, which is refused.
func TestAutobahn(t *testing.T) {
	t.Parallel()
	node := ownNode(t, "RATE_LIMIT_AUTH=100000")
	addr := strings.TrimPrefix(node.URL(), "http://")
	cases := slices.Concat(framing(), pings(), reservedBits(), opcodes(), fragmentation(), utf8Cases(), closes(), limitsOfFrames())
	for name, base := range map[string]string{"directly": node.URL(), "through nginx": testenv.ProxyTo(t, addr).URL()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bystander := dial(t, guest(t, base))
			t.Run("cases", func(t *testing.T) {
				const workers = 4
				for first := range workers {
					t.Run(fmt.Sprint(first), func(t *testing.T) {
						t.Parallel()
						c := guest(t, base)
						for i := first; i < len(cases); i += workers {
							if err := cases[i].run(t, c); err != nil {
								t.Errorf("%s, %s: %v", cases[i].id, cases[i].what, err)
							}
						}
					})
				}
			})
			if err := bystander.Do(ctx(t), "ping", wire.Ping{}, nil); err != nil {
				t.Errorf("the connection of another user was closed: %v", err)
			}
		})
	}
}

// lastID is the ID of the command that shows that a connection is open.
const lastID = 999

// run returns an error if the server deviates.
func (c autobahnCase) run(t *testing.T, user *client.Client) error {
	socket := rawOpen(t, user)
	defer socket.Close()
	received := &transcript{socket: socket}
	if c.code == stays {
		c.parts = append(slices.Clone(c.parts), part{data: textFrame(command(lastID, 0))})
		c.ids = append(slices.Clone(c.ids), lastID)
	}
	written := make(chan struct{})
	next := make(chan struct{}, len(c.pongs)+1)
	go func() {
		defer close(written)
		for _, part := range c.parts {
			if socket.writeChopped(part.data, c.chop) != nil {
				return
			}
			if part.pong {
				<-next
			}
		}
	}()
	defer func() { close(next); _ = socket.Close(); <-written }()
	for {
		opcode, done, err := received.read()
		if err != nil {
			return fmt.Errorf("after the pongs %q and the responses %v: %w", received.pongs, received.ids, err)
		}
		if done {
			break
		}
		if opcode == opPong {
			select {
			case next <- struct{}{}:
			default: // more pongs than expected
			}
		}
	}
	if received.code != c.code {
		return fmt.Errorf("the server closes with %d %q, want %d", received.code, received.reason, c.code)
	}
	if !slices.Equal(received.pongs, c.pongs) {
		return fmt.Errorf("pongs %q, want %q", received.pongs, c.pongs)
	}
	if !slices.Equal(received.ids, c.ids) {
		return fmt.Errorf("responses %v, want %v", received.ids, c.ids)
	}
	return received.end(c.ends, written)
}

// writeChopped writes data in writes of size bytes.
func (s *rawSocket) writeChopped(data []byte, size int) error {
	if size == 0 {
		size = max(len(data), 1)
	}
	for chunk := range slices.Chunk(data, size) {
		if _, err := s.Write(chunk); err != nil {
			return err
		}
	}
	return nil
}

// transcript is what a client has received.
type transcript struct {
	socket *rawSocket
	pongs  []string
	ids    []int
	code   int
	reason string
}

var responseID = regexp.MustCompile(`^\{"id":(\d+),"type":"(?:pong|error)"`)

// read reads one frame. It reports true after the server's close frame, or after the response to the
// last command.
func (r *transcript) read() (opcode byte, done bool, err error) {
	opcode, payload, err := readServerFrame(r.socket.in)
	if err != nil {
		return 0, false, err
	}
	switch opcode {
	case opPong:
		r.pongs = append(r.pongs, payload)
	case opText:
		for line := range strings.SplitSeq(payload, "\n") {
			if found := responseID.FindStringSubmatch(line); found != nil {
				id, _ := strconv.Atoi(found[1])
				r.ids = append(r.ids, id)
				done = done || id == lastID
			} else if !strings.HasPrefix(line, `{"type":"connected"`) {
				return 0, false, fmt.Errorf("received %.100s", line)
			}
		}
	case opClose:
		r.code = noCode
		if len(payload) >= 2 {
			r.code, r.reason = int(binary.BigEndian.Uint16([]byte(payload))), payload[2:]
		}
		done = true
	}
	return opcode, done, nil
}

// end completes the close. The server must end the connection, without a reset: a reset may take the
// close frame from the client.
func (r *transcript) end(ends bool, written <-chan struct{}) error {
	if r.code == tooBig { // the client sends more than the server discards
		return nil
	}
	<-written
	if !ends {
		r.socket.send(closeFrame(normal, ""))
	}
	if r.code == stays {
		if _, _, err := r.read(); err != nil {
			return fmt.Errorf("answer to the close frame: %w", err)
		}
		if r.code != normal {
			return fmt.Errorf("the close is answered with %d, want 1000", r.code)
		}
	}
	rest, err := io.ReadAll(r.socket.in)
	if err != nil {
		return fmt.Errorf("after the close frame: %w", err)
	}
	if len(rest) > 0 {
		return fmt.Errorf("after the close frame: %q, want the end of the connection", rest)
	}
	return nil
}

// readServerFrame reads a frame and checks the rules for a server: it does not mask and sets no
// reserved bit, and this server does not fragment.
func readServerFrame(in io.Reader) (opcode byte, payload string, err error) {
	var head [8]byte
	if _, err := io.ReadFull(in, head[:2]); err != nil {
		return 0, "", err
	}
	opcode = head[0] & 0xf
	if head[0]&0xf0 != finBit || head[1]&0x80 != 0 {
		return 0, "", fmt.Errorf("invalid frame header %x", head[:2])
	}
	size := uint64(head[1])
	switch size {
	case 126:
		_, err = io.ReadFull(in, head[:2])
		size = uint64(binary.BigEndian.Uint16(head[:2]))
	case 127:
		_, err = io.ReadFull(in, head[:8])
		size = binary.BigEndian.Uint64(head[:8])
	}
	switch {
	case err != nil:
		return 0, "", err
	case size > 1<<20:
		return 0, "", fmt.Errorf("a frame of %d bytes", size)
	}
	data := make([]byte, size)
	_, err = io.ReadFull(in, data)
	return opcode, string(data), err
}

// TestViolationsCostLittle lets many clients violate the protocol, and measures the node's memory while
// the clients keep their connections.
func TestViolationsCostLittle(t *testing.T) {
	t.Parallel()
	const sockets, most = 200, 128 << 10 // bytes per connection, its ordinary cost included
	node := ownNode(t, "RATE_LIMIT_AUTH=100000", "MAX_SOCKETS_PER_IP=10000")
	var users []*client.Client
	for range sockets / 20 {
		users = append(users, guest(t, node.URL()))
	}
	before := residentBytes(t, node.Pid())
	large := bytes.Repeat([]byte{'x'}, messageLimit+1)
	for i := range sockets {
		socket := rawOpen(t, users[i/20])
		if i%2 == 0 {
			socket.send(append(hugeHead, large...))
			if code := socket.closeCode(); code != tooBig {
				t.Fatalf("socket %d: closed with %d, want 1009", i, code)
			}
			continue
		}
		// A message that is not completed occupies a buffer of its size.
		socket.send(masked(opText, string(large[1:])))
		socket.send(pingFrame(""))
		if _, err := socket.in.ReadString(0x8a); err != nil {
			t.Fatal(err)
		}
	}
	if each := (residentBytes(t, node.Pid()) - before) / sockets; each > most {
		t.Errorf("a connection costs %d bytes, want at most %d", each, most)
	} else {
		t.Logf("a connection costs %d bytes", each)
	}
}

// residentBytes returns the resident memory of a process.
func residentBytes(t *testing.T, pid int) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Skip("this system has no /proc")
	}
	found := regexp.MustCompile(`VmRSS:\s+(\d+) kB`).FindSubmatch(status)
	if found == nil {
		t.Fatalf("no VmRSS in %s", status)
	}
	kB, _ := strconv.Atoi(string(found[1]))
	return kB << 10
}
