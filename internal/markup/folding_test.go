package markup

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

func TestEqualForms(t *testing.T) {
	for name, forms := range map[string][]string{
		"sharp s":             {"straße", "STRASSE", "STRAẞE", "Strasse", "ſtraſſe"},
		"final sigma":         {"ΣΊΣΥΦΟΣ", "σίσυφος", "σισυφοσ", "ϲίϲυφοϲ"},
		"Greek accents":       {"Ἀθῆναι", "Αθήναι", "αθηναι", "ΑΘΗΝΑΙ"},
		"iota subscript":      {"ᾠδή", "ωδη", "ΩΔΗ"},
		"ligatures":           {"ﬁnance ﬂow œuvre æon Ǆ", "finance flow oeuvre aeon dž", "FINANCE FLOW ŒUVRE ÆON ǅ"},
		"strokes":             {"Łódź Øre Đà Ħ", "lodz ore da h"},
		"Turkish i":           {"İSTANBUL ışık", "istanbul isik", "ISTANBUL IŞIK", "ıstanbul ışık"},
		"ё and stress":        {"ёлка за́мок", "ЕЛКА ЗАМОК", "Ёлка замок"},
		"full width":          {"ＡＢＣ１２３！", "abc123!"},
		"half width":          {"ｶﾞｷﾞｸﾞ ﾊﾟﾝ ﾗｰﾒﾝ", "ガギグ パン ラーメン"},
		"half width Hangul":   {"ﾡ", "ㄱ"},
		"Hangul":              {"한글", "\u1112\u1161\u11AB\u1100\u1173\u11AF"},
		"tashkil and tatweel": {"مَرْحَبًا", "مرحبا", "مـــرحبا", "مُرَحِّبًا"},
		"alef":                {"أحمد إلى آمن ٱسم", "احمد الي امن اسم"},
		"hamza":               {"مؤمن شيئ", "مومن شيي"},
		"Arabic and Persian":  {"مدرسة كتابي", "مدرسه کتابی"},
		"presentation forms":  {"ﻣﺮﺣﺒﺎ ﻻ", "مرحبا لا"},
		"points":              {"שָׁלוֹם", "שלום"},
		"Yiddish":             {"ייִדיש װאָס", "ײדיש וואס"},
		"maqaf":               {"בן־גוריון צה״ל ג׳ירפה", "בן-גוריון צה\"ל ג'ירפה"},
		"apostrophes":         {"don't", "don’t", "don‘t", "donʼt", "don`t", "don´t", "don＇t", "don′t", "don‛t"},
		"quotes":              {`"a"`, "“a”", "„a“", "«a»", "‟a”", "＂a＂"},
		"dashes":              {"a-b", "a‐b", "a‑b", "a–b", "a—b", "a−b", "a－b", "a―b", "a‒b"},
		"ellipsis":            {"wait…", "wait..."},
		"invisible":           {"mi\u00ADro\u200Bserv\u2060er", "mi\u200Cro\u200Dser\uFEFFver", "miroserver", "\u202Amiro\u200Eserver\u202C"},
		"Persian joiner":      {"می\u200Cخواهم", "میخواهم"},
		"variation selectors": {"❤\uFE0F 1\uFE0F\u20E3", "❤ 1", "❤\uFE0E 1"},
		"joiner of emoji":     {"👩\u200D💻", "👩💻"},
		"digits":              {"١٢٣ ۴۵۶ ०७८ ๙ 𝟙", "123 456 078 9 1"},
		"spaces":              {"a b", "a\u00A0b", "a\u3000b", "a\nb", "a \t\n b", "a\u202F\u2009b"},
		"accents":             {"Crème BRÛLÉE", "creme brulee", "Cre\u0300me bru\u0302le\u0301e"},
		"Vietnamese":          {"Nguyễn Đường", "nguyen duong"},
		"fractions":           {"½", "1/2"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, form := range forms {
				if got, want := Fold(form), Fold(forms[0]); got != want {
					t.Errorf("Fold(%+q) = %+q, want %+q", form, got, want)
				}
			}
		})
	}
}

func TestDifferentLettersStayDifferent(t *testing.T) {
	for _, pair := range [][2]string{
		{"и", "й"}, {"у", "ў"}, {"і", "ї"}, {"г", "ѓ"}, {"к", "ќ"}, {"か", "が"}, {"は", "ぱ"}, {"か", "カ"}, {"ハ", "パ"}, {"하", "한"},
		{"ш", "щ"}, {"ь", "ъ"}, {"क", "कि"}, {"ก", "ก่"}, {"a", "а"}, {"ب", "پ"}, {"ש", "ס"}, {"'", `"`}, {"-", "_"}, {"ー", "-"}, {"北", "京"},
	} {
		if a, b := Fold(pair[0]), Fold(pair[1]); a == b {
			t.Errorf("Fold(%q) = Fold(%q) = %q, want different forms", pair[0], pair[1], a)
		}
	}
}

// iotaSubscript is a mark that Unicode folds to a letter. Searches ignore it, as other marks of Greek.
const iotaSubscript = 0x0345

func TestFoldIsStable(t *testing.T) {
	fullCase := cases.Fold()
	for r := rune(0x20); r <= 0x2FFFF; r++ {
		if s := string(r); utf8.ValidString(s) {
			f := Fold(s)
			if again := Fold(f); again != f {
				t.Errorf("Fold(%+q) = %+q, and folded again %+q", s, f, again)
			}
			if got := Fold(fullCase.String(s)); got != f && !strings.ContainsRune(norm.NFD.String(s), iotaSubscript) {
				t.Errorf("Fold(%+q) = %+q, but with its case folded by Unicode %+q", s, f, got)
			}
			if unicode.IsUpper(r) && Fold(string(unicode.ToLower(r))) != f {
				t.Errorf("Fold(%+q) = %+q, but in lower case %+q", s, f, Fold(string(unicode.ToLower(r))))
			}
		}
	}
}

// The folding computes the value of a digit from its place in the tables of Unicode.
func TestDigitsOfAScriptAreInARow(t *testing.T) {
	var row []rune
	for r := rune(0); r <= unicode.MaxRune; r++ {
		switch {
		case unicode.Is(unicode.Nd, r):
			row = append(row, r)
		case len(row)%10 != 0:
			t.Fatalf("%d digits from %+q on, want tens", len(row), row[0])
		default:
			row = nil
		}
		if n := len(row); n > 0 && digit(r) != byte((n-1)%10) {
			t.Fatalf("digit(%+q) = %d, want %d", r, digit(r), (n-1)%10)
		}
	}
}

func TestIndexForm(t *testing.T) {
	for _, s := range []string{"", "plain text, 1+1", "привет мир", "北京", "😀", "a京b"} {
		form := IndexForm(s)
		if !isPlain(form) {
			t.Errorf("IndexForm(%q) = %q, want ASCII", s, form)
		}
		if !strings.Contains(IndexForm("x"+s+"я"), form) {
			t.Errorf("the form of a longer text does not contain the form of %q", s)
		}
	}
	if IndexForm("привет") == IndexForm("превит") {
		t.Error("two words have the same form")
	}
}

// slowFold is fold without fast paths.
func slowFold(s string) string {
	var out strings.Builder
	for s != "" {
		end := len(s)
		if n := norm.NFC.NextBoundaryInString(s, true); n > 0 {
			end = n
		}
		out.WriteString(foldByDefinition(s[:end]))
		s = s[end:]
	}
	return out.String()
}

func TestFoldMatchesItsDefinition(t *testing.T) {
	for r := rune(0x80); r <= 0x2FFFF; r++ {
		alone := string(r)
		if !utf8.ValidString(alone) {
			continue
		}
		inputs := []string{alone}
		// Code points that folding does not change are alike: a sample of them beside others is enough.
		if r%64 == 0 || unicode.Is(unicode.M, r) || slowFold(alone) != alone {
			inputs = append(inputs, "a"+alone, alone+"\u0301", "é"+alone+"B", "\u1100"+alone, alone+"\u1161\u11A8", "\uAC00"+alone, "ﾊ"+alone)
		}
		for _, s := range inputs {
			if got, want := Fold(s), slowFold(s); got != want || fold(s).text != want {
				t.Fatalf("Fold(%+q) = %+q and %+q, want %+q", s, got, fold(s).text, want)
			}
		}
	}
}

// BenchmarkFold reports the cost of folding in several scripts, and the cost without fast paths.
func BenchmarkFold(b *testing.B) {
	for name, text := range map[string]string{
		"ascii": "I will be there at eight, please wait. ", "german": "Grüße aus Köln, schöne Tage wünsch ich. ", "russian": "Я буду в восемь, подожди меня. ",
		"chinese": "我八点到，请等我。", "korean": "여덟 시에 갈게 기다려 줘. ", "emoji": "👍🎉 ok ",
		"arabic": "مَرْحَبًا بِكُمْ فِي الغُرْفَة. ", "mixed": "Hello Crème 北京 مرحبا Привет 한국어 ﬁsh ＡＢＣ 😀. ",
	} {
		in := strings.Repeat(text, 2000/len(text))
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(in)))
			for b.Loop() {
				Fold(in)
			}
		})
		b.Run(name+"-slowly", func(b *testing.B) {
			b.SetBytes(int64(len(in)))
			for b.Loop() {
				slowFold(in)
			}
		})
	}
}
