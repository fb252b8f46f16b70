// Package settings is the registry of all settings: one table of data. Package config reads the
// environment by it, package service the values that admins set at run time, and make generate writes
// .env.example and the tables of the documents from it.
package settings

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Type is the syntax of a value.
type Type string

// The types. Package config checks the further syntax of texts, lists and secrets, such as addresses.
const (
	Text    Type = "text"
	List    Type = "list"    // separated by commas
	Number  Type = "number"  // a whole number from Min to Max
	Size    Type = "size"    // MiB, as Number; admins can set fractions
	Boolean Type = "boolean" // true or false
	Choice  Type = "choice"  // one of Choices
	Secret  Type = "secret"  // can also come from the file that NAME_FILE names, and is never shown
)

// mib is the number of bytes of one unit of a Size.
const mib = 1 << 20

// Setting describes one setting.
type Setting struct {
	Name    string // of its variable in the environment
	Type    Type
	Default string // in the syntax of Type; "" for none
	// Min and Max are the range of a Number or Size. Max is also the greatest length of a Text, in
	// characters; 0 for none, which is only for the operator.
	Min, Max int
	Choices  []string // of a Choice
	Unit     string   // of a Number or Size
	// Admin is true if admins can change the setting while nodes run. All other settings belong to the
	// operator: they come from the environment only.
	Admin bool
	// Limit is its name among the limits of the API and in their table, in which sizes are bytes. It is
	// "" for a setting that is no limit.
	Limit string
	Label string // its name on the screen of the admins; only with Admin
	// Description is for operators and admins: full sentences. A line break stays in .env.example.
	Description string
}

// Area is a group of settings.
type Area struct {
	Name     string // the heading
	Summary  string // one line for README.md
	Text     string // the introduction in .env.example, or ""
	Settings []Setting
}

// Variables returns the names of the variables that set s.
func (s Setting) Variables() []string {
	if s.Type == Secret {
		return []string{s.Name, s.FileVariable()}
	}
	return []string{s.Name}
}

// FileVariable returns the name of the variable with the path of a file that contains a Secret.
func (s Setting) FileVariable() string { return s.Name + "_FILE" }

// Parse returns a value of the environment in its normal form, or an error that says what is expected.
// The text of a Secret is not for Parse: it stays as it is.
func (s Setting) Parse(text string) (string, error) {
	text = strings.TrimSpace(text)
	switch s.Type {
	case Number, Size:
		n, err := strconv.Atoi(text)
		if err != nil || n < s.Min || n > s.Max {
			return "", fmt.Errorf("%q is not a whole number from %d to %d", text, s.Min, s.Max)
		}
		return strconv.Itoa(n), nil
	case Boolean:
		return parseBoolean(text)
	case Choice:
		word := strings.ToLower(text)
		if !slices.Contains(s.Choices, word) {
			return "", fmt.Errorf("%q is not one of %s", word, strings.Join(s.Choices, ", "))
		}
		return word, nil
	case Text:
		if s.Max > 0 && (utf8.RuneCountInString(text) > s.Max || !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl)) {
			return "", fmt.Errorf("is not one line of at most %d characters", s.Max)
		}
	}
	return text, nil
}

func parseBoolean(text string) (string, error) {
	switch strings.ToLower(text) {
	case "true", "1", "yes", "on":
		return "true", nil
	case "false", "0", "no", "off":
		return "false", nil
	}
	return "", fmt.Errorf("%q is neither true nor false", text)
}

// ParseAdmin is Parse for a value that an admin sets or has set. fault is "" if it is valid, else a
// sentence that says what is expected.
func (s Setting) ParseAdmin(text string) (value, fault string) {
	if s.Type == Size {
		return s.parseFraction(strings.TrimSpace(text))
	}
	value, err := s.Parse(text)
	if err == nil {
		return value, ""
	}
	switch s.Type {
	case Number:
		return "", fmt.Sprintf("The value must be between %d and %d.", s.Min, s.Max)
	case Boolean:
		return "", "The value must be true or false."
	case Choice:
		return "", "The value must be one of " + strings.Join(s.Choices, ", ") + "."
	}
	return "", fmt.Sprintf("The value must have at most %d characters, on one line.", s.Max)
}

// parseFraction parses a number of MiB, which has at least one byte.
func (s Setting) parseFraction(text string) (value, fault string) {
	amount, err := strconv.ParseFloat(text, 64)
	bytes := math.Round(amount * mib)
	if err != nil || !(bytes >= 1 && bytes <= float64(s.Max)*mib) { // not a number is neither
		return "", fmt.Sprintf("The value must be a number above 0 and at most %d.", s.Max)
	}
	return formatSize(int(bytes)), ""
}

// MaxLimit returns the greatest value of a limit.
func (s Setting) MaxLimit() int {
	if s.Type == Size {
		return s.Max * mib
	}
	return s.Max
}

// FormatLimit returns the value of the setting for a value of its limit.
func (s Setting) FormatLimit(n int) string {
	if s.Type == Size {
		return formatSize(n)
	}
	return strconv.Itoa(n)
}

// ParseLimit returns the value of the limit for a valid value of its setting.
func (s Setting) ParseLimit(value string) int {
	amount, _ := strconv.ParseFloat(value, 64) // exact: limits are below 2^53
	if s.Type == Size {
		amount *= mib
	}
	return int(math.Round(amount))
}

// formatSize returns bytes in MiB.
func formatSize(bytes int) string { return strconv.FormatFloat(float64(bytes)/mib, 'f', -1, 64) }
