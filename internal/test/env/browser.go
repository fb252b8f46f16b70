package testenv

import "fmt"

// Browser returns the path of Chromium. If necessary and possible, it installs Chromium and its fonts.
// Without fonts-liberation, digits are drawn from the emoji font.
func Browser() (string, error) {
	names := []string{"chromium", "chromium-browser", "google-chrome"}
	for _, name := range names {
		if path, ok := lookup(name); ok {
			return path, nil
		}
	}
	pkgs := []string{"chromium", "fonts-liberation", "fonts-noto-color-emoji"}
	err := locked("apt", func() error { return install("chromium", pkgs...) })
	if err != nil {
		return "", err
	}
	path, ok := lookup("chromium")
	if !ok {
		return "", fmt.Errorf("find chromium: missing although its package is installed")
	}
	return path, nil
}
