package version

import (
	"runtime/debug"
	"testing"
)

func TestVersion(t *testing.T) {
	const hash = "0123456789abcdef0123456789abcdef01234567"
	build := func(version string, settings ...debug.BuildSetting) *debug.BuildInfo {
		return &debug.BuildInfo{Main: debug.Module{Version: version}, Settings: settings}
	}
	revision, modified := debug.BuildSetting{Key: "vcs.revision", Value: hash}, debug.BuildSetting{Key: "vcs.modified", Value: "true"}
	for name, c := range map[string]struct {
		version, commit string
		build           *debug.BuildInfo
		want            string
	}{
		"from the linker":                 {"v1.2.3", hash, build("(devel)"), "v1.2.3 (0123456789ab)"},
		"the linker wins":                 {"v1.2.3", "fedcba", build("v9.9.9", revision), "v1.2.3 (fedcba)"},
		"from a tagged checkout":          {"", "", build("v1.2.3", revision), "v1.2.3 (0123456789ab)"},
		"from a checkout without a tag":   {"", "", build("v0.0.0-20261127224400-0123456789ab", revision), "devel (0123456789ab)"},
		"from a changed checkout":         {"", "", build("v1.2.3+dirty", revision, modified), "v1.2.3+dirty (0123456789ab-dirty)"},
		"from go install module@version":  {"", "", build("v1.2.3"), "v1.2.3 (unknown)"},
		"from sources without a checkout": {"", "", build("(devel)"), "devel (unknown)"},
		"without build information":       {"", "", build(""), "devel (unknown)"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := read(c.version, c.commit, c.build).String(); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
