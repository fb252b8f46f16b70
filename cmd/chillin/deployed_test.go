package main

import (
	"errors"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
)

// checkCommandLine returns an error for an invalid command line. It does not run the command.
func checkCommandLine(args []string) error {
	c, rest, err := newRoot(io.Discard).Find(args)
	if err != nil {
		return err
	}
	if !c.HasParent() && len(args) > 0 {
		return errors.New("unknown command")
	}
	if err := c.ParseFlags(rest); err != nil {
		return err
	}
	return c.ValidateArgs(c.Flags().Args())
}

// TestDeployedCommandsAreValid checks the commands in timers, containers and the manual. A mistake
// there would be noticed only when a nightly job fails.
func TestDeployedCommandsAreValid(t *testing.T) {
	const (
		unit   = `(?m)^Exec\w+=-?/usr/local/bin/chillin(?: (.*))?$`
		list   = `(?m)^ *(?:args|command): \[("?backup\b.*)\]$`
		manual = "(?m)(?:`|^)(?:\\w+=\\S+ )*(?:docker exec CONTAINER /)?chillin ((?:backup|restore) [^`\n]+?)(?:`|$)"
		run    = "(?m)(?:`|^)docker compose run --rm backup ([^`\n]+?)(?:`|$)"
	)
	template, punctuation := regexp.MustCompile(`\{\{.*?\}\}`), strings.NewReplacer(`"`, "", ",", "")
	for _, source := range []struct {
		file, pattern string
		least         int
	}{
		{"deploy/chillin.service", unit, 1},
		{"deploy/chillin-backup.service", unit, 1},
		{"deploy/kubernetes/backup.yaml", list, 1},
		{"deploy/helm/templates/backup.yaml", list, 1},
		{"docker-compose.yml", list, 1},
		{"docs/operating.md", manual, 5},
		{"docs/operating.md", run, 3},
		{"README.md", manual, 3},
	} {
		text, err := os.ReadFile("../../" + source.file)
		if err != nil {
			t.Fatal(err)
		}
		commands := regexp.MustCompile(source.pattern).FindAllStringSubmatch(string(text), -1)
		if len(commands) < source.least {
			t.Errorf("%s has %d commands, want at least %d", source.file, len(commands), source.least)
		}
		for _, c := range commands {
			line := punctuation.Replace(template.ReplaceAllString(c[1], "14"))
			if err := checkCommandLine(strings.Fields(line)); err != nil {
				t.Errorf("%s: chillin %s: %v", source.file, line, err)
			}
		}
	}
	for _, wrong := range []string{"backup", "backup /backups --keep", "backup /backups --keep few", "backup /backups --kept 14", "back-up /backups", "restore"} {
		if err := checkCommandLine(strings.Fields(wrong)); err == nil {
			t.Errorf("chillin %s is valid, want an error", wrong)
		}
	}
}
