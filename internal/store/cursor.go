package store

import (
	"encoding/base64"
	"encoding/json"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/strictjson"
)

// nameCursor is the last row of a page that is ordered by username.
type nameCursor struct {
	Username string `json:"u"`
}

// nameAfter returns the username after which the page of cursor starts.
func nameAfter(cursor string) (string, error) {
	if cursor == "" {
		return "", nil
	}
	after, err := readCursor[nameCursor](cursor)
	if err != nil {
		return "", errBadCursor()
	}
	return after.Username, nil
}

// pageByName returns a page and its cursor from a list that is ordered by username. The list
// contains one element more than the page if there is a next page.
func pageByName[T any](list []T, limit int, username func(T) string) ([]T, string) {
	if len(list) <= limit {
		return list, ""
	}
	return list[:limit], writeCursor(nameCursor{username(list[limit-1])})
}

func errBadCursor() error {
	return chat.Errorf(chat.BadRequest, "The cursor is not valid for this list.").WithField("cursor")
}

func writeCursor(v any) string {
	text, _ := json.Marshal(v) // cursors always encode
	return base64.RawURLEncoding.EncodeToString(text)
}

// readCursor decodes a cursor of writeCursor. The cursor comes from the client: text that a
// database does not accept, such as NUL, is an error.
func readCursor[T any](cursor string) (T, error) {
	var v T
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return v, err
	}
	return v, strictjson.Decode(text, &v)
}
