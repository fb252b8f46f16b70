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

	"github.com/chillin-chat/chillin/internal/testenv"
)

// alertTests are the tests of promtool: the alerts that fire in any of them, and the metrics
// that the healthy one has.
func alertTests(t *testing.T) (firing, healthy []string) {
	t.Helper()
	var file struct {
		Tests []struct {
			Name   string
			Series []struct{ Series string } `yaml:"input_series"`
			Checks []struct {
				Samples []struct{ Labels string } `yaml:"exp_samples"`
			} `yaml:"promql_expr_test"`
		}
	}
	text, err := os.ReadFile("../../deploy/alerts_test.yml")
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	name := regexp.MustCompile(`alertname="([^"]+)"`)
	for _, test := range file.Tests {
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

func TestAlertsFireAndAreSilent(t *testing.T) {
	promtool := testenv.Program(t, "promtool", "prometheus")
	for _, args := range [][]string{{"check", "rules", "alerts.yml"}, {"test", "rules", "alerts_test.yml"}} {
		cmd := exec.CommandContext(ctx(t), promtool, args...)
		cmd.Dir = "../../deploy"
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}

// TestEveryAlertIsTested wants a test in which it fires, and its metrics in the healthy one.
func TestEveryAlertIsTested(t *testing.T) {
	firing, healthy := alertTests(t)
	watched := watchedMetrics(t)
	for alert, metrics := range watched {
		if name := strings.TrimPrefix(alert, "alert "); !slices.Contains(firing, name) {
			t.Errorf("no test in which %s fires", name)
		}
		for _, metric := range metrics {
			if !slices.Contains(healthy, metric) {
				t.Errorf("%s asks for %s, which the healthy test does not have", alert, metric)
			}
		}
	}
	for _, name := range firing {
		if !slices.Contains(slices.Collect(maps.Keys(watched)), "alert "+name) {
			t.Errorf("a test of %s, which does not exist", name)
		}
	}
}
