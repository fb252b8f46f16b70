package strictjson

import (
	"strconv"
	"unicode/utf16"
)

// text reads a string including its quotes. It reports whether the string has escapes.
func (s *scanner) text() (escaped bool, _ *Error) {
	for s.pos++; s.pos < len(s.data); {
		switch c := s.data[s.pos]; {
		case c == '"':
			s.pos++
			return escaped, nil
		case c == '\\':
			escaped = true
			if err := s.escape(); err != nil {
				return true, err
			}
		case c == 0:
			return escaped, s.fault(reasonNUL)
		case c < ' ':
			return escaped, s.fault(reasonControl)
		default:
			s.pos++
		}
	}
	return escaped, s.fault(reasonSyntax)
}

// escape reads one escape, or the two of a surrogate pair.
func (s *scanner) escape() *Error {
	if s.pos+1 >= len(s.data) {
		return s.fault(reasonSyntax)
	}
	switch s.data[s.pos+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.pos += 2
		return nil
	}
	r, ok := s.unit()
	switch {
	case !ok:
		return s.fault(reasonSyntax)
	case r == 0:
		return s.fault(reasonNUL)
	case !utf16.IsSurrogate(r):
		return nil
	}
	low, ok := s.unit()
	if !ok || utf16.DecodeRune(r, low) == '\uFFFD' {
		return s.fault(reasonSurrogate)
	}
	return nil
}

// unit reads \u with four hexadecimal digits.
func (s *scanner) unit() (rune, bool) {
	if s.pos+6 > len(s.data) || s.data[s.pos] != '\\' || s.data[s.pos+1] != 'u' {
		return 0, false
	}
	for _, c := range s.data[s.pos+2 : s.pos+6] {
		if (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'f') { // ParseUint would accept "_" and "+"
			return 0, false
		}
	}
	n, err := strconv.ParseUint(string(s.data[s.pos+2:s.pos+6]), 16, 16)
	s.pos += 6
	return rune(n), err == nil
}
