package testenv

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
)

// The apt packages of programs.
const (
	postgresPackage  = "postgresql"
	pgbouncerPackage = "pgbouncer"
	redisPackage     = "redis-server"
	nginxPackage     = "nginx"
)

// program returns the path of name. If necessary and possible, it installs pkg.
func program(name, pkg string) (string, error) {
	if path, ok := lookup(name); ok {
		return path, nil
	}
	err := locked("apt", func() error {
		if _, ok := lookup(name); ok {
			return nil // another test binary was faster
		}
		return install(name, pkg)
	})
	if err != nil {
		return "", err
	}
	path, ok := lookup(name)
	if !ok {
		return "", fmt.Errorf("find %s: missing although package %s is installed", name, pkg)
	}
	return path, nil
}

// lookup finds a program in PATH and in the folders in which Debian and Homebrew install servers. It
// returns the newest Postgres.
func lookup(name string) (string, bool) {
	if path, err := exec.LookPath(name); err == nil {
		return path, true
	}
	for _, pattern := range []string{"/usr/lib/postgresql/*/bin/", "/usr/pgsql-*/bin/", "/opt/homebrew/opt/postgresql@*/bin/", "/usr/sbin/", "/usr/local/sbin/"} {
		found, _ := filepath.Glob(pattern + name)
		if len(found) > 0 {
			return slices.Max(found), true
		}
	}
	return "", false
}

// install installs packages with apt-get, if running as root.
func install(name string, pkgs ...string) error {
	apt, err := exec.LookPath("apt-get")
	if err != nil || os.Getuid() != 0 {
		return missing(name, pkgs...)
	}
	fmt.Fprintf(os.Stderr, "testenv: installing %s (once)\n", strings.Join(pkgs, ", "))
	restore, err := keepServicesDown()
	if err != nil {
		return err
	}
	defer restore()
	if slices.Contains(pkgs, postgresPackage) {
		if err := noMainCluster(apt); err != nil {
			return err
		}
	}
	return aptInstall(apt, pkgs...)
}

// missing returns an error that says what to do if nothing can be installed.
func missing(name string, pkgs ...string) error {
	return fmt.Errorf(`%s is missing, and this is not root on Debian or Ubuntu, so that it cannot be installed.
Do one of these:
  - install it: sudo apt-get install %s
  - start a Docker engine: Postgres, Redis and S3 then run as containers
  - set running servers on which the tests may create and drop databases:
      TEST_DATABASE_URL=postgres://user:password@host:5432/postgres
      TEST_REDIS_URL=redis://host:6379
      TEST_S3_ENDPOINT=host:9000 TEST_S3_ACCESS_KEY=… TEST_S3_SECRET_KEY=…`, name, strings.Join(pkgs, " "))
}

// aptInstall first tries with the existing package lists, because updating them takes longer than most
// packages, and then with new ones.
func aptInstall(apt string, pkgs ...string) error {
	args := append([]string{"install", "-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300"}, pkgs...)
	if _, err := runProgram(apt, args...); err == nil {
		return nil
	}
	if out, err := runProgram(apt, "update"); err != nil {
		return fmt.Errorf("fetch the package lists: %w\n%s", err, out)
	}
	if out, err := runProgram(apt, args...); err != nil {
		return fmt.Errorf("install %s: %w\n%s", strings.Join(pkgs, " "), err, out)
	}
	return nil
}

func runProgram(name string, args ...string) (output []byte, err error) {
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	return cmd.CombinedOutput()
}

// keepServicesDown prevents Debian from starting installed servers on their default ports, until
// restore is called.
func keepServicesDown() (restore func(), err error) {
	const path = "/usr/sbin/policy-rc.d"
	if _, err := os.Lstat(path); err == nil {
		return func() {}, nil
	}
	if err := os.WriteFile(path, []byte("#!/bin/sh\nexit 101\n"), 0o755); err != nil {
		return nil, fmt.Errorf("keep services down: %w", err)
	}
	return func() { _ = os.Remove(path) }, nil
}

// noMainCluster prevents Debian from creating a database cluster when it installs Postgres.
func noMainCluster(apt string) error {
	const path = "/etc/postgresql-common/createcluster.conf"
	if err := aptInstall(apt, "postgresql-common"); err != nil {
		return err
	}
	conf, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("forbid the main cluster: %w", err)
	}
	defer conf.Close()
	if _, err := conf.WriteString("create_main_cluster = false\n"); err != nil {
		return fmt.Errorf("forbid the main cluster: %w", err)
	}
	return nil
}

// root returns the root folder of the repository: go test runs a test in the folder of its package, and
// go run a program in the current one.
var root = sync.OnceValue(func() string {
	dir, err := os.Getwd()
	if err != nil {
		panic(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "ARCHITECTURE.md")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			panic("testenv: the current folder is not within the repository")
		}
		dir = filepath.Dir(dir)
	}
})

// built returns the path of a program from its pinned module below internal/tools. It builds the
// program once and keeps it in .cache under a name that depends on the module's dependencies.
func built(tool, pkg string) (string, error) {
	module := filepath.Join(root(), "internal", "tools", tool)
	pins, err := os.ReadFile(filepath.Join(module, "go.mod"))
	if err != nil {
		return "", fmt.Errorf("read the pins of %s: %w", tool, err)
	}
	path := filepath.Join(root(), ".cache", "bin", tool+"-"+fingerprint(pins, runtime.Version()))
	err = locked(tool, func() error {
		if _, err := os.Stat(path); err == nil {
			return nil
		}
		fmt.Fprintf(os.Stderr, "testenv: building %s (once, about a minute)\n", tool)
		// Renamed when complete: a build may be interrupted.
		cmd := exec.Command("go", "build", "-o", path+".new", pkg)
		cmd.Dir = module
		cmd.Env = append(os.Environ(), "GOFLAGS=-mod=readonly", "CGO_ENABLED=0", "GOWORK=off")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("build %s: %w\n%s", tool, err, out)
		}
		return os.Rename(path+".new", path)
	})
	return path, err
}

// Program returns the path of a program for a test. If necessary and possible, it installs its package.
func Program(t testing.TB, name, pkg string) string {
	t.Helper()
	path, err := program(name, pkg)
	if err != nil {
		t.Fatalf("testenv: %v", err)
	}
	return path
}
