package plainenglish

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// limit is the tolerated number of listed words per 1,000 words.
const limit = 1.5

// releasedMigration is the newest migration whose file is not counted: released migrations never change.
const releasedMigration = 13

var (
	skippedDirs = []string{".git", ".cache", "node_modules", "vendor", "dist", "testdata", "test-results"}
	migration   = regexp.MustCompile(`^migrations/\w+/(\d{6})_`)
)

func counted(path string) bool {
	if m := migration.FindStringSubmatch(path); m != nil {
		number, _ := strconv.Atoi(m[1])
		return number > releasedMigration
	}
	return KindOf(path) != ""
}

// TestRepository fails if the comments or documents of a kind contain too many listed words.
func TestRepository(t *testing.T) {
	root := filepath.Join("..", "..", "..")
	words, matches := map[Kind]int{}, map[Kind][]string{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if slices.Contains(skippedDirs, entry.Name()) {
				return filepath.SkipDir
			}
			return nil
		}
		name, err := filepath.Rel(root, path)
		if err != nil || !entry.Type().IsRegular() || !counted(filepath.ToSlash(name)) {
			return err
		}
		source, err := os.ReadFile(path)
		if err != nil || IsGenerated(string(source)) {
			return err
		}
		kind := KindOf(name)
		n, found := Count(kind, string(source))
		words[kind] += n
		for _, m := range found {
			matches[kind] = append(matches[kind], fmt.Sprintf("%s:%d: %s", name, m.Line, m.Word))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range kinds {
		found := matches[k.kind]
		rate := 1000 * float64(len(found)) / float64(max(words[k.kind], 1))
		t.Logf("%s: %.2f per 1,000 (%d of %d words)", k.kind, rate, len(found), words[k.kind])
		if words[k.kind] == 0 && k.kind != SQL {
			t.Errorf("%s: no words found", k.kind)
		}
		if rate > limit {
			t.Errorf("%s: %.2f listed words per 1,000, want at most %v. Use plain technical English in:\n%s",
				k.kind, rate, limit, strings.Join(found, "\n"))
		}
	}
}

func TestCount(t *testing.T) {
	for name, c := range map[string]struct {
		kind    Kind
		source  string
		words   int
		matches []Match
	}{
		"line comment":           {Go, "x := 1 // whoever\n// plain words", 3, []Match{{1, "whoever"}}},
		"block comment":          {Go, "/* upon\n a time */ upon()", 3, []Match{{1, "upon"}}},
		"code is not counted":    {Go, "upon := whoever(hence)", 0, nil},
		"string":                 {Go, `log.Info("// upon") // fine`, 1, nil},
		"escaped quote":          {Go, `f("\"// upon")`, 0, nil},
		"raw string":             {Go, "x := `\n// upon\n` // anew", 1, []Match{{3, "anew"}}},
		"rune":                   {Go, "if c == '\"' { // hence", 1, []Match{{1, "hence"}}},
		"template":               {TypeScript, "const x = `// upon \\` hence`; // fine", 1, nil},
		"TSX text":               {TypeScript, "<p>Don't</p>\n// upon", 1, []Match{{2, "upon"}}},
		"JSDoc":                  {TypeScript, "/** Tells the\n * client. */", 3, []Match{{1, "tells"}}},
		"address in code":        {TypeScript, `fetch("https://example.org/upon")`, 0, nil},
		"CSS":                    {CSS, "/* upon */ a { color: red } // upon", 1, []Match{{1, "upon"}}},
		"SQL":                    {SQL, "SELECT 1 -- hence\n", 1, []Match{{1, "hence"}}},
		"quote in SQL":           {SQL, "INSERT 'it''s -- upon' -- fine", 1, nil},
		"shell":                  {Script, "#!/bin/sh upon\necho a#upon # hence", 1, []Match{{2, "hence"}}},
		"Markdown":               {Markdown, "Told `upon` once\n\n```\nupon\n```\nanew", 3, []Match{{1, "told"}, {6, "anew"}}},
		"Markdown link":          {Markdown, "[docs](https://example.org/upon) and https://example.org/hence", 2, nil},
		"possessive":             {Go, "// the heir's", 2, []Match{{1, "heir"}}},
		"capital":                {Go, "// WHOEVER", 1, []Match{{1, "whoever"}}},
		"phrase":                 {Go, "// kept for ever", 3, []Match{{1, "for ever"}}},
		"phrase over two lines":  {Go, "// kept for\n// ever", 3, []Match{{2, "for ever"}}},
		"part of another word":   {Go, "// beard, uponly", 2, nil},
		"apostrophe in a string": {Go, `x := "it's" // hence`, 1, []Match{{1, "hence"}}},
	} {
		words, matches := Count(c.kind, c.source)
		if words != c.words || !slices.Equal(matches, c.matches) {
			t.Errorf("%s: %d words, %v; want %d, %v", name, words, matches, c.words, c.matches)
		}
	}
}

func TestKindOf(t *testing.T) {
	for path, want := range map[string]Kind{
		"internal/app/app.go": Go, "web/src/App.tsx": TypeScript, "web/vite.config.mjs": TypeScript, "a.css": CSS, "a.sql": SQL,
		"README.md": Markdown, "deploy/alerts.yml": Script, "Makefile": Script, "Dockerfile": Script, ".env.example": Script,
		"nginx.conf": Script, "web/openapi.json": "", "go.sum": "", "a.gohtml": "",
	} {
		if got := KindOf(path); got != want {
			t.Errorf("KindOf(%s) = %q, want %q", path, got, want)
		}
	}
}

func TestIsGenerated(t *testing.T) {
	for source, want := range map[string]bool{
		"// Code generated by x; DO NOT EDIT.\npackage p": true,
		"package p\n": false,
		strings.Repeat("\n", 60) + "// @generated":    false,
		"/** This file was auto-generated by y. */\n": true,
	} {
		if got := IsGenerated(source); got != want {
			t.Errorf("IsGenerated(%.40q) = %t, want %t", source, got, want)
		}
	}
}
