package store

import (
	"encoding/base64"
	"encoding/json"

	"github.com/chillin-chat/chillin/internal/chat"
)

// memberCursor is the last row of a page of members.
type memberCursor struct {
	Username string `json:"u"`
}

func badCursor() error {
	return chat.Fault(chat.BadRequest, "That cursor is not from this list.").In("cursor")
}

func writeCursor(v any) string {
	text, _ := json.Marshal(v) // cursors are plain structs
	return base64.RawURLEncoding.EncodeToString(text)
}

func readCursor[T any](cursor string) (T, error) {
	var v T
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return v, err
	}
	return v, json.Unmarshal(text, &v)
}
