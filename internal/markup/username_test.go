package markup

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestUsername(t *testing.T) {
	cases := []struct {
		in, want string
		err      error
	}{
		{"alice", "alice", nil},
		{"  Alice_99.b-c ", "alice_99.b-c", nil},
		{"ＡＢＣ", "abc", nil},
		{"José", "josé", nil},
		{"Jose\u0301", "josé", nil},
		{"Müller", "müller", nil},
		{"иван", "иван", nil},
		{"ИВАН_1", "иван_1", nil},
		{"Ζωή-μου", "ζωή-μου", nil},
		{"田中さん", "田中さん", nil},
		{"ユーザー", "ユーザー", nil},
		{"홍길동", "홍길동", nil},
		{"王小明", "王小明", nil},
		{"محمد", "محمد", nil},
		{"علی۱۲", "علی۱۲", nil},
		{"דוד", "דוד", nil},
		{"राजेश", "राजेश", nil},
		{"สมชาย", "สมชาย", nil},
		{"123", "123", nil},
		{"a..", "a..", nil},
		{"007bond", "007bond", nil},
		{"_-.a", "_-.a", nil},
		{"3дмакс", "3дмакс", nil},
		{"İlker", "ilker", nil}, // Turkish and Azeri
		{"ILKER", "ilker", nil},
		{"ılker", "ilker", nil},
		{"I\u0307lker", "ilker", nil},
		{"i\u0307lker", "ilker", nil}, // İ in lower case, outside Turkish
		{"admın", "admin", nil},       // the same name, so it imitates nobody
		{"IŞIK", "işik", nil},
		{"ışık", "işik", nil},
		{"Əli_Çağrı", "əli_çağri", nil},
		{"ŁUKASZ", "łukasz", nil},
		{"ĐORĐE", "đorđe", nil},
		{"Weiẞ", "weiß", nil},
		{"ÞÓRÆÐ", "þóræð", nil},
		{"Eʋe_Ɖɔ", "eve_ɖɔ", nil},
		{"7राजेश", "7राजेश", nil},
		{strings.Repeat("a", 20), strings.Repeat("a", 20), nil},

		{"", "", ErrEmpty},
		{"   ", "", ErrEmpty},
		{"ab", "", ErrTooShort},
		{"éé", "", ErrTooShort},
		{strings.Repeat("a", 21), "", ErrTooLong},
		{strings.Repeat("a", 100_000), "", ErrTooLong},

		{"a b c", "", ErrCharacters},
		{"a\tbc", "", ErrCharacters},
		{"...", "", ErrCharacters},
		{"a/b", "", ErrCharacters},
		{"<b>", "", ErrCharacters},
		{"a@b.c", "", ErrCharacters},
		{"abc\x00", "", ErrCharacters},
		{"ab\u200Bc", "", ErrCharacters},     // zero width space
		{"ab\uFEFFc", "", ErrCharacters},     // zero width no-break space
		{"ab\u2060c", "", ErrCharacters},     // word joiner
		{"ab\u034Fc", "", ErrCharacters},     // grapheme joiner
		{"ab\u180Ec", "", ErrCharacters},     // Mongolian vowel separator
		{"ab\uFE0Fc", "", ErrCharacters},     // variation selector
		{"ab\U000E0061c", "", ErrCharacters}, // tag
		{"ab\u2800c", "", ErrCharacters},     // blank braille pattern
		{"ab\u115Fc", "", ErrCharacters},     // Hangul filler, which is a letter
		{"علی\u200Cم", "", ErrCharacters},    // non-joiner, although Persian uses it
		{"ab\u200Dc", "", ErrCharacters},     // joiner
		{"ab\u202Ec", "", ErrCharacters},     // right-to-left override
		{"ab\u2066c", "", ErrCharacters},     // isolate
		{"ab\u200Ec", "", ErrCharacters},     // left-to-right mark
		{"ab\u061Cc", "", ErrCharacters},     // Arabic letter mark
		{"אבa", "", ErrCharacters},           // two directions, the other way round
		{"ab\u00ADc", "", ErrCharacters},     // soft hyphen
		{"abc\u3164", "", ErrCharacters},     // Hangul filler
		{"abcא", "", ErrCharacters},          // two directions
		{"ﬁsh", "", ErrCharacters},           // ligature
		{"ⓐⓑⓒ", "", ErrCharacters},
		{"𝖆𝖉𝖒𝖎𝖓", "", ErrCharacters},
		{"abc😀", "", ErrCharacters},
		{"admu\u0307n", "", ErrCharacters}, // u with a dot
		{"a\u0316bc", "", ErrCharacters},
		{"abc\xff", "", ErrCharacters},
		{"a’b", "", ErrCharacters},

		{"аdmin", "", ErrLookalike}, // Cyrillic а
		{"adm丨n", "", ErrLookalike},
		{"раураl", "", ErrLookalike}, // Cyrillic except the l
		{"ραρα", "", ErrLookalike},   // all Greek
		{"ԁоѕ", "", ErrLookalike},    // all Cyrillic, rarer letters
		{"аdmin1", "", ErrLookalike}, // Cyrillic а
		{"Αdmin", "", ErrLookalike},  // Greek capital, lost by case folding
		{"ꮯꮖꮯ", "", ErrLookalike},    // small Cherokee
		{"ꓮꓓꓟꓲꓠ", "", ErrLookalike},  // Lisu
		{"ⲥⲟⲣ", "", ErrLookalike},    // Coptic
		{"adminα", "", ErrLookalike},
		{"сосо", "", ErrLookalike}, // all Cyrillic
		{"сосо_1", "", ErrLookalike},
		{"νικ", "", ErrLookalike}, // all Greek
		{"ɡoogle", "", ErrLookalike},
		{"अ12१२", "", ErrLookalike}, // digits of two systems
		{"abc१", "", ErrLookalike},
		{"abcʼd", "", ErrLookalike},
		{"李ハ김", "", ErrLookalike}, // kana with hangul
	}
	for _, c := range cases {
		t.Run(c.in, func(t *testing.T) {
			got, err := Username(c.in)
			if got != c.want || !errors.Is(err, c.err) {
				t.Errorf("Username(%q) = %q, %v, want %q, %v", c.in, got, err, c.want, c.err)
			}
		})
	}
}

func FuzzUsername(f *testing.F) {
	for _, s := range append(nasty, "alice", "Иван", "田中", "ａｂｃ", "علی۱۲") {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := Username(s)
		if err != nil {
			return
		}
		if n := utf8.RuneCountInString(got); n < MinUsername || n > MaxUsername {
			t.Errorf("Username(%q) = %q, %d characters", s, got, n)
		}
		if strings.ContainsFunc(got, isInvisible) {
			t.Errorf("Username(%q) = %q contains invisible characters", s, got)
		}
		if again, err := Username(got); again != got || err != nil {
			t.Errorf("Username(%q) = %q, but again %q, %v", s, got, again, err)
		}
	})
}
