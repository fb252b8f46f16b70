package app_test

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/testenv"
)

// metricName finds the names that an expression asks for; up is Prometheus's own.
var metricName = regexp.MustCompile(`\b(?:chillin|process|go)_[a-z0-9_]+`)

// shownMetrics are the names that the dashboard shows, by the title of the panel.
func shownMetrics(t *testing.T) map[string][]string {
	t.Helper()
	var dashboard struct {
		Panels []struct {
			Title   string
			Type    string
			Targets []struct{ Expr string }
		}
	}
	text, err := os.ReadFile("../../deploy/grafana/chillin.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &dashboard); err != nil {
		t.Fatal(err)
	}
	names := map[string][]string{}
	for _, p := range dashboard.Panels {
		for _, target := range p.Targets {
			names["panel "+p.Title] = append(names["panel "+p.Title], metricName.FindAllString(target.Expr, -1)...)
		}
		if p.Type != "row" && len(names["panel "+p.Title]) == 0 {
			t.Errorf("panel %s shows nothing", p.Title)
		}
	}
	return names
}

// watchedMetrics are the names that alerts ask for, by the alert.
func watchedMetrics(t *testing.T) map[string][]string {
	t.Helper()
	var rules struct {
		Groups []struct {
			Rules []struct {
				Alert       string
				Expr        string
				Annotations map[string]string
			}
		}
	}
	text, err := os.ReadFile("../../deploy/alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, &rules); err != nil {
		t.Fatal(err)
	}
	names := map[string][]string{}
	for _, g := range rules.Groups {
		for _, r := range g.Rules {
			names["alert "+r.Alert] = metricName.FindAllString(r.Expr, -1)
			if r.Annotations["runbook"] == "" {
				t.Errorf("alert %s does not say what to do", r.Alert)
			}
			if len(names["alert "+r.Alert]) == 0 && !strings.HasPrefix(r.Expr, "up{") {
				t.Errorf("alert %s asks for nothing that a node counts", r.Alert)
			}
		}
	}
	return names
}

// TestDeployAsksForMetricsThatThereAre compares the dashboard and the alerts with what
// a node tells that has served a request and refused a command.
func TestDeployAsksForMetricsThatThereAre(t *testing.T) {
	addr := freeAddr(t)
	alice := embedded(t, map[string]string{"METRICS_ADDR": addr}).person("alice", 0)
	_, err := alice.trySay(1<<40, "c5b5e1d2-6a38-4a0e-8d0e-1f1d4c2b7a90", "into nowhere")
	wantCode(t, err, chat.NotFound)
	answer, err := http.Get("http://" + addr + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	told := regexp.MustCompile(`(?m)^[a-z0-9_]+`).FindAllString(string(text), -1)
	for _, asked := range []map[string][]string{shownMetrics(t), watchedMetrics(t)} {
		if len(asked) < 5 {
			t.Errorf("only %d panels or alerts were found", len(asked))
		}
		for by, names := range asked {
			for _, name := range names {
				if !slices.Contains(told, name) {
					t.Errorf("%s asks for %s, which no node tells", by, name)
				}
			}
		}
	}
}

// TestNginxLeavesTheSizeOfFilesToTheNodes: what admins set holds without a word to nginx,
// and who sends more hears it from the node, as a problem.
func TestNginxLeavesTheSizeOfFilesToTheNodes(t *testing.T) {
	n := startNode(t, map[string]string{"DATA_DIR": t.TempDir()}, map[string]string{"MAX_UPLOAD_SIZE": "20"})
	proxy := testenv.ProxyTo(t, strings.TrimPrefix(n.base, "http://"))
	alice := (&world{t, []string{proxy.URL()}}).person("alice", 0)
	alice.attach("large.bin", noise(20<<20))
	for _, size := range []int{20<<20 + 1, 60 << 20} {
		_, err := alice.Upload(ctx(t), "larger.bin", noise(size))
		wantCode(t, err, chat.TooLarge)
	}
}
