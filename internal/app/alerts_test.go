package app_test

import (
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	testenv "github.com/chillin-chat/chillin/internal/test/env"
)

// alertTestFiles are the files of promtool tests.
var alertTestFiles = []string{"alerts_test.yml", "alerts_days_test.yml"}

// promtoolTest is a test of the alerts.
type promtoolTest struct {
	Name   string
	Series []struct{ Series string } `yaml:"input_series"`
	Checks []struct {
		Samples []struct{ Labels string } `yaml:"exp_samples"`
	} `yaml:"promql_expr_test"`
}

func readAlertTests(t *testing.T) (tests []promtoolTest) {
	t.Helper()
	for _, name := range alertTestFiles {
		text, err := os.ReadFile("../../deploy/" + name)
		if err != nil {
			t.Fatal(err)
		}
		var file struct{ Tests []promtoolTest }
		if err := yaml.Unmarshal(text, &file); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		tests = append(tests, file.Tests...)
	}
	return tests
}

// alertTests returns the alerts that fire in any of the promtool tests, and the metrics of the
// test "healthy".
func alertTests(t *testing.T) (firing, healthy []string) {
	t.Helper()
	name := regexp.MustCompile(`alertname="([^"]+)"`)
	for _, test := range readAlertTests(t) {
		for _, check := range test.Checks {
			for _, sample := range check.Samples {
				firing = append(firing, name.FindStringSubmatch(sample.Labels)[1])
			}
		}
		if test.Name == "healthy" {
			for _, s := range test.Series {
				metric, _, _ := strings.Cut(s.Series, "{")
				healthy = append(healthy, metric)
			}
		}
	}
	return firing, healthy
}

func TestAlerts(t *testing.T) {
	t.Parallel()
	promtool := testenv.Program(t, "promtool", "prometheus")
	for _, args := range [][]string{{"check", "rules", "alerts.yml"}, append([]string{"test", "rules"}, alertTestFiles...)} {
		cmd := exec.CommandContext(ctx(t), promtool, args...)
		cmd.Dir = "../../deploy"
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}

// TestEveryAlertIsTested checks that each alert fires in a test, and that the test "healthy" has its
// metrics.
func TestEveryAlertIsTested(t *testing.T) {
	firing, healthy := alertTests(t)
	watched := watchedMetrics(t)
	for alert, metrics := range watched {
		if name := strings.TrimPrefix(alert, "alert "); !slices.Contains(firing, name) {
			t.Errorf("no test in which %s fires", name)
		}
		for _, metric := range metrics {
			if !slices.Contains(healthy, metric) {
				t.Errorf("%s uses %s, which the healthy test does not have", alert, metric)
			}
		}
	}
	for _, name := range firing {
		if !slices.Contains(slices.Collect(maps.Keys(watched)), "alert "+name) {
			t.Errorf("a test of %s, which does not exist", name)
		}
	}
}
