package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/chillin-chat/chillin/internal/chat"
)

// taken says what a broken unique rule means to people. The keys are parts of
// Postgres's constraint names and of SQLite's column lists alike.
var taken = []struct {
	part  string
	fault func() *chat.Error
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
	return chat.Errorf(chat.RoomNameTaken, "A room of that name exists.").WithField("name")
}

// fail turns a database error into what a caller may meet: a chat.Error where it
// has a meaning, else err wrapped with the deed.
func (s *Store) fail(deed string, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*chat.Error](err); ok {
		return err
	}
	if errors.Is(err, sql.ErrNoRows) {
		return chat.ErrNotFound()
	}
	if rule := s.engine.violated(err); rule != "" {
		for _, t := range taken {
			if strings.Contains(rule, t.part) {
				return t.fault()
			}
		}
	}
	err = fmt.Errorf("%s: %w", deed, err)
	if s.engine.badInput(err) {
		return &chat.Error{Code: chat.BadRequest, Text: "The request contains a character or number that cannot be stored.", Err: err}
	}
	if s.engine.away(err) || outOfTime(err) {
		return chat.ErrUnavailable(err)
	}
	return err
}

// outOfTime tells whether the caller's time ended the work. A transaction whose time is
// over may have been rolled back already when its next statement comes.
func outOfTime(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) || errors.Is(err, sql.ErrTxDone)
}
