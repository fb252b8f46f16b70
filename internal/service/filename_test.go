package service

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/chillin-chat/chillin/internal/chat"
)

func TestCleanFileName(t *testing.T) {
	long := strings.Repeat("ä", 200)
	for name, want := range map[string]string{
		"cat.png":                       "cat.png",
		"../../etc/passwd":              "passwd",
		`C:\Users\me\Bild 1.jpg`:        "Bild 1.jpg",
		"..":                            "file",
		".":                             "file",
		"":                              "file",
		" \u200b\n ":                    "file",
		".gitignore":                    ".gitignore",
		" ..env. ":                      "..env",
		"...":                           "file",
		`C:\.config`:                    ".config",
		"say %22hi%22.txt":              "say _hi_.txt",
		"two%0D%0Alines.txt":            "two lines.txt",
		"100% it's.txt":                 "100% it's.txt",
		"dir/":                          "file",
		"a\x00b\r\nSet-Cookie: x":       "ab Set-Cookie_ x",
		"photo\u202Egnp.exe":            "photognp.exe",
		`say "hi" <b>.txt`:              "say _hi_ _b_.txt",
		"\xff\xfe.txt":                  "\ufffd.txt",
		"résumé.pdf":                    "résumé.pdf",
		long + ".tar":                   strings.Repeat("ä", chat.MaxFileName-4) + ".tar",
		long:                            strings.Repeat("ä", chat.MaxFileName),
		"x." + strings.Repeat("y", 200): "x." + strings.Repeat("y", chat.MaxFileName-2),
	} {
		if got := cleanFileName(name); got != want {
			t.Errorf("cleanFileName(%q) = %q, want %q", name, got, want)
		}
	}
}

func FuzzCleanFileName(f *testing.F) {
	for _, name := range []string{"cat.png", `..\..\x`, "a/b/..", "\x00", strings.Repeat(".", 300), strings.Repeat("é.", 90), "a. .", "\u202e\u0301", ".%22", "%2%222"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		clean := cleanFileName(name)
		if clean == "" || !utf8.ValidString(clean) || utf8.RuneCountInString(clean) > chat.MaxFileName ||
			strings.ContainsAny(clean, "/\\:*?\"<>|\x00\r\n") || strings.HasSuffix(clean, ".") ||
			strings.TrimSpace(clean) != clean {
			t.Fatalf("cleanFileName(%q) = %q, want a valid name", name, clean)
		}
		if again := cleanFileName(clean); again != clean {
			t.Fatalf("cleanFileName(%q) = %q, and of that %q, want the same", name, clean, again)
		}
	})
}
