package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/chillin-chat/chillin/internal/chat"
)

// uniqueErrors are the errors for violated unique constraints. part is a part of the
// constraint's name in Postgres and of the column list in SQLite.
var uniqueErrors = []struct {
	part string
	err  func() *chat.Error
}{
	{"username", func() *chat.Error {
		return chat.Errorf(chat.UsernameTaken, "That username is taken.").WithField("username")
	}},
	{"email", func() *chat.Error {
		return chat.Errorf(chat.EmailTaken, "That email address is taken.").WithField("email")
	}},
	{"rooms_name", roomNameTaken},
	{"rooms.name", roomNameTaken},
}

func roomNameTaken() *chat.Error {
	return chat.Errorf(chat.RoomNameTaken, "A room with that name already exists.").WithField("name")
}

// fail converts an error of the database for the caller. It returns a chat.Error if the
// error has a meaning for callers, otherwise err wrapped with the operation.
func (s *Store) fail(operation string, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*chat.Error](err); ok {
		return err
	}
	if errors.Is(err, sql.ErrNoRows) {
		return chat.ErrNotFound()
	}
	if constraint := s.dialect.uniqueViolation(err); constraint != "" {
		for _, u := range uniqueErrors {
			if strings.Contains(constraint, u.part) {
				return u.err()
			}
		}
	}
	err = fmt.Errorf("%s: %w", operation, err)
	if s.dialect.invalidInput(err) {
		return &chat.Error{Code: chat.BadRequest, Text: "The request contains a character or number that cannot be stored.", Err: err}
	}
	if s.dialect.unavailable(err) || contextEnded(err) {
		return chat.ErrUnavailable(err)
	}
	return err
}

// contextEnded reports whether the end of the context is the cause of err. database/sql
// rolls back when the context ends, and the next statement returns sql.ErrTxDone.
func contextEnded(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) || errors.Is(err, sql.ErrTxDone)
}
