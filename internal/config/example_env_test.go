package config

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"testing"

	"github.com/chillin-chat/chillin/internal/settings"
)

var exampleLine = regexp.MustCompile(`(?m)^#?([A-Z0-9_]+)=(.*)$`)

// exampleVariables reads .env.example with every line uncommented.
func exampleVariables(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("../../.env.example")
	if err != nil {
		t.Fatal(err)
	}
	vars := map[string]string{}
	for _, m := range exampleLine.FindAllStringSubmatch(string(text), -1) {
		if _, twice := vars[m[1]]; twice {
			t.Errorf("%s is in .env.example twice", m[1])
		}
		vars[m[1]] = m[2]
	}
	return vars
}

func TestExampleListsEveryVariable(t *testing.T) {
	asked, example := variables(t), exampleVariables(t)
	for key := range asked {
		if _, ok := example[key]; !ok {
			t.Errorf("%s is missing in .env.example", key)
		}
	}
	for key := range example {
		if !asked[key] {
			t.Errorf(".env.example has %s, which is unknown", key)
		}
	}
}

func TestExampleContainsTheDefaults(t *testing.T) {
	want, err := Load(from(nil))
	if err != nil {
		t.Fatal(err)
	}
	got, err := Load(from(exampleVariables(t)))
	if err != nil {
		t.Fatal(err)
	}
	wantDefaults(t, got.Environment)
	if got.Environment = want.Environment; !reflect.DeepEqual(got, want) {
		t.Errorf("config of .env.example = %+v, want the defaults %+v", got, want)
	}
	// The defaults of optional features are read only if the feature is enabled.
	on := map[string]string{"DB_HOST": "db", "DB_USER": "u", "USE_MINIO": "true", "MINIO_ENDPOINT": "m:9000", "S3_ACCESS_KEY_ID": "a", "S3_SECRET_ACCESS_KEY": "b"}
	want, err = Load(from(on))
	if err != nil {
		t.Fatal(err)
	}
	for key, value := range exampleVariables(t) {
		if _, ok := on[key]; !ok {
			on[key] = value
		}
	}
	if got, err = Load(from(on)); err != nil {
		t.Fatal(err)
	}
	if got.Environment = want.Environment; !reflect.DeepEqual(got, want) {
		t.Errorf("config of .env.example with Postgres and S3 = %+v, want %+v", got, want)
	}
}

// wantDefaults fails if a value is not the default of its setting.
func wantDefaults(t *testing.T, values settings.Values) {
	t.Helper()
	if len(values) == 0 {
		t.Error("no value was read")
	}
	for name, value := range values {
		if want := (settings.Values{}).Text(name); value != want {
			t.Errorf("%s = %q, want the default %q", name, value, want)
		}
	}
}

func TestEnvironment(t *testing.T) {
	path := filepath.Join(t.TempDir(), ".env")
	if err := os.WriteFile(path, []byte("# comment\nPORT=6000\nHOST='::1'\nLOG_LEVEL=debug\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PORT", "7000")
	t.Setenv("HOST", "")
	env, err := Environment(path)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, key := range []string{"PORT", "HOST", "LOG_LEVEL", "NO_SUCH"} {
		v, _ := env.Lookup(key)
		got = append(got, v)
	}
	if want := []string{"7000", "::1", "debug", ""}; !slices.Equal(got, want) {
		t.Errorf("PORT, HOST, LOG_LEVEL, NO_SUCH = %q, want %q", got, want)
	}
	if v, ok := os.LookupEnv("LOG_LEVEL"); ok {
		t.Errorf("the process has LOG_LEVEL=%s, want an unchanged environment", v)
	}
}

func TestEnvironmentFileErrors(t *testing.T) {
	dir := t.TempDir()
	if _, err := Environment(filepath.Join(dir, "none")); err != nil {
		t.Errorf("missing file: err = %v, want nil", err)
	}
	if _, err := Environment(dir); err == nil {
		t.Error("folder: err = nil, want an error")
	}
	path := filepath.Join(dir, ".env")
	if err := os.WriteFile(path, []byte("DB_PASSWORD hunter2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Environment(path)
	if err == nil || regexp.MustCompile("hunter2").MatchString(err.Error()) {
		t.Errorf("invalid line: err = %v, want one without the text of the line", err)
	}
}
