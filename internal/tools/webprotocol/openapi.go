package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
)

// document is the part of an OpenAPI document that the generator reads.
type document struct {
	Paths map[string]map[string]struct {
		RequestBody struct {
			Content map[string]struct {
				Schema schema `json:"schema"`
			} `json:"content"`
		} `json:"requestBody"`
	} `json:"paths"`
	Components struct {
		Schemas map[string]schema `json:"schemas"`
	} `json:"components"`
}

type schema struct {
	Ref                  string            `json:"$ref"`
	Type                 json.RawMessage   `json:"type"` // a name or a list of names
	Enum                 []string          `json:"enum"`
	Items                *schema           `json:"items"`
	Properties           map[string]schema `json:"properties"`
	AdditionalProperties json.RawMessage   `json:"additionalProperties"` // false or a schema
	Required             []string          `json:"required"`
	Description          string            `json:"description"`
}

// rules are the exceptions of the decoders, decoding.json.
type rules struct {
	// Defaults are the values of fields that a server may leave out, by schema.
	Defaults map[string]map[string]json.RawMessage `json:"defaults"`
	// OpenEnums are fields that accept unknown values.
	OpenEnums []string `json:"openEnums"`
	// ErrorCodes are fields that contain an error code.
	ErrorCodes []string `json:"errorCodes"`
	// Omit are fields that the client does not read.
	Omit []string `json:"omit"`
}

func readDocument(path string) (document, error) {
	var d document
	return d, readJSON(path, &d, false)
}

func readRules(path string) (rules, error) {
	var r rules
	return r, readJSON(path, &r, true)
}

func readJSON(path string, into any, strict bool) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	decoder := json.NewDecoder(file)
	if strict {
		decoder.DisallowUnknownFields()
	}
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// typeOf returns the JSON type of s and whether it may be null.
func (s schema) typeOf() (name string, nullable bool) {
	if json.Unmarshal(s.Type, &name) == nil {
		return name, false
	}
	var names []string
	if json.Unmarshal(s.Type, &names) != nil {
		return "", false
	}
	for _, n := range names {
		if n == "null" {
			nullable = true
		} else {
			name = n
		}
	}
	return name, nullable
}

// target returns the name of the schema that s refers to, or "".
func (s schema) target() string {
	return strings.TrimPrefix(s.Ref, "#/components/schemas/")
}

// requestOnly returns the schemas of request bodies. The client encodes them and
// needs no decoder.
func (d document) requestOnly() map[string]bool {
	names := map[string]bool{}
	for _, operations := range d.Paths {
		for _, operation := range operations {
			for _, content := range operation.RequestBody.Content {
				names[content.Schema.target()] = true
			}
		}
	}
	return names
}

// inOrder returns the names of all schemas, each after those that it refers to.
func (d document) inOrder() []string {
	var order []string
	seen := map[string]bool{}
	var visit func(name string)
	visit = func(name string) {
		if name == "" || seen[name] {
			return
		}
		seen[name] = true
		s := d.Components.Schemas[name]
		for _, field := range slices.Sorted(maps.Keys(s.Properties)) {
			property := s.Properties[field]
			visit(property.target())
			if property.Items != nil {
				visit(property.Items.target())
			}
		}
		order = append(order, name)
	}
	for _, name := range slices.Sorted(maps.Keys(d.Components.Schemas)) {
		visit(name)
	}
	return order
}
