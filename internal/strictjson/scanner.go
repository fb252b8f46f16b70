package strictjson

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
)

// The reasons of errors, which follow the path.
const (
	reasonSyntax    = "is not valid JSON"
	reasonTrailing  = "is followed by more data"
	reasonDepth     = "is nested too deeply"
	reasonDuplicate = "is a duplicate key"
	reasonUnknown   = "is an unknown key"
	reasonControl   = "contains a control character"
	reasonNUL       = "contains a NUL character"
	reasonSurrogate = "contains half a surrogate pair"
)

// fewKeys is the number of an object's keys up to which they are compared one by one. For more keys a
// map is used, because the comparisons would be quadratic.
const fewKeys = 16

// scanner scans a document once. It allocates only for keys with escapes, objects with many keys, and
// errors.
type scanner struct {
	data []byte
	pos  int
	keys [][]byte // of all open objects, innermost last

	path  [MaxDepth]segment
	depth int
}

// segment is one step of a path: a key, or the index in an array if key is nil.
type segment struct {
	key   []byte
	index int
}

func (s *scanner) fault(reason string) *Error {
	var path strings.Builder
	for _, step := range s.path[:min(s.depth, MaxDepth)] {
		switch {
		case step.index >= 0:
			path.WriteString("[" + strconv.Itoa(step.index) + "]")
		case step.key != nil:
			if path.Len() > 0 {
				path.WriteByte('.')
			}
			path.Write(shorten(step.key))
		}
	}
	return &Error{Path: path.String(), Reason: reason, Offset: s.pos}
}

// shorten limits the length of a client's key in an error to about 40 bytes, cut at a character
// boundary.
func shorten(key []byte) []byte {
	const most = 40
	if len(key) <= most {
		return key
	}
	return append(bytes.ToValidUTF8(key[:most:most], nil), "…"...)
}

func (s *scanner) document(want *shape) error {
	if err := s.value(want); err != nil {
		return err
	}
	if s.next(); s.pos < len(s.data) {
		return s.fault(reasonTrailing)
	}
	return nil
}

// next skips space and returns the next byte, or 0 at the end.
func (s *scanner) next() byte {
	for s.pos < len(s.data) {
		switch c := s.data[s.pos]; c {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return c
		}
	}
	return 0
}

func (s *scanner) value(want *shape) *Error {
	switch c := s.next(); {
	case c == '{':
		return s.enter(want, s.object)
	case c == '[':
		return s.enter(want, s.array)
	case c == '"':
		_, err := s.text()
		return err
	case c == '-', c >= '0' && c <= '9':
		return s.number()
	}
	for _, word := range [...]string{"true", "false", "null"} {
		if bytes.HasPrefix(s.data[s.pos:], []byte(word)) {
			s.pos += len(word)
			return nil
		}
	}
	return s.fault(reasonSyntax)
}

// enter scans an object or array, one level deeper.
func (s *scanner) enter(want *shape, inside func(*shape) *Error) *Error {
	if s.depth == MaxDepth {
		return s.fault(reasonDepth)
	}
	s.pos++
	s.path[s.depth] = segment{index: -1}
	s.depth++
	if err := inside(want); err != nil {
		return err
	}
	s.depth--
	return nil
}

func (s *scanner) array(want *shape) *Error {
	if s.next() == ']' {
		s.pos++
		return nil
	}
	var elem *shape
	if want != nil {
		elem = want.elem
	}
	for i := 0; ; i++ {
		s.path[s.depth-1].index = i
		if err := s.value(elem); err != nil {
			return err
		}
		switch s.next() {
		case ',':
			s.pos++
		case ']':
			s.pos++
			return nil
		default:
			return s.fault(reasonSyntax)
		}
	}
}

func (s *scanner) object(want *shape) *Error {
	if s.next() == '}' {
		s.pos++
		return nil
	}
	first := len(s.keys)
	var many map[string]struct{}
	for {
		key, err := s.key()
		if err != nil {
			return err
		}
		if many, err = s.note(key, first, many); err != nil {
			return err
		}
		inner, err := s.inner(want, key)
		if err != nil {
			return err
		}
		if err := s.value(inner); err != nil {
			return err
		}
		s.path[s.depth-1].key = nil
		switch s.next() {
		case ',':
			s.pos++
		case '}':
			s.pos++
			s.keys = s.keys[:first]
			return nil
		default:
			return s.fault(reasonSyntax)
		}
	}
}

// key reads a key and its colon and appends it to the path.
func (s *scanner) key() ([]byte, *Error) {
	if s.next() != '"' {
		return nil, s.fault(reasonSyntax)
	}
	start := s.pos
	escaped, err := s.text()
	if err != nil {
		return nil, err
	}
	key := s.data[start+1 : s.pos-1]
	if escaped {
		// "\u0061" is the same key as "a".
		var plain string
		if err := json.Unmarshal(s.data[start:s.pos], &plain); err != nil {
			return nil, s.fault(reasonSyntax)
		}
		key = []byte(plain)
	}
	s.path[s.depth-1].key = key
	if s.next() != ':' {
		return nil, s.fault(reasonSyntax)
	}
	s.pos++
	return key, nil
}

// note adds key to the keys of the object, which begin at first. It fails if key is a duplicate. Beyond
// fewKeys, the keys are kept in many.
func (s *scanner) note(key []byte, first int, many map[string]struct{}) (map[string]struct{}, *Error) {
	if many == nil && len(s.keys)-first == fewKeys {
		many = make(map[string]struct{}, 4*fewKeys)
		for _, k := range s.keys[first:] {
			many[string(k)] = struct{}{}
		}
	}
	if many != nil {
		if _, twice := many[string(key)]; twice {
			return many, s.fault(reasonDuplicate)
		}
		many[string(key)] = struct{}{}
		return many, nil
	}
	for _, k := range s.keys[first:] {
		if bytes.Equal(k, key) {
			return nil, s.fault(reasonDuplicate)
		}
	}
	s.keys = append(s.keys, key)
	return nil, nil
}

// inner returns the shape of key's value in an object of shape want.
func (s *scanner) inner(want *shape, key []byte) (*shape, *Error) {
	switch {
	case want == nil:
		return nil, nil
	case want.fields == nil:
		return want.elem, nil
	}
	field, known := want.fields[string(key)]
	if !known {
		return nil, s.fault(reasonUnknown)
	}
	return field, nil
}

// number parses -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?
func (s *scanner) number() *Error {
	s.skip('-')
	if !s.skip('0') && s.digits() == 0 {
		return s.fault(reasonSyntax)
	}
	if s.skip('.') && s.digits() == 0 {
		return s.fault(reasonSyntax)
	}
	if s.skip('e') || s.skip('E') {
		if !s.skip('+') {
			s.skip('-')
		}
		if s.digits() == 0 {
			return s.fault(reasonSyntax)
		}
	}
	return nil
}

func (s *scanner) skip(c byte) bool {
	if s.pos < len(s.data) && s.data[s.pos] == c {
		s.pos++
		return true
	}
	return false
}

func (s *scanner) digits() (n int) {
	for s.pos < len(s.data) && s.data[s.pos] >= '0' && s.data[s.pos] <= '9' {
		s.pos++
		n++
	}
	return n
}
