package config

import "log/slog"

// hidden stands in every output where a secret would.
const hidden = "…"

// Secret is a string that prints, logs and marshals as "…" (as "" when empty, so
// that a missing one can be told). Reveal is the only way to its value.
type Secret string

// Reveal is the value itself, for the one who must present it.
func (s Secret) Reveal() string { return string(s) }

// String hides the value from fmt's verbs.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return hidden
}

// GoString hides the value from %#v.
func (s Secret) GoString() string { return `"` + s.String() + `"` }

// LogValue hides the value from slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText hides the value from encoding/json and its like.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
