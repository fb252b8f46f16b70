// Package strictjson decodes untrusted JSON. encoding/json accepts duplicate keys and keeps the last,
// accepts keys in any case, nests 10,000 levels deep, and replaces invalid Unicode by U+FFFD. Here each
// of these is an error with a location.
package strictjson

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"
)

// MaxDepth is the maximum nesting of objects and arrays.
const MaxDepth = 20

// Error describes what is wrong with a document. Its text is suitable for the sender.
type Error struct {
	Path   string // of the invalid value, such as "data.items[2].name"; "" is the whole document
	Reason string // such as "is an unknown key"
	Offset int    // in bytes, near the error
	Err    error  // the error of our own decoder, if that is the cause; for the log
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

// Decode stores data in v, a pointer. data must be exactly one JSON value, at most MaxDepth deep, of
// valid Unicode without NUL and lone surrogates, and without duplicate keys in an object. The keys of a
// struct must match its fields exactly. Every error is an *Error. Decode does not limit the size of
// data; the caller must do so.
//
// A field that decodes itself (json.RawMessage, or a type with UnmarshalJSON) is checked for everything
// except unknown keys.
func Decode(data []byte, v any) error {
	t := reflect.TypeOf(v)
	if t == nil || t.Kind() != reflect.Pointer {
		return &Error{Reason: "cannot be stored", Err: fmt.Errorf("decode into %T, want a pointer", v)}
	}
	if !utf8.Valid(data) {
		return &Error{Reason: "is not valid UTF-8"}
	}
	var keys [16][]byte
	s := scanner{data: data, keys: keys[:0]}
	if err := s.document(shapeOf(t.Elem())); err != nil {
		return err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return explain(err)
	}
	return nil
}

// explain converts an error of encoding/json about a well-formed document to an Error.
func explain(err error) *Error {
	wrong, ok := errors.AsType[*json.UnmarshalTypeError](err)
	if !ok {
		return &Error{Reason: "contains an invalid value", Err: err}
	}
	reason := "must be " + expected(wrong.Type)
	if strings.HasPrefix(wrong.Value, "number ") && isNumber(wrong.Type.Kind()) {
		reason += " within its range"
	}
	return &Error{Path: wrong.Field, Reason: reason, Offset: int(wrong.Offset), Err: err}
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
