package markup

import (
	"errors"
	"strings"
	"testing"
)

func TestNameQuery(t *testing.T) {
	const none = -1
	for _, c := range []struct {
		query, username, displayName string
		want                         int
	}{
		{"bo", "bob", "Robert", nameBegins},
		{"@BO", "bob", "Robert", nameBegins},
		{"rob", "bob", "Robert", nameBegins},
		{"mül", "anna", "Müller, Anna", nameBegins},
		{"mull", "anna", "Müller, Anna", nameBegins},
		{"anna m", "x", "Anna Müller", nameBegins},
		{"muller anna", "x", "Anna Müller", wordBegins},
		{"smith", "j.smith", "J", wordBegins},
		{"doe", "jane_doe", "J", wordBegins},
		{"ber", "bob", "Robert", nameContains},
		{"北", "x", "王北京", nameContains},
		{"bob robert", "bob", "Robert", wordBegins},
		{"zed", "bob", "Robert", none},
		{"bob zed", "bob", "Robert", none},
		{"ISIK", "x", "ışık", nameBegins},
		{"o'b", "x", "O’Brien", nameBegins},
	} {
		q, err := NewNameQuery(c.query, 60)
		if err != nil {
			t.Fatal(err)
		}
		rank, ok := q.Rank(c.username, c.displayName)
		if !ok {
			rank = none
		}
		if rank != c.want {
			t.Errorf("rank of %s, %s for %s = %d, want %d", c.username, c.displayName, c.query, rank, c.want)
		}
	}
	for query, want := range map[string]error{"": ErrEmpty, "@": ErrEmpty, " \u200B": ErrEmpty, strings.Repeat("x", 61): ErrTooLong, strings.Repeat("x ", 11): ErrTooLong} {
		if _, err := NewNameQuery(query, 60); !errors.Is(err, want) {
			t.Errorf("NewNameQuery(%q) = %v, want %v", query, err, want)
		}
	}
}
