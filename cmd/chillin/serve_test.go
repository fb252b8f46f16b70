package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// runProgram runs "chillin serve" with env. When the output contains stopAt, it sends SIGTERM. It
// returns the whole output after the program has ended.
func runProgram(t *testing.T, stopAt string, env ...string) (out string, code int) {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "serve")
	cmd.Dir = t.TempDir()
	cmd.Env = append([]string{"DATA_DIR=" + t.TempDir(), "HOST=127.0.0.1", "PORT=0", "PATH=" + os.Getenv("PATH")}, env...)
	cmd.Stdout, cmd.Stderr = write, write
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = write.Close()
	_ = read.SetReadDeadline(time.Now().Add(time.Minute))
	var all strings.Builder
	for buffer := make([]byte, 4096); ; {
		n, err := read.Read(buffer)
		all.Write(buffer[:n])
		if stopAt != "" && strings.Contains(all.String(), stopAt) {
			_ = cmd.Process.Signal(syscall.SIGTERM)
			stopAt = ""
		}
		if err != nil {
			break
		}
	}
	_ = cmd.Wait()
	return all.String(), cmd.ProcessState.ExitCode()
}

func TestJSONLogs(t *testing.T) {
	for name, c := range map[string]struct {
		stopAt string
		env    []string
		want   string // message of a log line
		code   int
	}{
		"a node that serves": {"serving", nil, "stopped", 0},
		"invalid settings":   {"", []string{"PORT=x"}, "chillin failed", 1},
		"a node that fails":  {"", []string{"DATA_DIR=/dev/null/x"}, "chillin failed", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, code := runProgram(t, c.stopAt, append(c.env, "LOG_FORMAT=json")...)
			if code != c.code {
				t.Errorf("exit code %d, want %d:\n%s", code, c.code, out)
			}
			found := false
			for line := range strings.Lines(out) {
				var fields struct{ Msg, Level, Time string }
				if err := json.Unmarshal([]byte(line), &fields); err != nil || fields.Level == "" || fields.Time == "" {
					t.Errorf("%q is not a line of a JSON log: %v", line, err)
				}
				found = found || fields.Msg == c.want
			}
			if !found {
				t.Errorf("no line with message %q:\n%s", c.want, out)
			}
		})
	}
	out, _ := runProgram(t, "serving")
	if !strings.Contains(out, "Chillin is at http://localhost") || !strings.Contains(out, "level=INFO msg=serving") {
		t.Errorf("LOG_FORMAT=text writes:\n%s\nwant the greeting and lines of text", out)
	}
}
