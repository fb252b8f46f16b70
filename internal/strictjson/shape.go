package strictjson

import (
	"encoding"
	"encoding/json"
	"reflect"
	"strings"
	"sync"
)

// shape is what a Go type asks of the keys in its JSON. A nil shape asks nothing.
type shape struct {
	fields map[string]*shape // of a struct: the keys there are
	elem   *shape            // of an array, slice or map
}

// shapes keeps the shape of each type that was ever decoded: a closed set, the
// requests that we know.
var shapes sync.Map // reflect.Type → *shape

func shapeOf(t reflect.Type) *shape {
	if s, ok := shapes.Load(t); ok {
		return s.(*shape)
	}
	s := build(t, map[reflect.Type]*shape{})
	shapes.Store(t, s)
	return s
}

var (
	jsonUnmarshaler = reflect.TypeFor[json.Unmarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// build makes the shape of t. A type within itself is found in known.
func build(t reflect.Type, known map[reflect.Type]*shape) *shape {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if p := reflect.PointerTo(t); p.Implements(jsonUnmarshaler) || p.Implements(textUnmarshaler) {
		return nil
	}
	if s, ok := known[t]; ok {
		return s
	}
	switch t.Kind() {
	case reflect.Slice, reflect.Array, reflect.Map:
		s := &shape{}
		known[t] = s
		s.elem = build(t.Elem(), known)
		return s
	case reflect.Struct:
		s := &shape{fields: map[string]*shape{}}
		known[t] = s
		s.addFields(t, known)
		return s
	}
	return nil
}

// addFields adds the fields of struct t as encoding/json sees them: an embedded
// struct without a name of its own lends its fields, but never over a nearer one.
func (s *shape) addFields(t reflect.Type, known map[reflect.Type]*shape) {
	var lent []reflect.Type
	for field := range t.Fields() {
		tag := field.Tag.Get("json")
		name, _, _ := strings.Cut(tag, ",")
		if tag == "-" {
			continue
		}
		if embedded := structOf(field.Type); field.Anonymous && name == "" && embedded != nil {
			lent = append(lent, embedded)
			continue
		}
		if !field.IsExported() {
			continue
		}
		if name == "" {
			name = field.Name
		}
		if _, nearer := s.fields[name]; !nearer {
			s.fields[name] = build(field.Type, known)
		}
	}
	for _, embedded := range lent {
		s.addFields(embedded, known)
	}
}

// structOf is t, or what t points to, if that is a struct.
func structOf(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	return t
}
