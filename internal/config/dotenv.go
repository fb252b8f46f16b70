package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/joho/godotenv"
)

// Environment is os.LookupEnv with the variables of the file at path, usually
// ".env", below it: a real variable wins, unless it is empty. A file that does
// not exist is no error. The process's own environment is left as it is.
func Environment(path string) (func(string) (string, bool), error) {
	file, err := godotenv.Read(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		// godotenv quotes the line that it cannot read, which may hold a secret.
		if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
			return nil, fmt.Errorf("read %s: %w", path, pathErr.Err)
		}
		return nil, fmt.Errorf("read %s: a line is not KEY=value", path)
	}
	return func(key string) (string, bool) {
		if v, ok := os.LookupEnv(key); ok && v != "" {
			return v, true
		}
		v, ok := file[key]
		return v, ok
	}, nil
}
