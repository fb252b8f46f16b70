package config

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fileWith returns the path of a new file with this content.
func fileWith(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestEverySecretCanComeFromAFile(t *testing.T) {
	postgres := map[string]string{"DB_HOST": "db", "DB_USER": "u"}
	s3 := map[string]string{"USE_MINIO": "true", "MINIO_ENDPOINT": "m:9000", "S3_ACCESS_KEY_ID": "a", "S3_SECRET_ACCESS_KEY": "b"}
	for key, c := range map[string]struct {
		env   map[string]string
		value string
		read  func(Config) string
		want  string
	}{
		"DB_PASSWORD":          {postgres, " hunter2 ", func(c Config) string { return c.Database.DSN.Reveal() }, "postgres://u:%20hunter2%20@db:5432/chillin"},
		"DATABASE_URL":         {nil, "postgres://u:p@db/x", func(c Config) string { return c.Database.DSN.Reveal() }, "postgres://u:p@db/x"},
		"REDIS_URL":            {postgres, "redis://:p@redis", func(c Config) string { return c.Redis.URL.Reveal() }, "redis://:p@redis"},
		"S3_ACCESS_KEY_ID":     {s3, "key", func(c Config) string { return c.Storage.AccessKey }, "key"},
		"S3_SECRET_ACCESS_KEY": {s3, "hunter2", func(c Config) string { return c.Storage.SecretKey.Reveal() }, "hunter2"},
	} {
		t.Run(key, func(t *testing.T) {
			env := map[string]string{}
			maps.Copy(env, c.env)
			delete(env, key)
			for _, end := range []string{"", "\n", "\r\n"} {
				env[key+"_FILE"] = fileWith(t, c.value+end)
				config, err := Load(from(env))
				if err != nil {
					t.Fatal(err)
				}
				if got := c.read(config); got != c.want {
					t.Errorf("got %q, want %q", got, c.want)
				}
			}

			env[key] = "hunter3"
			if _, err := Load(from(env)); err == nil || !strings.Contains(err.Error(), key+"_FILE: is set together with "+key) || strings.Contains(err.Error(), "hunter") {
				t.Errorf("both set: %v, want an error without the values", err)
			}
			delete(env, key)
			env[key+"_FILE"] = filepath.Join(t.TempDir(), "none")
			if _, err := Load(from(env)); err == nil || !strings.Contains(err.Error(), key+"_FILE: cannot be read") {
				t.Errorf("no file: %v, want an error", err)
			}
		})
	}
}

// A systemd unit for all machines passes an empty credential if there is none.
func TestEmptySecretFileIsUnset(t *testing.T) {
	c, err := Load(from(map[string]string{"DB_PASSWORD_FILE": fileWith(t, "\n"), "REDIS_URL_FILE": fileWith(t, "")}))
	if err != nil || !c.Embedded() || c.Redis.Enabled() {
		t.Errorf("got %+v, %v, want the defaults", c, err)
	}
	if _, err = Load(from(map[string]string{"DB_HOST": "db", "DB_USER": "u", "DB_PASSWORD": "p", "DB_PASSWORD_FILE": fileWith(t, "\n")})); err != nil {
		t.Errorf("an empty file with the variable set: %v, want no error", err)
	}
}

func TestUnknownKeys(t *testing.T) {
	path := filepath.Join(t.TempDir(), ".env")
	text := "DB_PASWORD=x\nPORT=1\nTRUST_PROXIES=1\nCOLOUR=red\nEDGE=10.1.2\nCOMPOSE_PROFILES=tls\nS3_REGOIN=x\nREDIS_URL_FILES=x\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("MAX_UPLOAD_SIZ", "5")     // a typing error
	t.Setenv("HOSTS", "5")              // of another program
	t.Setenv("MAX_UPLOAD_SIZE_MB", "5") // similar, but too different
	env, err := Environment(path)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]UnknownKey{}
	for _, u := range env.UnknownKeys() {
		got[u.Key] = u
	}
	want := map[string]UnknownKey{
		"DB_PASWORD":      {"DB_PASWORD", "DB_PASSWORD", true},
		"TRUST_PROXIES":   {"TRUST_PROXIES", "", true},
		"COLOUR":          {"COLOUR", "", true},
		"S3_REGOIN":       {"S3_REGOIN", "S3_REGION", true},
		"REDIS_URL_FILES": {"REDIS_URL_FILES", "REDIS_URL_FILE", true},
		"MAX_UPLOAD_SIZ":  {"MAX_UPLOAD_SIZ", "MAX_UPLOAD_SIZE", false},
	}
	for key, u := range want {
		if got[key] != u {
			t.Errorf("%s: %+v, want %+v", key, got[key], u)
		}
		delete(got, key)
	}
	if len(got) > 0 {
		t.Errorf("also reported: %v", got)
	}
}

func TestMetricsRequireTheirOwnPort(t *testing.T) {
	for _, c := range []struct {
		env  map[string]string
		want string
	}{
		{map[string]string{"METRICS_ADDR": ":5000"}, "METRICS_ADDR"},
		{map[string]string{"METRICS_ADDR": "127.0.0.1:5000"}, "METRICS_ADDR"},
		{map[string]string{"METRICS_ADDR": "[::]:5000", "HOST": "127.0.0.1"}, "METRICS_ADDR"},
		{map[string]string{"METRICS_ADDR": "127.0.0.1:5000", "HOST": "127.0.0.1"}, "METRICS_ADDR"},
		{map[string]string{"METRICS_ADDR": "127.0.0.2:5000", "HOST": "127.0.0.1"}, ""},
		{map[string]string{"METRICS_ADDR": "127.0.0.1:5001"}, ""},
		{map[string]string{"METRICS_ADDR": "127.0.0.1:5000", "PORT": "0"}, ""},
		{map[string]string{"PPROF": "true"}, "PPROF"},
		{map[string]string{"PPROF": "true", "METRICS_ADDR": ":9090"}, ""},
	} {
		_, err := Load(from(c.env))
		if (err == nil) != (c.want == "") || err != nil && !strings.HasPrefix(err.Error(), c.want+": ") {
			t.Errorf("%v: %v, want an error of %q", c.env, err, c.want)
		}
	}
}
