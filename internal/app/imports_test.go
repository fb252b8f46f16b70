package app_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// mayImport contains the allowed imports between the packages of this project: cmd → app → {api,
// gateway} → service → chat → markup; the engines import chat; the leaves import nothing. Any other
// import is an error.
var mayImport = map[string][]string{
	"cmd/chillin":           {"internal/app", "internal/backup", "internal/chat", "internal/config", "internal/doctor", "internal/api", "internal/gateway", "internal/load", "internal/store", "internal/store/schema", "internal/version", "internal/wire"},
	"internal/app":          {"internal/api", "internal/auth", "internal/backup", "internal/blob", "internal/bus", "internal/cache", "internal/chat", "internal/config", "internal/gateway", "internal/health", "internal/jobs", "internal/logging", "internal/media", "internal/metrics", "internal/picture", "internal/presence", "internal/ratelimit", "internal/recovery", "internal/redisclient", "internal/service", "internal/store", "internal/store/schema", "internal/version", "internal/wake", "internal/webhook", "internal/wire", "internal/doctor", "web"},
	"internal/hookbody":     {"internal/chat", "internal/strictjson"},
	"internal/api":          {"internal/auth", "internal/chat", "internal/hookbody", "internal/logging", "internal/metrics", "internal/recovery", "internal/service", "internal/strictjson"},
	"internal/gateway":      {"internal/auth", "internal/chat", "internal/logging", "internal/metrics", "internal/recovery", "internal/service", "internal/socket", "internal/strictjson", "internal/wake", "internal/wire"},
	"internal/service":      {"internal/chat", "internal/logging", "internal/markup", "internal/settings", "internal/wake"},
	"internal/backup":       {"internal/blob", "internal/chat", "internal/store", "internal/store/schema"},
	"internal/auth":         {"internal/chat", "internal/logging", "internal/origin"},
	"internal/wire":         {"internal/chat"},
	"internal/chat":         {"internal/markup"},
	"internal/markup":       {},
	"internal/store":        {"internal/batchload", "internal/chat", "internal/recovery", "internal/store/dbconn", "internal/store/schema", "internal/strictjson", "migrations"},
	"internal/store/schema": {"internal/chat", "internal/store/dbconn", "migrations"},
	"internal/store/dbconn": {},
	"internal/cache":        {"internal/chat", "internal/metrics"},
	"internal/bus":          {"internal/chat", "internal/metrics", "internal/redisclient", "internal/wake", "internal/wire"},
	"internal/presence":     {"internal/batchload", "internal/chat", "internal/metrics", "internal/redisclient", "internal/wake"},
	"internal/blob":         {"internal/chat"},
	"internal/media":        {"internal/chat", "internal/recovery"},
	"internal/picture":      {"internal/chat", "internal/media", "internal/recovery"},
	"internal/jobs":         {"internal/chat", "internal/metrics", "internal/recovery", "internal/wake"},
	"internal/webhook":      {"internal/chat", "internal/jobs", "internal/metrics", "internal/recovery", "internal/wake", "internal/wire"},
	"internal/doctor":       {"internal/blob", "internal/chat", "internal/config", "internal/redisclient", "internal/settings", "internal/store", "internal/store/schema"},
	"internal/batchload":    {"internal/recovery"},
	"internal/config":       {"internal/origin", "internal/redisclient", "internal/settings"},
	"internal/settings":     {},
	"internal/redisclient":  {},
	"internal/origin":       {},
	"internal/health":       {"internal/version"},
	"internal/logging":      {},
	"internal/metrics":      {"internal/recovery", "internal/version"},
	"internal/version":      {},
	"internal/ratelimit":    {},
	"internal/wake":         {},
	// recovery turns panics into errors.
	"internal/recovery": {},
	"internal/socket":   {},
	// strictjson is the decoder of the API and the gateway.
	"internal/strictjson": {},
	// client is for tests and the load command.
	"internal/client": {"internal/chat", "internal/wire"},
	"internal/load":   {"internal/chat", "internal/client", "internal/wake", "internal/wire"},
	// chaos injects faults into the engines under load; only its tests use it.
	"internal/test/chaos":     {"internal/chat", "internal/client", "internal/test/env", "internal/wire"},
	"internal/test/env":       {},
	"internal/test/env/stack": {"internal/test/env"},
	"internal/tools/dev":      {},
	// performance measures the figures of docs/performance.md.
	"internal/tools/performance": {"internal/chat", "internal/client", "internal/load", "internal/test/env", "internal/wire"},
	// plainenglish keeps comments and documents in plain English.
	"internal/tools/plainenglish": {},
	// settingdocs writes the documents of the settings.
	"internal/tools/settingdocs": {"internal/settings"},
	// webprotocol generates the client's copy of the contract.
	"internal/tools/webprotocol": {"internal/chat", "internal/wire"},
	"migrations":                 {},
	"web":                        {},
}

const module = "github.com/chillin-chat/chillin/"

func TestImports(t *testing.T) {
	root := "../.."
	seen := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "node_modules" || strings.HasPrefix(d.Name(), ".") && path != root) {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		dir, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		seen[dir] = true
		allowed, known := mayImport[dir]
		if !known {
			t.Errorf("package %s has no line in mayImport", dir)
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range file.Imports {
			name, ours := strings.CutPrefix(strings.Trim(spec.Path.Value, `"`), module)
			if ours && !slices.Contains(allowed, name) {
				t.Errorf("%s imports %s, which %s may not", path, name, dir)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for dir := range mayImport {
		if !seen[dir] {
			t.Errorf("mayImport contains %s, which has no Go files", dir)
		}
	}
}
