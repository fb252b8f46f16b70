// Package strictjson decodes JSON from strangers. encoding/json takes a key twice
// and keeps the last, takes keys in any case, nests 10,000 deep, and turns broken
// Unicode into U+FFFD; here each of these is an error that says where.
package strictjson

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"
)

// MaxDepth is how many objects and arrays may stand in each other.
const MaxDepth = 20

// Error is what is wrong with a document, in words fit for its sender.
type Error struct {
	Path   string // of the value at fault, such as "data.items[2].name"; "" is the whole
	Reason string // such as "is no known key"
	Offset int    // in bytes, near the fault
	Err    error  // what a decoder of ours said, if that is the cause; for the log
}

// Error is the path with the reason.
func (e *Error) Error() string {
	if e.Path == "" {
		return "the JSON " + e.Reason
	}
	return e.Path + " " + e.Reason
}

// Unwrap is the cause.
func (e *Error) Unwrap() error { return e.Err }

// Decode stores in v, a pointer, what data holds: exactly one JSON value, at most
// MaxDepth deep, of valid Unicode without NUL and lone surrogates, in which no
// object has a key twice. Where v is a struct, keys must be those of its fields,
// letter by letter. Every error is an *Error. It does not bound the size of data:
// who reads it does.
//
// A field that decodes itself (json.RawMessage, a type with UnmarshalJSON) is
// checked for all but unknown keys.
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

// explain turns what encoding/json says of a well-formed document into an Error.
func explain(err error) *Error {
	wrong, ok := errors.AsType[*json.UnmarshalTypeError](err)
	if !ok {
		return &Error{Reason: "holds a value that cannot be used", Err: err}
	}
	reason := "must be " + expected(wrong.Type)
	if strings.HasPrefix(wrong.Value, "number ") && isNumber(wrong.Type.Kind()) {
		reason += " within its range"
	}
	return &Error{Path: wrong.Field, Reason: reason, Offset: int(wrong.Offset), Err: err}
}

func isNumber(k reflect.Kind) bool { return k >= reflect.Int && k <= reflect.Float64 }

// expected names the JSON for a Go type.
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
