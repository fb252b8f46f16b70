package testenv

import (
	"errors"
	"fmt"
)

// Browser returns the path of Chromium. If necessary and possible, it installs Chromium and its fonts.
// The headless shell, which draws no window, needs half of the CPU of the whole browser. Without
// fonts-liberation, digits are drawn from the emoji font.
func Browser() (string, error) {
	names := []string{"chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"}
	var failed []error
	for _, pkg := range names[:2] { // not every release has the shell as a package
		if path, ok := lookup(pkg); ok {
			return path, nil
		}
		err := locked("apt", func() error { return install(pkg, pkg, "fonts-liberation", "fonts-noto-color-emoji") })
		failed = append(failed, err)
		for _, name := range names {
			if path, ok := lookup(name); ok {
				return path, nil
			}
		}
	}
	return "", fmt.Errorf("find Chromium: %w", errors.Join(append(failed, errors.New("it is missing"))...))
}
