package testenv

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
)

// useContainers reports whether name must run in a container: it is missing, cannot be installed, and a
// Docker engine answers.
func useContainers(name string) bool {
	if _, ok := lookup(name); ok || os.Getuid() == 0 {
		return false
	}
	return engineAnswers()
}

var engineAnswers = sync.OnceValue(func() bool { return exec.Command("docker", "info").Run() == nil })

// containersUp starts Postgres and Redis as containers if they are not running. They keep running for
// later runs, until `docker compose -f internal/test/env/containers.yml down -v`.
var containersUp = sync.OnceValue(func() error {
	return locked("containers", func() error {
		file := filepath.Join(root(), "internal", "testenv", "containers.yml")
		if out, err := exec.Command("docker", "compose", "-f", file, "up", "-d", "--wait").CombinedOutput(); err != nil {
			return fmt.Errorf("start the containers of the tests: %w\n%s", err, out)
		}
		return nil
	})
})

// The ports are those in containers.yml.
func containerDatabase() (string, error) {
	return "postgres://postgres:chillin@127.0.0.1:25432/postgres?sslmode=disable", containersUp()
}

func containerRedis() (string, error) { return "redis://127.0.0.1:26379", containersUp() }
