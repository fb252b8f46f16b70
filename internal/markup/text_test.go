package markup

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

func TestText(t *testing.T) {
	zalgo := "o" + strings.Repeat("\u0316", 40)
	cases := []struct {
		name, in string
		limit    int
		want     string
		err      error
	}{
		{"plain", "hello", 10, "hello", nil},
		{"surrounding space is removed", " \n  hello \n", 5, "hello", nil},
		{"indentation like that of code is kept", "\n\n    hello \n", 9, "    hello", nil},
		{"a tab is kept", "\thello", 6, "\thello", nil},
		{"indentation before other lines is kept", "\n  a\n b\n", 10, "  a\n b", nil},
		{"wide spaces before other lines are kept", "\u3000a\n\u3000b", 10, "\u3000a\n\u3000b", nil},
		{"line feeds and tabs are kept", "a\n\n\tb", 10, "a\n\n\tb", nil},
		{"line ends are unified", "a\r\nb\rc\u2028d\u0085e", 20, "a\nb\nc\nd\ne", nil},
		{"control characters are removed", "a\x00b\x1b[31mc\x7fd\u009b", 20, "ab[31mcd", nil},
		{"NFC", "e\u0301", 1, "é", nil},
		{"NFC across a control character", "e\x00\u0301", 1, "é", nil},
		{"bidi controls are removed", "a\u202Eb\u2066c\u2069", 20, "abc", nil},
		{"direction marks are kept", "א\u200Fb", 20, "א\u200Fb", nil},
		{"joiners are kept", "می\u200Cخواهم 👩\u200D💻", 20, "می\u200Cخواهم 👩\u200D💻", nil},
		{"byte order mark is removed", "\uFEFFhi", 20, "hi", nil},
		{"eight of many marks are kept", zalgo, 20, "o" + strings.Repeat("\u0316", 8), nil},
		{"marks are counted per base", "o\u0316\u0316a\u0316", 20, "o\u0316\u0316a\u0316", nil},
		{"invalid UTF-8 is replaced", "a\xffb", 20, "a\uFFFDb", nil},
		{"code points are counted, not bytes", "ééé", 3, "ééé", nil},
		{"at the limit", strings.Repeat("é", 2000), 2000, strings.Repeat("é", 2000), nil},
		{"over the limit", strings.Repeat("a", 2001), 2000, "", ErrTooLong},
		{"counted after cleaning", "  a\u202Eb  ", 2, "ab", nil},
		{"empty", "", 10, "", ErrEmpty},
		{"only space", " \n\t\u00A0\u3000", 10, "", ErrEmpty},
		{"only control characters", "\x00\x01", 10, "", ErrEmpty},
		{"only invisible characters", "\u200B\u2060\u3164\u00AD\u2800\u200D", 10, "", ErrEmpty},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := Text(c.in, c.limit)
			if got != c.want || !errors.Is(err, c.err) {
				t.Errorf("Text(%q, %d) = %q, %v, want %q, %v", c.in, c.limit, got, err, c.want, c.err)
			}
		})
	}
}

func TestLine(t *testing.T) {
	cases := []struct {
		name, in, want string
		err            error
	}{
		{"plain", "general", "general", nil},
		{"spaces collapse", "  a \t\n b\u00A0\u3000c ", "a b c", nil},
		{"control characters are removed", "a\x00b", "ab", nil},
		{"invisible characters are removed", "a\u200Bb\u2060c\u00ADd\u3164e\u034Ff\u200Eg", "abcdefg", nil},
		{"bidi controls are removed", "a\u202Eb\u2067c", "abc", nil},
		{"emoji are kept whole", "👩\u200D💻 devs 🏴\U000E0067\U000E0062\U000E0065\U000E006E\U000E0067\U000E007F", "👩\u200D💻 devs 🏴\U000E0067\U000E0062\U000E0065\U000E006E\U000E0067\U000E007F", nil},
		{"emoji become fully qualified", "❤ you", "❤\uFE0F you", nil},
		{"joiners between letters are kept", "می\u200Cخواهم", "می\u200Cخواهم", nil},
		{"joiners elsewhere are removed", "\u200Ca\u200C \u200Db\u200D\u200D", "a b", nil},
		{"hidden tags are removed", "a\U000E0068\U000E0069", "a", nil},
		{"digits are not emoji", "room 1 #2", "room 1 #2", nil},
		{"marks are limited", "o" + strings.Repeat("\u0316", 40), "o" + strings.Repeat("\u0316", 8), nil},
		{"too long", strings.Repeat("é", 31), "", ErrTooLong},
		{"longest", strings.Repeat("é", 30), strings.Repeat("é", 30), nil},
		{"empty", " \n ", "", ErrEmpty},
		{"only invisible characters", "\u200B\u2800", "", ErrEmpty},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := Line(c.in, 30)
			if got != c.want || !errors.Is(err, c.err) {
				t.Errorf("Line(%q) = %q, %v, want %q, %v", c.in, got, err, c.want, c.err)
			}
		})
	}
}

func TestKey(t *testing.T) {
	same := [][]string{
		{"general", "General", "  GENERAL ", "ｇｅｎｅｒａｌ", "gen\u200Beral", "gen\u00ADeral"},
		{"straße", "STRASSE", "Straẞe"},
		{"café", "cafe\u0301", "CAFÉ"},
		{"ﬁsh", "FISH"},
		{"σίσυφος", "ΣΊΣΥΦΟΣ"},
		{"two words", "Two\u00A0 \t Words"},
		{"❤", "❤\uFE0F"},
	}
	seen := map[string]string{}
	for _, names := range same {
		want := Key(names[0])
		for _, name := range names {
			if got := Key(name); got != want {
				t.Errorf("Key(%q) = %q, want %q", name, got, want)
			}
		}
		if other, ok := seen[want]; ok {
			t.Errorf("Key(%q) = Key(%q)", names[0], other)
		}
		seen[want] = names[0]
	}
}

func TestExcerpt(t *testing.T) {
	cases := []struct {
		in    string
		limit int
		want  string
	}{
		{"short", 10, "short"},
		{"exactly10!", 10, "exactly10!"},
		{"one more than ten", 10, "one more…"},
		{"a\n\n b\tc", 10, "a b c"},
		{"ab👩\u200D💻cd", 4, "ab…"},
		{"e\u0301e\u0301e\u0301", 4, "e\u0301…"},
		{"", 10, ""},
	}
	for _, c := range cases {
		if got := Excerpt(c.in, c.limit); got != c.want {
			t.Errorf("Excerpt(%q, %d) = %q, want %q", c.in, c.limit, got, c.want)
		}
	}
}

var nasty = []string{
	"", "a", "e\u0301", "\u202E", "\r\n", "👩\u200D💻", "❤", "\u200D\u200D", "o\u0316\u0316\u0316\u0316\u0316\u0316\u0316\u0316\u0316\u0301",
	"\xff", "\u1100\u1161\u11A8", "ﷺ", "a\u0F71\u0F74\u0F80", "İ", "\u0344", "🏴\U000E0067",
	strings.Repeat("\u0300", 100), "a" + strings.Repeat("\u0F71\u0300", 40) + "\u0301",
}

func FuzzText(f *testing.F) {
	for _, s := range nasty {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for name, clean := range map[string]func(string, int) (string, error){"Text": Text, "Line": Line} {
			got, err := clean(s, 100)
			if err != nil {
				continue
			}
			if !utf8.ValidString(got) || !norm.NFC.IsNormalString(got) || utf8.RuneCountInString(got) > 100 {
				t.Errorf("%s(%q) = %q is not clean", name, s, got)
			}
			if strings.ContainsFunc(got, isBidiControl) || strings.ContainsAny(got, "\x00\r\x1b") {
				t.Errorf("%s(%q) = %q contains control characters", name, s, got)
			}
			if again, err := clean(got, 100); again != got {
				t.Errorf("%s(%q) = %q, but again %q, %v", name, s, got, again, err)
			}
		}
	})
}

func FuzzKey(f *testing.F) {
	for _, s := range nasty {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Key(s)
		if again := Key(got); again != got {
			t.Errorf("Key(%q) = %q, but again %q", s, got, again)
		}
		if upper := Key(strings.ToUpper(got)); len(got) < 20 && isPlain(got) && upper != got {
			t.Errorf("Key of upper case = %q, want %q", upper, got)
		}
	})
}

func FuzzExcerpt(f *testing.F) {
	f.Add("some text", 5)
	f.Fuzz(func(t *testing.T, s string, limit int) {
		if limit < 1 || limit > 1000 || !utf8.ValidString(s) {
			return
		}
		if got := Excerpt(s, limit); utf8.RuneCountInString(got) > limit || strings.Contains(got, "\n") {
			t.Errorf("Excerpt(%q, %d) = %q", s, limit, got)
		}
	})
}
