// Package markup converts user input into text that is safe to store and display: clean text, clean
// names, and harmless HTML.
//
// Lengths are code points after cleaning: clients can count them ([...text].length), and database
// columns count the same.
package markup

import "errors"

// The reasons to refuse a text. They are suitable for users.
var (
	ErrEmpty      = errors.New("there is nothing in it")
	ErrTooShort   = errors.New("too short")
	ErrTooLong    = errors.New("too long")
	ErrCharacters = errors.New("only letters, digits, _, - and . are allowed")
	ErrLookalike  = errors.New("contains letters that look like those of another alphabet")
)
