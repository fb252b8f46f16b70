package config

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// variables returns all variables that Load reads.
func variables(t *testing.T) map[string]bool {
	t.Helper()
	asked := map[string]bool{}
	if _, err := Load(func(key string) (string, bool) { asked[key] = true; return "", false }); err != nil {
		t.Fatal(err)
	}
	return asked
}

// documents reads all documents of a YAML file.
func documents(t *testing.T, path string) (all []map[string]any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for decoder := yaml.NewDecoder(bytes.NewReader(text)); ; {
		var document map[string]any
		err := decoder.Decode(&document)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		all = append(all, document)
	}
}

// at returns the value below from at the path of keys.
func at(from any, keys ...string) any {
	for _, key := range keys {
		level, _ := from.(map[string]any)
		from = level[key]
	}
	return from
}

// environment returns a map of variables. All values must be strings.
func environment(t *testing.T, where string, from any) map[string]string {
	t.Helper()
	values, ok := from.(map[string]any)
	if !ok {
		t.Fatalf("%s has no variables", where)
	}
	env := map[string]string{}
	for key, value := range values {
		text, ok := value.(string)
		if !ok {
			t.Errorf("%s: %s is %v, want a string", where, key, value)
		}
		env[key] = text
	}
	return env
}

var composeVariable = regexp.MustCompile(`\$\{([A-Z0-9_]+)(?::-([^}]*))?\}`)

func TestComposeSetsOnlyKnownVariables(t *testing.T) {
	known := variables(t)
	compose := documents(t, "../../docker-compose.yml")[0]
	for _, service := range []string{"api-server-1", "api-server-2"} {
		env := environment(t, service, at(compose, "services", service, "environment"))
		for key, value := range env {
			if !known[key] {
				t.Errorf("%s sets %s, which is unknown", service, key)
			}
			env[key] = composeVariable.ReplaceAllString(value, "$2") // no .env
		}
		c, err := Load(from(env))
		if err != nil {
			t.Errorf("%s without a .env: %v", service, err)
		}
		if !c.Redis.Enabled() || c.Database.Engine != Postgres || c.Storage.Kind != S3 {
			t.Errorf("%s uses %s and %s, Redis %t", service, c.Database.Engine, c.Storage.Kind, c.Redis.Enabled())
		}
		// Every variable that is useful in a container can be set in .env.
		for key := range known {
			file := strings.HasSuffix(key, "_FILE")                         // also needs a mount
			own := strings.HasPrefix(key, "DATABASE_") || key == "DATA_DIR" // the stack has a Postgres and volumes
			if _, set := env[key]; !set && !file && !own {
				t.Errorf("%s has no %s", service, key)
			}
		}
	}
}

// TestComposeVariablesAreDocumented checks the variables of docker-compose.yml. Those that nodes read
// are in .env.example, which another test compares; the others are in the table of operating.md.
func TestComposeVariablesAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docker-compose.yml")
	if err != nil {
		t.Fatal(err)
	}
	operating, err := os.ReadFile("../../docs/operating.md")
	if err != nil {
		t.Fatal(err)
	}
	known, used := variables(t), map[string]bool{}
	uncommented := regexp.MustCompile(`(?m)^ *#.*$`).ReplaceAllString(string(text), "")
	for _, m := range composeVariable.FindAllStringSubmatch(uncommented, -1) {
		if used[m[1]] = true; !known[m[1]] && !slices.Contains(composeKeys, m[1]) {
			t.Errorf("docker-compose.yml uses %s, which is unknown", m[1])
		}
	}
	for _, name := range composeKeys {
		if !used[name] {
			t.Errorf("docker-compose.yml does not use %s", name)
		}
		if !bytes.Contains(operating, []byte("`"+name+"`")) {
			t.Errorf("docs/operating.md does not describe %s", name)
		}
	}
}

// TestComposePublishesOnlyPublicPorts checks that all other ports are published on loopback.
func TestComposePublishesOnlyPublicPorts(t *testing.T) {
	services, _ := at(documents(t, "../../docker-compose.yml")[0], "services").(map[string]any)
	published := map[string][]string{}
	for name, service := range services {
		ports, _ := at(service, "ports").([]any)
		for _, port := range ports {
			if text, _ := port.(string); !strings.HasPrefix(text, "127.0.0.1:") {
				published[name] = append(published[name], text)
			}
		}
		if at(service, "ulimits") != nil {
			t.Errorf("%s sets a limit of open files that some container engines refuse", name)
		}
	}
	want := map[string][]string{"nginx": {"${PORT:-5000}:5000"}, "tls": {"80:8080", "443:8443"}}
	if !maps.EqualFunc(published, want, slices.Equal) {
		t.Errorf("published on all addresses: %v, want %v", published, want)
	}
	for name, profile := range map[string]string{"tls": "tls", "prometheus": "monitoring", "grafana": "monitoring", "console": "console", "backup": "backup"} {
		if profiles, _ := at(services[name], "profiles").([]any); len(profiles) != 1 || profiles[0] != profile {
			t.Errorf("%s starts in the profiles %v, want only %s", name, profiles, profile)
		}
	}
}

// TestComposeSetsTheImageVersion checks the build arguments, which the Dockerfile copies to labels.
func TestComposeSetsTheImageVersion(t *testing.T) {
	dockerfile, err := os.ReadFile("../../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	compose := documents(t, "../../docker-compose.yml")[0]
	for _, service := range []string{"api-server-1", "api-server-2", "backup"} {
		args := environment(t, service, at(compose, "services", service, "build", "args"))
		for _, name := range []string{"VERSION", "COMMIT"} {
			if args[name] != "${"+name+":-}" {
				t.Errorf("%s is built with %s = %q", service, name, args[name])
			}
			if !bytes.Contains(dockerfile, []byte("\nARG "+name+"=\n")) {
				t.Errorf("the Dockerfile has no ARG %s", name)
			}
		}
	}
}

// TestBackupServiceHasNoDependencies ensures that a nightly backup does not restart Postgres: docker
// compose run recreates the dependencies of a service if their settings or images changed.
func TestBackupServiceHasNoDependencies(t *testing.T) {
	needs, there := at(documents(t, "../../docker-compose.yml")[0], "services", "backup", "depends_on").(map[string]any)
	if !there || len(needs) > 0 {
		t.Errorf("backup depends on %v, want an empty map", needs)
	}
}

// TestBackupsAreExcludedFromImagesAndCommits checks the ignore files. By default backups are written to
// this folder, and only root can read them, so a build that includes them would fail.
func TestBackupsAreExcludedFromImagesAndCommits(t *testing.T) {
	volumes, _ := at(documents(t, "../../docker-compose.yml")[0], "services", "backup", "volumes").([]any)
	if len(volumes) != 1 || volumes[0] != "${BACKUP_DIR:-./backups}:/backups" {
		t.Errorf("volumes of backup = %v", volumes)
	}
	for file, line := range map[string]string{"../../.dockerignore": "backups", "../../.gitignore": "/backups/"} {
		text, err := os.ReadFile(file)
		if err != nil || !slices.Contains(strings.Split(string(text), "\n"), line) {
			t.Errorf("%s has no line %s (%v)", file, line, err)
		}
	}
}

// TestThirdNodeIsBehindNginx runs the command with which third-node.yml changes nginx.conf.
func TestThirdNodeIsBehindNginx(t *testing.T) {
	command, _ := at(documents(t, "../../deploy/compose/third-node.yml")[0], "services", "nginx", "command").([]any)
	script, _ := command[len(command)-1].(string)
	change, _, found := strings.Cut(script, " > /tmp/nginx.conf;")
	if !found {
		t.Fatalf("the command of nginx does not write another nginx.conf: %s", script)
	}
	change = strings.Replace(change, "/etc/nginx/nginx.conf", "../../nginx.conf", 1)
	out, err := exec.Command("sh", "-c", change).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	block := regexp.MustCompile(`(?s)\n    upstream chillin \{.*?\n    \}`).FindString(string(out))
	servers := regexp.MustCompile(`server api-server-(\d):500(\d)( weight=2091)? `).FindAllStringSubmatch(block, -1)
	var nodes, weighted []string
	for _, m := range servers {
		nodes = append(nodes, m[1]+m[2])
		if m[3] != "" {
			weighted = append(weighted, m[1])
		}
	}
	// Servers with a weight come first: see nginx.conf.
	if got, want := strings.Join(nodes, " ")+", "+strings.Join(weighted, " "), "11 22 33 11 22 33, 1 2 3"; got != want {
		t.Errorf("nodes of nginx and those with a weight = %s, want %s", got, want)
	}
}

func TestKubernetesSetsOnlyKnownVariables(t *testing.T) {
	const dir = "../../deploy/kubernetes/"
	known := variables(t)
	env := environment(t, "settings.yaml", at(documents(t, dir+"settings.yaml")[0], "data"))
	nodes := documents(t, dir+"nodes.yaml")
	containers, _ := at(nodes[0], "spec", "template", "spec", "containers").([]any)
	list, _ := at(containers[0], "env").([]any)
	var secrets []string
	for _, one := range list {
		name, _ := at(one, "name").(string)
		if key, ok := at(one, "valueFrom", "secretKeyRef", "key").(string); ok {
			secrets = append(secrets, key)
		}
		env[name], _ = at(one, "value").(string)
	}
	// The Go runtime reads it.
	delete(env, "GOMEMLIMIT")
	for key := range env {
		if !known[key] {
			t.Errorf("the manifests set %s, which is unknown", key)
		}
	}
	// The secrets in the manifests are empty. The error names the variables to fill in.
	_, err := Load(from(env))
	for _, key := range []string{"S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY"} {
		if err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("the manifests with empty secrets: %v, want an error of %s", err, key)
		}
	}
	for _, key := range secrets {
		env[key] = "filled in"
	}
	env["REDIS_URL"] = "redis://redis:6379/0"
	if c, err := Load(from(env)); err != nil || !c.Redis.Enabled() || c.MetricsAddr == "" {
		t.Errorf("filled in: %+v, %v", c, err)
	}
}

func TestSystemdSetsOnlyKnownVariables(t *testing.T) {
	text, err := os.ReadFile("../../deploy/chillin.service")
	if err != nil {
		t.Fatal(err)
	}
	known, set := variables(t), 0
	for _, line := range regexp.MustCompile(`(?m)^Environment=(.*)$`).FindAllStringSubmatch(string(text), -1) {
		for pair := range strings.FieldsSeq(line[1]) {
			key, _, _ := strings.Cut(pair, "=")
			if set++; !known[key] {
				t.Errorf("chillin.service sets %s, which is unknown", key)
			}
		}
	}
	if set == 0 {
		t.Error("chillin.service sets nothing")
	}
}

// TestReadmeNamesEveryVariable checks the table of README.md, where operators look first.
func TestReadmeNamesEveryVariable(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "| variable | what |")
	table, _, _ = strings.Cut(table, "\n\n")
	known, named := variables(t), regexp.MustCompile(`\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*\b`)
	var documented []string
	for line := range strings.Lines(table) {
		cells := strings.Split(line, "|")
		if len(cells) > 2 {
			documented = append(documented, named.FindAllString(cells[1], -1)...)
		}
	}
	for key := range known {
		if !slices.Contains(documented, key) {
			t.Errorf("the table of README.md has no %s", key)
		}
	}
	for _, key := range documented {
		if !known[key] {
			t.Errorf("the table of README.md has %s, which is unknown", key)
		}
	}
}

// All YAML files of deploy/ can be parsed.
func TestDeployFilesAreValidYAML(t *testing.T) {
	var files []string
	for _, pattern := range []string{"../../deploy/*.yml", "../../deploy/*/*.y*ml"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	if len(files) < 6 {
		t.Errorf("only %d files found", len(files))
	}
	for _, file := range files {
		for _, document := range documents(t, file) {
			if len(document) == 0 {
				t.Errorf("%s has an empty document", file)
			}
		}
	}
}
