package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// field is a field of a schema in TypeScript.
type field struct {
	name, doc, typ, decoder string
	optional                bool
}

// writer writes one schema after the other.
type writer struct {
	strings.Builder

	rules rules
	used  map[string]bool // the rules that apply to a field, to find misspelled ones
}

func wireFile(d document, r rules) (string, error) {
	w := &writer{rules: r, used: map[string]bool{}}
	requestOnly := d.requestOnly()
	for _, name := range d.inOrder() {
		fields, err := w.fields(name, d.Components.Schemas[name])
		if err != nil {
			return "", fmt.Errorf("%s: %w", name, err)
		}
		w.writeInterface(name, fields)
		if !requestOnly[name] {
			w.writeDecoder(name, fields)
		}
	}
	if unused := w.unusedRules(); len(unused) > 0 {
		return "", fmt.Errorf("decoding.json contains unknown fields: %s", strings.Join(unused, ", "))
	}
	return header + `import type { ErrorCode } from './errorCodes.generated';
import { boolean, type Decode, decodeErrorCode, list, nullable, number, object, oneOf, optional, record, string, withDefault } from './guards';
` + w.String(), nil
}

func (w *writer) fields(name string, s schema) ([]field, error) {
	var fields []field
	for _, key := range slices.Sorted(maps.Keys(s.Properties)) {
		id := name + "." + key
		if w.applies(w.rules.Omit, id) {
			continue
		}
		property := s.Properties[key]
		f := field{name: key, doc: property.Description, optional: !slices.Contains(s.Required, key)}
		var err error
		if f.typ, f.decoder, err = w.translate(id, property); err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		kind, _ := property.typeOf()
		value, hasDefault := w.rules.Defaults[name][key]
		switch {
		case hasDefault:
			w.used[id] = true
			f.optional = false
			if kind != "array" { // a list decoder accepts a missing list
				f.decoder = fmt.Sprintf("withDefault(%s, %s)", f.decoder, literal(value))
			}
		case f.optional:
			f.decoder = fmt.Sprintf("optional(%s)", f.decoder)
		}
		fields = append(fields, f)
	}
	return fields, nil
}

// translate returns the TypeScript type and the decoder of a property.
func (w *writer) translate(id string, s schema) (typ, decoder string, err error) {
	if w.applies(w.rules.ErrorCodes, id) {
		return "ErrorCode", "decodeErrorCode", nil
	}
	kind, nullable := s.typeOf()
	switch {
	case s.Ref != "":
		typ, decoder = s.target(), "decode"+s.target()
	case len(s.Enum) > 0 && !w.applies(w.rules.OpenEnums, id):
		values := "'" + strings.Join(s.Enum, "', '") + "'"
		typ, decoder = strings.ReplaceAll(values, ", ", " | "), "oneOf("+values+")"
	case kind == "array" && s.Items != nil:
		item, decodeItem, err := w.translate(id, *s.Items)
		if err != nil {
			return "", "", err
		}
		return "(" + item + ")[]", "list(" + decodeItem + ")", nil
	case kind == "object":
		var values schema
		if json.Unmarshal(s.AdditionalProperties, &values) != nil {
			return "", "", fmt.Errorf("an object without a schema of its own")
		}
		value, decodeValue, err := w.translate(id, values)
		if err != nil {
			return "", "", err
		}
		typ, decoder = "Record<string, "+value+">", "record("+decodeValue+")"
	case kind == "string", kind == "boolean":
		typ, decoder = kind, kind
	case kind == "integer", kind == "number":
		typ, decoder = "number", "number"
	default:
		return "", "", fmt.Errorf("unknown type %s", s.Type)
	}
	if nullable {
		typ, decoder = typ+" | null", "nullable("+decoder+")"
	}
	return typ, decoder, nil
}

func (w *writer) writeInterface(name string, fields []field) {
	if len(fields) == 0 {
		fmt.Fprintf(w, "\nexport type %s = Record<string, never>;\n", name)
		return
	}
	fmt.Fprintf(w, "\nexport interface %s {\n", name)
	for _, f := range fields {
		if f.doc != "" {
			fmt.Fprintf(w, "  /** %s */\n", strings.ReplaceAll(f.doc, "\n", " "))
		}
		mark := ""
		if f.optional {
			mark = "?"
		}
		typ := f.typ
		if inner, ok := strings.CutPrefix(typ, "("); ok && !strings.Contains(inner, " ") {
			typ = strings.Replace(inner, ")", "", 1)
		}
		fmt.Fprintf(w, "  %s%s: %s;\n", f.name, mark, typ)
	}
	w.WriteString("}\n")
}

func (w *writer) writeDecoder(name string, fields []field) {
	fmt.Fprintf(w, "\nexport const decode%s: Decode<%s> = object<%s>({", name, name, name)
	for _, f := range fields {
		fmt.Fprintf(w, "\n  %s: %s,", f.name, f.decoder)
	}
	if len(fields) > 0 {
		w.WriteString("\n")
	}
	w.WriteString("});\n")
}

func (w *writer) applies(ids []string, id string) bool {
	if !slices.Contains(ids, id) {
		return false
	}
	w.used[id] = true
	return true
}

func (w *writer) unusedRules() []string {
	ids := slices.Concat(w.rules.Omit, w.rules.OpenEnums, w.rules.ErrorCodes)
	for name, defaults := range w.rules.Defaults {
		for key := range defaults {
			ids = append(ids, name+"."+key)
		}
	}
	return slices.Sorted(slices.Values(slices.DeleteFunc(ids, func(id string) bool { return w.used[id] })))
}

// literal returns a JSON value in the quotes of our TypeScript.
func literal(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) == nil {
		return "'" + text + "'"
	}
	return string(value)
}
