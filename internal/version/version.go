// Package version knows which build of Chillin this is.
package version

import (
	"runtime"
	"runtime/debug"
	"strings"
)

// Set by the linker, see the Makefile and the Dockerfile:
//
//	-X github.com/chillin-chat/chillin/internal/version.version=v1.2.3
var version, commit string

// Info describes a build.
type Info struct {
	Version string `json:"version"` // the git tag, such as v1.2.3; "devel" if there is none
	Commit  string `json:"commit"`  // 12 hex digits, with "-dirty" if files were changed; "unknown" if there is none
	Go      string `json:"go"`      // the Go release that compiled it
}

// Read returns what the linker was given, or else what Go recorded in the binary.
func Read() Info {
	build, ok := debug.ReadBuildInfo()
	if !ok {
		build = &debug.BuildInfo{}
	}
	return read(version, commit, build)
}

// String is the one line that people and logs read.
func (i Info) String() string { return i.Version + " (" + i.Commit + ")" }

func read(version, commit string, build *debug.BuildInfo) Info {
	recorded := map[string]string{}
	for _, s := range build.Settings {
		recorded[s.Key] = s.Value
	}
	if commit == "" {
		commit = recorded["vcs.revision"]
		if recorded["vcs.modified"] == "true" {
			commit = short(commit) + "-dirty"
		}
	}
	if version == "" {
		version = build.Main.Version
	}
	i := Info{Version: version, Commit: short(commit), Go: runtime.Version()}
	// Go invents v0.0.0-time-commit for a checkout without a tag.
	if i.Version == "" || i.Version == "(devel)" || strings.HasPrefix(i.Version, "v0.0.0-") {
		i.Version = "devel"
	}
	if i.Commit == "" {
		i.Commit = "unknown"
	}
	return i
}

// short cuts a commit to 12 digits and keeps a suffix.
func short(commit string) string {
	hash, suffix, dirty := strings.Cut(commit, "-")
	if len(hash) > 12 {
		hash = hash[:12]
	}
	if dirty {
		return hash + "-" + suffix
	}
	return hash
}
