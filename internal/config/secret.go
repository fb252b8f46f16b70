package config

import "log/slog"

// hidden replaces a secret in every output.
const hidden = "…"

// Secret is a string that prints, logs and marshals as "…", or as "" if it is empty, so that a missing
// secret is visible. Only Reveal returns its value.
type Secret string

// Reveal returns the value.
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

// MarshalText hides the value from encoding/json and similar packages.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
