package backup

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/chillin-chat/chillin/internal/store"
)

// appendRow appends a row as a JSON array with a line feed.
func appendRow(line []byte, columns []store.Column, row []any) ([]byte, error) {
	line = append(line, '[')
	for i, c := range columns {
		if i > 0 {
			line = append(line, ',')
		}
		var err error
		if line, err = appendValue(line, c.Kind, row[i]); err != nil {
			return nil, fmt.Errorf("column %s: %w", c.Name, err)
		}
	}
	return append(line, ']', '\n'), nil
}

func appendValue(line []byte, kind store.Kind, value any) ([]byte, error) {
	if value == nil {
		return append(line, "null"...), nil
	}
	switch v := value.(type) {
	case int64:
		switch kind {
		case store.Integer:
			return strconv.AppendInt(line, v, 10), nil
		case store.Boolean: // SQLite stores numbers
			return strconv.AppendBool(line, v != 0), nil
		}
	case bool:
		if kind == store.Boolean {
			return strconv.AppendBool(line, v), nil
		}
	case string:
		if kind == store.Text {
			return appendText(line, v)
		}
	case float64:
		if kind == store.Real {
			return strconv.AppendFloat(line, v, 'g', -1, 64), nil
		}
	case []byte:
		if kind == store.Bytes {
			line = append(line, '"')
			line = base64.StdEncoding.AppendEncode(line, v)
			return append(line, '"'), nil
		}
	}
	return nil, fmt.Errorf("%T is not a value of kind %s", value, kind)
}

func appendText(line []byte, text string) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(text); err != nil {
		return nil, err
	}
	return append(line, bytes.TrimSuffix(out.Bytes(), []byte("\n"))...), nil
}

// parseRow is the inverse of appendRow.
func parseRow(line []byte, columns []store.Column) ([]any, error) {
	var raw []json.RawMessage
	if err := json.Unmarshal(line, &raw); err != nil {
		return nil, err
	}
	if len(raw) != len(columns) {
		return nil, fmt.Errorf("a row has %d values, want %d", len(raw), len(columns))
	}
	row := make([]any, len(raw))
	for i, c := range columns {
		var err error
		if row[i], err = parseValue(raw[i], c.Kind); err != nil {
			return nil, fmt.Errorf("column %s: %w", c.Name, err)
		}
	}
	return row, nil
}

func parseValue(raw json.RawMessage, kind store.Kind) (any, error) {
	if string(raw) == "null" {
		return nil, nil
	}
	switch kind {
	case store.Integer:
		return decode[int64](raw)
	case store.Boolean:
		return decode[bool](raw)
	case store.Real:
		return decode[float64](raw)
	case store.Bytes:
		return decode[[]byte](raw)
	case store.Text:
		return decode[string](raw)
	}
	return nil, errors.New("unknown kind of values")
}

func decode[T any](raw json.RawMessage) (any, error) {
	var v T
	err := json.Unmarshal(raw, &v)
	return v, err
}
