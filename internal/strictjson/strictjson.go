// Package strictjson decodes untrusted JSON with github.com/go-json-experiment/json. encoding/json
// accepts duplicate keys and keeps the last, accepts keys in any case, nests 10,000 levels deep, and
// replaces invalid Unicode by U+FFFD. Here each of these is an error with a location.
package strictjson

import (
	"bytes"
	stdjson "encoding/json"
	"errors"
	"io"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	jsonv1 "github.com/go-json-experiment/json/v1"
)

// MaxDepth is the maximum nesting of objects and arrays.
const MaxDepth = 20

// The reasons of errors, which follow the path.
const (
	reasonSyntax    = "is not valid JSON"
	reasonUTF8      = "is not valid UTF-8"
	reasonTrailing  = "is followed by more data"
	reasonDepth     = "is nested too deeply"
	reasonDuplicate = "is a duplicate key"
	reasonUnknown   = "is an unknown key"
	reasonControl   = "contains a control character"
	reasonNUL       = "contains a NUL character"
	reasonSurrogate = "contains half a surrogate pair"
	reasonInvalid   = "contains an invalid value"
)

// Error describes what is wrong with a document. Its text is suitable for the sender.
type Error struct {
	Path   string // of the invalid value, such as "data.items[2].name"; "" is the whole document
	Reason string // such as "is an unknown key"
	Offset int    // in bytes, near the error
	Err    error  // the error of the decoder; for the log
}

// Error returns the path and the reason.
func (e *Error) Error() string {
	if e.Path == "" {
		return "the JSON " + e.Reason
	}
	return e.Path + " " + e.Reason
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// The library would decode the Number of encoding/json as a string.
var lenient = json.JoinOptions(
	json.WithUnmarshalers(json.UnmarshalFromFunc(func(d *jsontext.Decoder, n *stdjson.Number) error {
		return (*jsonv1.Number)(n).UnmarshalJSONFrom(d)
	})),
)

var options = json.JoinOptions(lenient, json.RejectUnknownMembers(true))

// Decode stores data in v, a pointer. data must be exactly one JSON value, at most MaxDepth deep, of
// valid Unicode without NUL and lone surrogates, and without duplicate keys in an object. The keys of a
// struct must match its fields exactly. Every error is an *Error; v is then partly decoded. Decode does
// not limit the size of data; the caller must do so.
//
// A field that decodes itself (json.RawMessage, or a type with UnmarshalJSON) is checked for everything
// except unknown keys.
func Decode(data []byte, v any) error { return decode(data, v, options) }

// DecodeKnown is Decode for documents of other services: it ignores unknown keys.
func DecodeKnown(data []byte, v any) error { return decode(data, v, lenient) }

func decode(data []byte, v any, how json.Options) error {
	end, reason := scan(data)
	if err := json.Unmarshal(data[:end], v, how); err != nil {
		return explain(data[:end], err, reason)
	}
	return nil
}

// scan checks what the library does not: the depth and NUL. It returns the end of the part of data that
// the library may read, and the reason for an error if the value is incomplete there. At a violation the
// part ends inside a string or after an opening bracket. It is then never valid, and the library's error
// has the location.
func scan(data []byte) (end int, reason string) {
	depth := 0
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '{', '[':
			if depth++; depth > MaxDepth {
				return i + 1, reasonDepth
			}
		case '}', ']':
			depth--
		case '"':
			for i++; i < len(data) && data[i] != '"'; i++ {
				switch c := data[i]; {
				case c == '\\':
					if bytes.HasPrefix(data[i:], []byte(`\u0000`)) {
						return i, reasonNUL
					}
					i++ // the escaped character, which may be a quote
				case c == 0:
					return i, reasonNUL
				case c < ' ':
					return i, reasonControl
				}
			}
		}
	}
	return len(data), reasonSyntax
}

// explain converts an error of the library to an Error. incomplete is the reason if data ends too early.
func explain(data []byte, err error, incomplete string) *Error {
	if syntactic, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		offset := int(syntactic.ByteOffset)
		e := &Error{Path: pathOf(data, syntactic.JSONPointer), Offset: offset, Err: err}
		switch {
		case errors.Is(err, jsontext.ErrDuplicateName):
			e.Reason = reasonDuplicate
		case errors.Is(err, io.ErrUnexpectedEOF):
			e.Reason = incomplete
		case !utf8.Valid(data):
			e.Path, e.Reason = "", reasonUTF8
		case jsontext.Value(data[:offset]).IsValid():
			e.Reason = reasonTrailing
		case isUnicodeEscape(data[offset:]):
			e.Reason = reasonSurrogate
		default:
			e.Reason = reasonSyntax
		}
		return e
	}
	semantic, ok := errors.AsType[*json.SemanticError](err)
	if !ok {
		return &Error{Reason: reasonInvalid, Err: err}
	}
	e := &Error{Path: pathOf(data, semantic.JSONPointer), Offset: int(semantic.ByteOffset), Err: err}
	switch {
	case errors.Is(err, json.ErrUnknownName):
		e.Reason = reasonUnknown
	case semantic.Err == nil && semantic.GoType != nil:
		e.Reason = "must be " + expected(semantic.GoType)
	case semantic.JSONKind == '0' && (errors.Is(err, strconv.ErrRange) || errors.Is(err, strconv.ErrSyntax)):
		e.Reason = "must be " + expected(semantic.GoType) + " within its range"
	default:
		e.Path, e.Reason = "", reasonInvalid
	}
	return e
}

// isUnicodeEscape reports whether text begins with \u and four hexadecimal digits.
func isUnicodeEscape(text []byte) bool {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return false
	}
	_, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	return err == nil
}

// pathOf converts a JSON pointer to a path. It follows the pointer in data, because the pointer does not
// distinguish the index of an array from a key.
func pathOf(data []byte, pointer jsontext.Pointer) string {
	var path strings.Builder
	d := jsontext.NewDecoder(bytes.NewReader(data), jsontext.AllowDuplicateNames(true))
	for token := range pointer.Tokens() {
		open, err := d.ReadToken()
		if err != nil {
			break
		}
		if open.Kind() == '[' {
			index, _ := strconv.Atoi(token)
			for i := 0; i < index && err == nil; i++ {
				err = d.SkipValue()
			}
			path.WriteString("[" + token + "]")
			continue
		}
		for {
			key, err := d.ReadToken()
			if err != nil || key.Kind() != '"' || key.String() == token {
				break
			}
			if d.SkipValue() != nil {
				break
			}
		}
		if path.Len() > 0 {
			path.WriteByte('.')
		}
		path.WriteString(shorten(token))
	}
	return path.String()
}

// shorten limits the length of a client's key in an error to about 40 bytes, cut at a character
// boundary.
func shorten(key string) string {
	const most = 40
	if len(key) <= most {
		return key
	}
	return strings.ToValidUTF8(key[:most], "") + "…"
}

func isNumber(k reflect.Kind) bool { return k >= reflect.Int && k <= reflect.Float64 }

// expected returns the JSON type for a Go type.
func expected(t reflect.Type) string {
	switch k := t.Kind(); {
	case k == reflect.Bool:
		return "true or false"
	case k == reflect.Float32, k == reflect.Float64:
		return "a number"
	case isNumber(k):
		return "a whole number"
	case k == reflect.String:
		return "a string"
	case k == reflect.Slice, k == reflect.Array:
		return "an array"
	case k == reflect.Struct, k == reflect.Map:
		return "an object"
	}
	return "another kind of value"
}
