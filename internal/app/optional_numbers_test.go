package app_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/client"
	"github.com/chillin-chat/chillin/internal/wire"
)

// numberSchema is a JSON schema, as far as it concerns numbers.
type numberSchema struct {
	Ref        string                  `json:"$ref"`
	Type       any                     `json:"type"`
	Minimum    *float64                `json:"minimum"`
	Required   []string                `json:"required"`
	Properties map[string]numberSchema `json:"properties"`
}

func (s numberSchema) isNumber() bool {
	return strings.Contains(fmt.Sprint(s.Type), "integer") || strings.Contains(fmt.Sprint(s.Type), "number")
}

func (s numberSchema) refusesZero() bool { return s.Minimum != nil && *s.Minimum > 0 }

type apiDocument struct {
	Paths map[string]map[string]struct {
		Parameters []struct {
			Name     string       `json:"name"`
			In       string       `json:"in"`
			Required bool         `json:"required"`
			Schema   numberSchema `json:"schema"`
		} `json:"parameters"`
		RequestBody struct {
			Content map[string]struct {
				Schema numberSchema `json:"schema"`
			} `json:"content"`
		} `json:"requestBody"`
	} `json:"paths"`
	Components struct {
		Schemas map[string]numberSchema `json:"schemas"`
	} `json:"components"`
}

func readAPIDocument(t *testing.T) (d apiDocument) {
	t.Helper()
	text, err := os.ReadFile("../../web/openapi.json")
	if err == nil {
		err = json.Unmarshal(text, &d)
	}
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// optional returns the optional numbers of a schema by name.
func (d apiDocument) optional(s numberSchema) map[string]numberSchema {
	s = d.Components.Schemas[strings.TrimPrefix(s.Ref, "#/components/schemas/")]
	numbers := map[string]numberSchema{}
	for name, property := range s.Properties {
		if property.isNumber() && !slices.Contains(s.Required, name) {
			numbers[name] = property
		}
	}
	return numbers
}

// TestZeroIsNotAMissingNumber sends 0 for every optional number of the API.
func TestZeroIsNotAMissingNumber(t *testing.T) {
	d := embedded(t, nil)
	alice := d.user("alice", 0) // an admin, as the first user
	room := alice.room("Lobby", nil)
	alice.join(room.ID, nil)
	for _, text := range []string{"one", "two", "three"} {
		alice.send(room.ID, text)
	}
	document := readAPIDocument(t)
	t.Run("query", func(t *testing.T) { zeroInQueries(t, document, alice, room) })
	t.Run("body", func(t *testing.T) { zeroInBodies(t, document, alice, room) })
	t.Run("socket", func(t *testing.T) { zeroInCommands(t, document, alice, room) })
}

func zeroInQueries(t *testing.T, document apiDocument, alice *testUser, room chat.Room) {
	// What a query with 0 returns, for numbers that may be 0.
	allowed := map[string]string{
		"/rooms/{id}/messages?limit=2&before=0":           "",
		"/rooms/{id}/messages?limit=2&after=0":            "one two",
		"/rooms/{id}/messages?limit=2&around=0":           "one two",
		"/rooms/{id}/messages?limit=2":                    "two three",
		"/rooms/{id}/changes?since=0":                     "one two three",
		"/rooms/{id}/changes?":                            "one two three",
		"/rooms/{id}/changes?since=2":                     "three",
		"/admin/audit?limit=2&before=0":                   "",
		"/search/messages?q=o&until=0001-01-01T00:00:00Z": "",
		"/search/messages?q=o&since=0001-01-01T00:00:00Z": "two one",
		"/search/messages?q=o&until=1970-01-01T00:00:00Z": "",
	}
	get := func(path string) (found string, err error) {
		var page struct {
			Messages []chat.Message
			Results  []chat.SearchResult
			Entries  []any
		}
		err = alice.Client.Do(ctx(t), http.MethodGet, strings.Replace(path, "{id}", fmt.Sprint(room.ID), 1), nil, &page)
		for _, r := range page.Results {
			page.Messages = append(page.Messages, r.Message)
		}
		return texts(page.Messages) + strings.Repeat("entry", len(page.Entries)), err
	}
	for path, want := range allowed {
		if got, err := get(path); err != nil || got != want {
			t.Errorf("%s = %q, %v, want %q", path, got, err, want)
		}
	}
	for path, methods := range document.Paths {
		path = strings.TrimPrefix(path, "/api/v1")
		for _, p := range methods["get"].Parameters {
			if p.In != "query" || p.Required || !p.Schema.isNumber() {
				continue
			}
			if p.Schema.refusesZero() {
				_, err := get(path + "?q=x&" + p.Name + "=0")
				if refusal, ok := errors.AsType[*client.Error](err); !ok || refusal.Status != http.StatusUnprocessableEntity {
					t.Errorf("%s with %s=0 = %v, want 422", path, p.Name, err)
				}
				continue
			}
			known := false
			for tested := range allowed {
				known = known || strings.HasPrefix(tested, path+"?") && strings.HasSuffix(tested, p.Name+"=0")
			}
			if !known {
				t.Errorf("%s allows %s=0, which is not tested", path, p.Name)
			}
		}
	}
}

func zeroInBodies(t *testing.T, document apiDocument, alice *testUser, room chat.Room) {
	requests := map[string]map[string]any{
		"post /rooms/{id}/invites":  {},
		"post /rooms/{id}/messages": {"cid": uuid.NewString(), "text": "x"},
	}
	for path, methods := range document.Paths {
		path = strings.TrimPrefix(path, "/api/v1")
		for method, operation := range methods {
			for name, number := range document.optional(operation.RequestBody.Content["application/json"].Schema) {
				body, known := requests[method+" "+path]
				if path == "/admin/limits" {
					continue // 0 restores the default
				}
				if !known || !number.refusesZero() {
					t.Errorf("%s %s allows %s to be 0, or is not tested", method, path, name)
					continue
				}
				in := map[string]any{name: 0}
				maps.Copy(in, body)
				err := alice.Client.Do(ctx(t), strings.ToUpper(method), strings.Replace(path, "{id}", fmt.Sprint(room.ID), 1), in, nil)
				if refusal, ok := errors.AsType[*client.Error](err); !ok || refusal.Status != http.StatusUnprocessableEntity {
					t.Errorf("%s %s with %s 0 = %v, want 422", method, path, name, err)
				}
			}
		}
	}
}

func zeroInCommands(t *testing.T, document apiDocument, alice *testUser, room chat.Room) {
	commands := map[string]map[string]any{
		wire.CommandRoomJoin:    {"roomId": room.ID},
		wire.CommandRoomChanges: {"roomId": room.ID, "since": 1},
		wire.CommandMessageSend: {"roomId": room.ID, "cid": uuid.NewString(), "text": "x"},
	}
	for _, command := range wire.CommandTypes() {
		for name, number := range document.optional(numberSchema{Ref: "#/components/schemas/" + command.Data}) {
			data, known := commands[command.Name]
			if !known || number.Minimum == nil {
				t.Errorf("%s has no minimum of %s, or is not tested", command.Name, name)
				continue
			}
			for value, refused := range map[int]bool{0: number.refusesZero(), -1: true} {
				in := map[string]any{name: value}
				for key, value := range data {
					if key != name {
						in[key] = value
					}
				}
				err := alice.Socket.Do(ctx(t), command.Name, in, nil)
				refusal, isRefusal := errors.AsType[*client.Error](err)
				if refused != isRefusal || refused && refusal.Code != chat.BadRequest || !refused && err != nil {
					t.Errorf("%s with %s %d = %v, want refused: %v", command.Name, name, value, err, refused)
				}
			}
		}
	}
	all := alice.join(room.ID, map[string]any{"since": 0})
	if got := texts(all.Messages); got != "one two three" || all.From != 0 {
		t.Errorf("room:join since 0 = %q from %d, want all messages", got, all.From)
	}
	newest := alice.join(room.ID, map[string]any{"limit": 1})
	if got := texts(newest.Messages); got != "three" {
		t.Errorf("room:join without since = %q, want the newest message", got)
	}
}
