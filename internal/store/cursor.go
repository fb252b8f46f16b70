package store

import (
	"encoding/base64"
	"encoding/json"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/strictjson"
)

// nameCursor is the last row of a page of a list by username.
type nameCursor struct {
	Username string `json:"u"`
}

// afterName tells after which username the page of cursor begins.
func afterName(cursor string) (string, error) {
	if cursor == "" {
		return "", nil
	}
	after, err := readCursor[nameCursor](cursor)
	if err != nil {
		return "", badCursor()
	}
	return after.Username, nil
}

// pageByName makes a page of a list by username, of which one more was read than the
// page has.
func pageByName[T any](list []T, limit int, username func(T) string) ([]T, string) {
	if len(list) <= limit {
		return list, ""
	}
	return list[:limit], writeCursor(nameCursor{username(list[limit-1])})
}

func badCursor() error {
	return chat.Errorf(chat.BadRequest, "That cursor is not from this list.").WithField("cursor")
}

func writeCursor(v any) string {
	text, _ := json.Marshal(v) // cursors are plain structs
	return base64.RawURLEncoding.EncodeToString(text)
}

// readCursor reads what writeCursor wrote. A stranger may have written it: text that a
// database does not take, such as NUL, is an error.
func readCursor[T any](cursor string) (T, error) {
	var v T
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return v, err
	}
	return v, strictjson.Decode(text, &v)
}
