// Package markup turns what people type into what may be stored and shown: clean
// text, clean names, and HTML that cannot do harm.
//
// Lengths are counted in code points after cleaning: that is what clients can
// count themselves ([...text].length) and what a database column holds.
package markup

import "errors"

// The ways in which typed text cannot be used. Their texts are fit for people.
var (
	ErrEmpty      = errors.New("there is nothing in it")
	ErrTooShort   = errors.New("it is too short")
	ErrTooLong    = errors.New("it is too long")
	ErrCharacters = errors.New("only letters, digits, _ - and . may be used")
	ErrLookalike  = errors.New("its letters look like those of another alphabet")
)
