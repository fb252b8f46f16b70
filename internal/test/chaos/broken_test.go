package chaos

import (
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var broken = flag.Bool("broken", false, "build intentionally broken servers and expect each to be detected")

// breakages maps every patch in broken/ to a scenario that must detect it.
var breakages = map[string]string{
	"reply-before-commit":     "Postgres: restart",
	"read-by-id":              "clients: many come and go",
	"no-hole-fetch":           "Redis: live connections go deaf",
	"no-canary":               "Redis: live connections go deaf",
	"membership-before-lock":  "clients: kicked in the middle of a word",
	"cid-not-unique":          "Postgres: replies to COMMIT lost",
	"presence-without-leases": "node: kill -9",
}

// caughtWithin is how many runs may be needed: a timing-dependent fault may not occur in the first.
const caughtWithin = 5

const root = "../../.."

// TestPatchesApply checks that the patches still apply. If the patched code changes, update the patch.
func TestPatchesApply(t *testing.T) {
	files, err := filepath.Glob("broken/*.patch")
	if err != nil || len(files) != len(breakages) {
		t.Fatalf("%d patches, %v; want %d", len(files), err, len(breakages))
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".patch")
		if !slices.ContainsFunc(Scenarios(), func(s Scenario) bool { return s.Name == breakages[name] }) {
			t.Errorf("%s: there is no scenario %q to detect it", name, breakages[name])
		}
		path, err := filepath.Abs(file)
		if err != nil {
			t.Fatal(err)
		}
		if out, err := git(copyTree(t), "apply", "--check", path); err != nil {
			t.Errorf("%s does not apply: %v\n%s", name, err, out)
		}
	}
}

func TestBrokenServersAreDetected(t *testing.T) {
	if !*broken {
		t.Log("skipped without -broken")
		return
	}
	for name, scenario := range breakages {
		if *only != "" && !strings.Contains(name, *only) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			program := buildBroken(t, name)
			i := slices.IndexFunc(Scenarios(), func(s Scenario) bool { return s.Name == scenario })
			for seed := range uint64(caughtWithin) {
				rig, err := NewRig(t.Context(), RigOptions{Binary: program})
				if err != nil {
					t.Fatal(err)
				}
				result := Play(t.Context(), rig, Scenarios()[i], RunOptions{Seed: seed, Log: t.Logf})
				// Closing the rig may fail, because its nodes are broken.
				_ = rig.Close()
				if !result.Passed() {
					t.Logf("detected in run %d by %q: %s", seed+1, scenario, firstOf(result))
					return
				}
			}
			t.Errorf("not detected by %q in %d runs", scenario, caughtWithin)
		})
	}
}

func firstOf(r Result) string {
	switch {
	case len(r.Violations) > 0:
		return r.Violations[0].String()
	case len(r.Complaints) > 0:
		return r.Complaints[0]
	}
	return r.Err.Error()
}

// buildBroken builds the server with one patch, in a copy of the tree.
func buildBroken(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs("broken/" + name + ".patch")
	if err != nil {
		t.Fatal(err)
	}
	tree, program := copyTree(t), filepath.Join(t.TempDir(), "chillin")
	if out, err := git(tree, "apply", path); err != nil {
		t.Fatalf("apply: %v\n%s", err, out)
	}
	build := exec.Command("go", "build", "-o", program, "./cmd/chillin")
	build.Dir = tree
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return program
}

// copyTree copies the files that a build needs.
func copyTree(t *testing.T) string {
	t.Helper()
	tree := t.TempDir()
	for _, part := range []string{"cmd", "internal", "migrations"} {
		if err := os.CopyFS(filepath.Join(tree, part), os.DirFS(filepath.Join(root, part))); err != nil {
			t.Fatal(err)
		}
	}
	files, err := filepath.Glob(root + "/web/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range append(files, root+"/go.mod", root+"/go.sum", root+"/web/openapi.json") {
		data, err := os.ReadFile(file)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		to := filepath.Join(tree, strings.TrimPrefix(file, root))
		if err == nil {
			err = errors.Join(os.MkdirAll(filepath.Dir(to), 0o755), os.WriteFile(to, data, 0o644))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	// The browser client is embedded; it is not needed here.
	if err := errors.Join(os.MkdirAll(filepath.Join(tree, "web/dist"), 0o755), os.WriteFile(filepath.Join(tree, "web/dist/.gitkeep"), nil, 0o644)); err != nil {
		t.Fatal(err)
	}
	return tree
}

// git runs outside of any repository: the copy must not be mistaken for a part of this one.
func git(dir string, words ...string) (string, error) {
	cmd := exec.Command("git", words...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CEILING_DIRECTORIES="+filepath.Dir(dir))
	out, err := cmd.CombinedOutput()
	return string(out), err
}
