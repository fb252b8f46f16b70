package testenv

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
)

// useContainers tells whether name must come as a container: it is missing, we
// cannot install it, and a Docker engine answers.
func useContainers(name string) bool {
	if _, ok := lookup(name); ok || os.Getuid() == 0 {
		return false
	}
	return engineAnswers()
}

var engineAnswers = sync.OnceValue(func() bool { return exec.Command("docker", "info").Run() == nil })

// containersUp starts Postgres and Redis as containers where they do not run.
// They stay, for the next run, until
// `docker compose -f internal/testenv/containers.yml down -v`.
var containersUp = sync.OnceValue(func() error {
	return locked("containers", func() error {
		file := filepath.Join(root(), "internal", "testenv", "containers.yml")
		if out, err := exec.Command("docker", "compose", "-f", file, "up", "-d", "--wait").CombinedOutput(); err != nil {
			return fmt.Errorf("start the containers of the tests: %w\n%s", err, out)
		}
		return nil
	})
})

// The ports are those of containers.yml.
func containerDatabase() (string, error) {
	return "postgres://postgres:chillin@127.0.0.1:25432/postgres?sslmode=disable", containersUp()
}

func containerRedis() (string, error) { return "redis://127.0.0.1:26379", containersUp() }
