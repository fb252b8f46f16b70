package main

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/chillin-chat/chillin/internal/version"
)

func TestInvalidInputIsAUsageError(t *testing.T) {
	t.Setenv("DATA_DIR", t.TempDir()) // nothing may be created there
	for args, want := range map[string]string{
		"sevre":                             `unknown command "sevre" for "chillin"; did you mean serve?`,
		"sevre --help":                      `"sevre"`,
		"--port 1":                          "unknown flag: --port",
		"serve now":                         `unexpected argument "now"`,
		"serve --port 1":                    "unknown flag: --port",
		"help sevre":                        `"sevre"`,
		"help admin lst":                    `"lst"`,
		"migrate":                           "a command is missing",
		"migrate dwon":                      `"dwon"`,
		"migrate dwon --help":               `"dwon"`,
		"migrate status now":                `unexpected argument "now"`,
		"migrate down":                      "VERSION is missing",
		"migrate down --yes":                "VERSION is missing",
		"migrate down -1 --yes":             "unknown shorthand flag",
		"migrate down first --yes":          `not "first"`,
		"migrate down 7 6":                  `unexpected argument "6"`,
		"migrate up 3":                      `unexpected argument "3"`,
		"admin":                             "a command is missing",
		"admin lst":                         "did you mean list or set?",
		"admin list all":                    `unexpected argument "all"`,
		"admin promote":                     "USERNAME is missing",
		"admin promote alice bob":           `unexpected argument "bob"`,
		"admin promote alice --now":         "unknown flag: --now",
		"doctor --jsn":                      "unknown flag: --jsn",
		"doctor --json=maybe":               "--json",
		"doctor help":                       `unexpected argument "help"`,
		"health 1":                          `unexpected argument "1"`,
		"openapi x":                         `unexpected argument "x"`,
		"completion":                        "a command is missing",
		"completion fsh":                    "did you mean",
		"load -clients x":                   "--clients",
		"load -client 5":                    "--client",
		"load http://localhost:5000":        "http://localhost:5000",
		"load -rooms 0":                     "--rooms",
		"load --rooms=0":                    "--rooms",
		"load -url https://example.org":     "--yes-this-is-my-server",
		"load -metrics http://127.0.0.1:90": "require --url",
		"load --scenario rush":              "many-rooms",
		"load --scenario cross-node":        "--url",
		"load --scenario idle --rate 5":     "sends no messages",
		"load --scenario storm --clients 9": "more clients than rooms",
		"load --fill 100":                   "--fill",
		"load --plot x.svg":                 "--plot requires --rates",
		"load --rates 5,10 --rate 5":        "exclude each other",
		"load --rates 10,5":                 "--rates",
		"load --rates 10,x":                 "--rates",
		"load --source 192.0.2.7":           "--source",
	} {
		var out bytes.Buffer
		err := run(t.Context(), strings.Fields(args), &out)
		if _, ok := errors.AsType[*usageError](err); !ok || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "Usage: chillin") {
			t.Errorf("%s: %v, want a usage error with %q", args, err, want)
		}
		if out.Len() > 0 {
			t.Errorf("%s prints %q, want nothing", args, &out)
		}
	}
}

func TestEveryCommandPrintsItsHelp(t *testing.T) {
	t.Setenv("DATA_DIR", t.TempDir())
	var all []*cobra.Command
	var add func(c *cobra.Command)
	add = func(c *cobra.Command) {
		all = append(all, c)
		for _, sub := range c.Commands() {
			add(sub)
		}
	}
	add(newRoot(io.Discard))
	for _, c := range all {
		if c.Short == "" {
			t.Errorf("%s has no summary", c.CommandPath())
		}
		path := strings.Fields(c.CommandPath())[1:]
		for _, flag := range []string{"--help", "-help", "-h"} {
			var out bytes.Buffer
			if err := run(t.Context(), append(path, flag), &out); err != nil || !strings.Contains(out.String(), "Usage:\n  "+c.CommandPath()) {
				t.Errorf("%s %s: %v, prints %q, want its usage", c.CommandPath(), flag, err, &out)
			}
		}
	}
}

func TestHelpCommand(t *testing.T) {
	for _, args := range []string{"help", "help migrate", "migrate help", "admin help", "help admin promote"} {
		var out bytes.Buffer
		if err := run(t.Context(), strings.Fields(args), &out); err != nil || !strings.Contains(out.String(), "Usage:") {
			t.Errorf("%s: %v, prints %q, want a usage", args, err, &out)
		}
	}
}

func TestVersion(t *testing.T) {
	build := version.Read()
	for args, want := range map[string]string{
		"version":        "chillin " + build.String() + ", " + build.Go + "\n",
		"version --json": `{"version":"` + build.Version + `","commit":"` + build.Commit + `","go":"` + build.Go + `"}` + "\n",
		"--version":      "chillin " + build.String() + "\n",
		"-version":       "chillin " + build.String() + "\n",
	} {
		var out bytes.Buffer
		if err := run(t.Context(), strings.Fields(args), &out); err != nil || out.String() != want {
			t.Errorf("%s: %v, prints %q, want %q", args, err, &out, want)
		}
	}
}

func TestShellCompletion(t *testing.T) {
	for args, want := range map[string]string{
		"completion bash":      "__start_chillin",
		"completion zsh":       "#compdef chillin",
		"completion fish":      "complete -c chillin",
		"__complete admin pro": "promote",
		"__complete load -cl":  "--clients",
	} {
		var out bytes.Buffer
		if err := run(t.Context(), strings.Fields(args), &out); err != nil || !strings.Contains(out.String(), want) {
			t.Errorf("%s: %v, want %q in\n%s", args, err, want, &out)
		}
	}
}

func TestLongFlags(t *testing.T) {
	got := longFlags(strings.Fields("load -clients 5 -rate=2 --for 1s -h -5 - x-y -- -seed"))
	if want := "load --clients 5 --rate=2 --for 1s -h -5 - x-y -- -seed"; strings.Join(got, " ") != want {
		t.Errorf("got %q, want %q", strings.Join(got, " "), want)
	}
}
