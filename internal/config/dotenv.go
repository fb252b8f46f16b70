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
)

// Env is the process's environment with the variables of one file below it.
type Env struct{ file map[string]string }

// Environment reads the file at path, usually ".env". A file that does not exist is no
// error. The process's own environment is left as it is.
func Environment(path string) (*Env, error) {
	file, err := godotenv.Read(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		// godotenv quotes the line that it cannot read, which may hold a secret.
		if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
			return nil, fmt.Errorf("read %s: %w", path, pathErr.Err)
		}
		return nil, fmt.Errorf("read %s: a line is not KEY=value", path)
	}
	return &Env{file}, nil
}

// Lookup is os.LookupEnv, and then the file: a real variable wins, unless it is empty.
func (e *Env) Lookup(key string) (string, bool) {
	if v, ok := os.LookupEnv(key); ok && v != "" {
		return v, true
	}
	v, ok := e.file[key]
	return v, ok
}

// UnknownKey is a variable that nothing reads.
type UnknownKey struct {
	Key     string
	Similar string // a variable with a similar name; "" if there is none
	InFile  bool   // set in the file, not in the environment
}

// UnknownKeys returns the variables of the file that nothing reads, and those of the
// process's environment whose name is almost that of a known one.
func (e *Env) UnknownKeys() []UnknownKey {
	known := knownKeys()
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
		// A short name of another program may well be similar to one of ours.
		if similar := similarKey(known, key); similar != "" && len(key) >= leastSimilar {
			unknown = append(unknown, UnknownKey{key, similar, false})
		}
	}
	return unknown
}

// composeKeys are variables of .env that docker-compose.yml itself uses.
var composeKeys = []string{
	"EDGE", "DOMAIN", "GRAFANA_PASSWORD", "BACKUP_DIR", "VERSION", "COMMIT",
	"CHILLIN_IMAGE", "NGINX_IMAGE", "POSTGRES_IMAGE", "REDIS_IMAGE", "MINIO_IMAGE", "CADDY_IMAGE", "PROMETHEUS_IMAGE", "GRAFANA_IMAGE",
}

// knownKeys are all variables that Load reads.
func knownKeys() (keys []string) {
	_, _ = Load(func(key string) (string, bool) { // nothing set is valid
		keys = append(keys, key)
		return "", false
	})
	return keys
}

const (
	mostEdits    = 2 // of a typing error
	leastSimilar = 8 // letters
)

// similarKey returns the known key that takes the fewest edits to type for key.
func similarKey(known []string, key string) (similar string) {
	least := mostEdits + 1
	for _, k := range known {
		if d := edits(key, k); d < least && d < len(k)/2 {
			least, similar = d, k
		}
	}
	return similar
}

// edits is the Levenshtein distance of a and b.
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
