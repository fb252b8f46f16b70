package chat

import (
	"errors"
	"fmt"
	"time"
)

// Code is the kind of an error. It is part of the contract with clients. Package api maps it
// to an HTTP status, package gateway puts it into an error frame.
type Code string

const (
	BadRequest       Code = "BAD_REQUEST"
	Unauthenticated  Code = "UNAUTHENTICATED"
	Forbidden        Code = "FORBIDDEN"
	NotFound         Code = "NOT_FOUND"
	NotAMember       Code = "NOT_A_MEMBER"
	WrongPassword    Code = "WRONG_PASSWORD"
	PasswordRequired Code = "PASSWORD_REQUIRED"
	UsernameTaken    Code = "USERNAME_TAKEN"
	EmailTaken       Code = "EMAIL_TAKEN"
	RoomNameTaken    Code = "ROOM_NAME_TAKEN"
	CIDConflict      Code = "CID_CONFLICT"
	TooLong          Code = "TOO_LONG"
	Empty            Code = "EMPTY"
	RateLimited      Code = "RATE_LIMITED"
	TooLarge         Code = "TOO_LARGE"
	QuotaExceeded    Code = "QUOTA_EXCEEDED"
	UnsupportedMedia Code = "UNSUPPORTED_MEDIA"
	Unavailable      Code = "UNAVAILABLE"
	Internal         Code = "INTERNAL"
)

// Error is an error that is shown to users. Every other error is internal: it is logged in
// full and shown as "Something went wrong."
type Error struct {
	Code Code
	// Text says what happened and what to do, in one or two sentences.
	Text string
	// Field is the JSON name of the invalid input, such as "username"; "" for none.
	Field string
	// RetryAfter is the time until the same request may be sent again. It is set for
	// RateLimited and Unavailable, and for a Forbidden that ends by itself.
	RetryAfter time.Duration
	// Err is the cause. It is only logged.
	Err error
}

func (e *Error) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s: %s: %v", e.Code, e.Text, e.Err)
	}
	return fmt.Sprintf("%s: %s", e.Code, e.Text)
}

func (e *Error) Unwrap() error { return e.Err }

// Errorf returns an Error with the given code and text.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Text: fmt.Sprintf(format, args...)}
}

// WithField sets the name of the invalid input and returns e.
func (e *Error) WithField(field string) *Error {
	e.Field = field
	return e
}

// CodeOf returns the code of the first Error in err's chain, Internal if there is none.
func CodeOf(err error) Code {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return Internal
}

// ErrNotFound is NOT_FOUND, for everything that does not exist and for everything that the
// caller may not see. A caller must not be able to distinguish the two.
func ErrNotFound() *Error { return Errorf(NotFound, "Not found.") }

// ErrNotAMember is NOT_A_MEMBER, for callers that may see the room.
func ErrNotAMember() *Error {
	return Errorf(NotAMember, "You are not a member of this room. Join it first.")
}

// RequestBudget is the time limit of a command, of a request and of a unit of work of the
// store: while the database, Redis or S3 is unreachable the client gets UNAVAILABLE within
// two seconds.
const RequestBudget = 1900 * time.Millisecond

// ErrUnavailable is UNAVAILABLE: something that the request needs is unreachable or busy. The
// same request may be sent again in a second.
func ErrUnavailable(cause error) *Error {
	return &Error{Code: Unavailable, Text: "The server is temporarily unavailable. Please try again.", RetryAfter: time.Second, Err: cause}
}

// ErrRateLimited is RATE_LIMITED: reason says what was too much, such as "Too many requests.",
// and the text adds when the same request may be sent again.
func ErrRateLimited(reason string, after time.Duration) *Error {
	seconds := max(1, (after+time.Second-1)/time.Second)
	return &Error{Code: RateLimited, Text: fmt.Sprintf("%s Try again in %d s.", reason, seconds), RetryAfter: after}
}
