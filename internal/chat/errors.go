package chat

import (
	"errors"
	"fmt"
	"time"
)

// Code is what kind of error a person or program meets. The wire shows it as it
// is; the api turns it into a status, the gateway into an error frame.
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

// Error is an error that people meet: Text is for their eyes. Every other error
// is internal: logged whole and shown as "Something went wrong".
type Error struct {
	Code Code
	Text string
	// Field names the input at fault as the wire calls it, as "username"; "" for
	// none.
	Field string
	// RetryAfter is when the same request may be sent again; set for RateLimited
	// and Unavailable, and for Forbidden where it ends by itself.
	RetryAfter time.Duration
	// Err is the cause, for the log only.
	Err error
}

func (e *Error) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s: %s: %v", e.Code, e.Text, e.Err)
	}
	return fmt.Sprintf("%s: %s", e.Code, e.Text)
}

func (e *Error) Unwrap() error { return e.Err }

// Errorf makes an Error with the given code and text.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Text: fmt.Sprintf(format, args...)}
}

// WithField names the input at fault.
func (e *Error) WithField(field string) *Error {
	e.Field = field
	return e
}

// CodeOf returns the code of the first Error in err's chain, Internal where
// there is none.
func CodeOf(err error) Code {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return Internal
}

// ErrNotFound is what a caller gets for everything that does not exist and
// everything it may not see: the two must not be told apart.
func ErrNotFound() *Error { return Errorf(NotFound, "Not found.") }

// ErrNotAMember tells who may see a room, and is no member, what to do.
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
