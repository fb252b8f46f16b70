package strictjson

import (
	"encoding"
	"encoding/json"
	"reflect"
	"strings"
	"sync"
)

// shape contains the keys that a Go type accepts in its JSON. A nil shape accepts all.
type shape struct {
	fields map[string]*shape // of a struct: the known keys
	elem   *shape            // of an array, slice or map
}

// shapes caches the shape of each decoded type. The set is limited: these are the request types.
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

// build returns the shape of t. Recursive types are resolved with known.
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

// addFields adds the fields of struct t with the rules of encoding/json: the fields of an embedded
// struct without a name are promoted, but do not replace fields at a shallower depth.
func (s *shape) addFields(t reflect.Type, known map[reflect.Type]*shape) {
	var promoted []reflect.Type
	for field := range t.Fields() {
		tag := field.Tag.Get("json")
		name, _, _ := strings.Cut(tag, ",")
		if tag == "-" {
			continue
		}
		if embedded := structOf(field.Type); field.Anonymous && name == "" && embedded != nil {
			promoted = append(promoted, embedded)
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
	for _, embedded := range promoted {
		s.addFields(embedded, known)
	}
}

// structOf returns t, or the type that t points to, if that is a struct.
func structOf(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	return t
}
