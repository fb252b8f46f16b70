package app_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	testenv "github.com/chillin-chat/chillin/internal/test/env"
)

// block is a fenced code block of a page.
type block struct {
	kind string // bash, js, json or ""
	text string
	line int
}

func blocks(t *testing.T, file string) []block {
	t.Helper()
	page, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var all []block
	inside := false
	for i, line := range strings.Split(string(page), "\n") {
		kind, fence := strings.CutPrefix(line, "```")
		switch {
		case fence && inside:
			inside = false
		case fence:
			inside = true
			all = append(all, block{kind: kind, line: i + 2})
		case inside:
			all[len(all)-1].text += line + "\n"
		}
	}
	return all
}

// TestAPIPageIsCorrect runs docs/api.md against a fresh node: the bash blocks in one shell, one after
// the other. A js block is a file named in its first line. Any other block is the expected output of
// the preceding bash block.
func TestAPIPageIsCorrect(t *testing.T) {
	t.Parallel()
	n := startNode(t, map[string]string{"DATA_DIR": t.TempDir()}, allowPrivate)
	places := strings.NewReplacer("http://localhost:5000", n.base, "ws://localhost:5000", "ws"+strings.TrimPrefix(n.base, "http"),
		"8099", freePort(t))
	dir := t.TempDir()
	script := "set -euo pipefail\n"
	var shown []block // the expected output of each bash block
	for _, b := range blocks(t, "../../docs/api.md") {
		text := places.Replace(b.text)
		switch b.kind {
		case "bash":
			script += fmt.Sprintf("%s\necho '%s'\n", text, endOfBlock)
			shown = append(shown, block{line: b.line})
		case "js":
			name := regexp.MustCompile(`^// ([a-z]+\.mjs):`).FindStringSubmatch(text)
			if name == nil {
				t.Fatalf("the js of line %d does not begin with its file's name", b.line)
			}
			if err := os.WriteFile(filepath.Join(dir, name[1]), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		default:
			shown[len(shown)-1].text = text
		}
	}
	cmd := exec.CommandContext(ctx(t), "bash", "-c", script)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(testenv.Program(t, "curl", "curl"))+":"+os.Getenv("PATH"),
		"NODE_OPTIONS=--experimental-websocket") // without effect from Node 22 on
	var faults strings.Builder
	cmd.Stderr = &faults
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("the page's commands: %v\n%s%s", err, out, faults.String())
	}
	got := strings.Split(string(out), endOfBlock+"\n")
	for i, want := range shown {
		if !pattern(want.text).MatchString(got[i]) {
			t.Errorf("line %d shows\n%swant\n%s", want.line, got[i], want.text)
		}
	}
}

const endOfBlock = "--- end of block ---"

// pattern matches the output of a block: "…" matches anything within a line.
func pattern(shown string) *regexp.Regexp {
	parts := strings.Split(strings.TrimSpace(shown), "…")
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	return regexp.MustCompile(`^\s*` + strings.Join(parts, `.*`) + `\s*$`)
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}
