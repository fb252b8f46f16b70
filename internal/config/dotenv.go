package config

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/joho/godotenv"

	"github.com/chillin-chat/chillin/internal/settings"
)

// Env is the process environment, with the variables of a file as fallback.
type Env struct{ file map[string]string }

// Environment reads the file at path, usually ".env". A missing file is not an error. The process
// environment is not changed.
func Environment(path string) (*Env, error) {
	file, err := godotenv.Read(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		// The error of godotenv contains the invalid line, which may contain a secret.
		if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
			return nil, fmt.Errorf("read %s: %w", path, pathErr.Err)
		}
		return nil, fmt.Errorf("read %s: a line is not KEY=value", path)
	}
	return &Env{file}, nil
}

// Lookup returns the variable of the process environment, or that of the file if the former is unset or
// empty.
func (e *Env) Lookup(key string) (string, bool) {
	if v, ok := os.LookupEnv(key); ok && v != "" {
		return v, true
	}
	v, ok := e.file[key]
	return v, ok
}

// UnknownKey is an unknown variable.
type UnknownKey struct {
	Key     string
	Similar string // a known variable with a similar name, or ""
	InFile  bool   // set in the file, not in the environment
}

// UnknownKeys returns the unknown variables of the file, and those of the process environment whose
// name is similar to a known one.
func (e *Env) UnknownKeys() []UnknownKey {
	known := settings.Variables()
	var unknown []UnknownKey
	for _, key := range slices.Sorted(maps.Keys(e.file)) {
		if !slices.Contains(known, key) && !slices.Contains(composeKeys, key) && !strings.HasPrefix(key, "COMPOSE_") {
			unknown = append(unknown, UnknownKey{key, similarKey(known, key), true})
		}
	}
	for _, pair := range os.Environ() {
		key, value, _ := strings.Cut(pair, "=")
		if value == "" || slices.Contains(known, key) || slices.Contains(composeKeys, key) {
			continue
		}
		// Short names of other programs are often similar by chance.
		if similar := similarKey(known, key); similar != "" && len(key) >= minSimilarLength {
			unknown = append(unknown, UnknownKey{key, similar, false})
		}
	}
	return unknown
}

// composeKeys are the variables of .env that only docker-compose.yml uses.
var composeKeys = []string{
	"EDGE", "DOMAIN", "GRAFANA_PASSWORD", "BACKUP_DIR", "VERSION", "COMMIT",
	"CHILLIN_IMAGE", "NGINX_IMAGE", "POSTGRES_IMAGE", "REDIS_IMAGE", "MINIO_IMAGE", "CADDY_IMAGE", "PROMETHEUS_IMAGE", "GRAFANA_IMAGE",
}

const (
	maxEdits         = 2 // edits in a typing error
	minSimilarLength = 8 // letters
)

// similarKey returns the known key with the smallest edit distance to key.
func similarKey(known []string, key string) (similar string) {
	least := maxEdits + 1
	for _, k := range known {
		if d := edits(key, k); d < least && d < len(k)/2 {
			least, similar = d, k
		}
	}
	return similar
}

// edits returns the Levenshtein distance of a and b.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
