package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chillin-chat/chillin/internal/load"
)

// A load test starts its node from its own executable, which is the test binary here.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == "serve" {
		main()
		return
	}
	m.Run()
}

func TestLoadStartsATemporaryNode(t *testing.T) {
	var out bytes.Buffer
	if err := run(t.Context(), strings.Fields("load -clients 20 -rooms 2 -rate 50 -for 1s -json"), &out); err != nil {
		t.Fatal(err)
	}
	var report load.Report
	if err := json.Unmarshal(out.Bytes(), &report); err != nil {
		t.Fatalf("%v in %s", err, &out)
	}
	if got, want := report.Deliveries.Count, 50*10; got != want {
		t.Errorf("deliveries = %d, want %d", got, want)
	}
	if report.Server == nil || report.Server.Ratio <= 0 {
		t.Errorf("server = %+v, want its share besides the floor", report.Server)
	}
}

func TestLoadWritesProfiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "profiles")
	if err := run(t.Context(), append(strings.Fields("load -clients 20 -rooms 2 -rate 50 -for 1s -profiles"), dir), &bytes.Buffer{}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"cpu.pprof", "heap.pprof", "mutex.pprof"} {
		file, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		unpacked, err := gzip.NewReader(file)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if size, err := io.Copy(io.Discard, unpacked); err != nil || size < 100 {
			t.Errorf("%s has %d bytes, %v", name, size, err)
		}
	}
}

func TestLoadPlotsASeries(t *testing.T) {
	path := filepath.Join(t.TempDir(), "plot.svg")
	var out bytes.Buffer
	args := strings.Fields("load --scenario many-rooms --clients 10 --rates 20,40 --for 250ms --json --plot")
	if err := run(t.Context(), append(args, path), &out); err != nil {
		t.Fatal(err)
	}
	var reports []load.Report
	if err := json.Unmarshal(out.Bytes(), &reports); err != nil || len(reports) != 2 {
		t.Fatalf("%d reports, %v in %s", len(reports), err, &out)
	}
	if got, want := reports[1].Deliveries.Count, 10*5; got != want || reports[1].Rooms != 2 {
		t.Errorf("deliveries = %d in %d rooms, want %d in two rooms of five", got, reports[1].Rooms, want)
	}
	plot, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(plot), "many-rooms: 10 clients in 2 rooms") {
		t.Errorf("%v, the plot is %s, want its title", err, plot)
	}
}

func TestPlotThatCannotBeWrittenIsReportedFirst(t *testing.T) {
	err := run(t.Context(), []string{"load", "--rates", "5", "--for", "24h", "--plot", filepath.Join(t.TempDir(), "missing", "plot.svg")}, &bytes.Buffer{})
	if err == nil || !strings.Contains(err.Error(), "--plot") {
		t.Errorf("err = %v, want one that names --plot", err)
	}
}

func TestLoadHelpListsTheScenarios(t *testing.T) {
	var out bytes.Buffer
	if err := run(t.Context(), []string{"load", "--help"}, &out); err != nil {
		t.Fatal(err)
	}
	for _, s := range load.Scenarios() {
		if !strings.Contains(out.String(), "  "+s.Name+" ") || !strings.Contains(out.String(), s.Summary+" ("+s.Defaults+")\n") {
			t.Errorf("the help lacks the scenario %s:\n%s", s.Name, &out)
		}
	}
}

func TestLoadWithoutAServerFails(t *testing.T) {
	err := run(t.Context(), strings.Fields("load -url http://127.0.0.1:1"), &bytes.Buffer{})
	if err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("err = %v, want a refused connection", err)
	}
}
