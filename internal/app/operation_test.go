package app_test

import (
	"errors"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chillin-chat/chillin/internal/app"
	"github.com/chillin-chat/chillin/internal/config"
	"github.com/chillin-chat/chillin/internal/version"
)

// If an operator starts a second server by mistake, with a newer binary, the schema of the first one
// must not change.
func TestNodeWithUsedPortChangesNothing(t *testing.T) {
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	_, port, _ := net.SplitHostPort(other.Addr().String())
	dir := filepath.Join(t.TempDir(), "data")
	settings := map[string]string{"DATA_DIR": dir, "HOST": "127.0.0.1", "PORT": port}
	c, err := config.Load(func(key string) (string, bool) { v, ok := settings[key]; return v, ok })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := app.New(t.Context(), c, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "listen on PORT "+port) {
		t.Errorf("err = %v, want an error that names PORT", err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("data folder: %v, want none", err)
	}
}

func TestProfilesAreServedOnlyIfEnabled(t *testing.T) {
	for pprof, want := range map[string]int{"": http.StatusNotFound, "true": http.StatusOK} {
		addr := freeAddr(t)
		d := embedded(t, map[string]string{"METRICS_ADDR": addr, "PPROF": pprof})
		answer, err := http.Get("http://" + addr + "/debug/pprof/cmdline")
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != want {
			t.Errorf("PPROF=%s: status %d, want %d", pprof, answer.StatusCode, want)
		}
		request, err := http.NewRequestWithContext(ctx(t), http.MethodGet, d.nodes[0]+"/debug/pprof/cmdline", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if answer, _ := fetchOnce(t, request); strings.HasPrefix(answer.Header.Get("Content-Type"), "text/plain") {
			t.Error("the client port serves profiles")
		}
	}
}

func TestBuildIsShown(t *testing.T) {
	addr := freeAddr(t)
	d := embedded(t, map[string]string{"METRICS_ADDR": addr})
	build := version.Read()
	for base, paths := range map[string]map[string]string{
		d.nodes[0]:       {"/health": `"commit":"` + build.Commit + `"`},
		"http://" + addr: {"/health": `"version":"` + build.Version + `"`, "/metrics": `chillin_build_info{commit="` + build.Commit + `",goversion="` + build.Go + `",version="` + build.Version + `"} 1`},
	} {
		for path, want := range paths {
			request, err := http.NewRequestWithContext(ctx(t), http.MethodGet, base+path, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			if _, body := fetch(t, request); !strings.Contains(string(body), want) {
				t.Errorf("%s%s has no %s", base, path, want)
			}
		}
	}
}
