package app_test

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/chillin-chat/chillin/internal/chat"
	testenv "github.com/chillin-chat/chillin/internal/test/env"
)

// metricName matches the metrics of an expression; up is Prometheus's own.
var metricName = regexp.MustCompile(`\b(?:chillin|process|go)_[a-z0-9_]+`)

// shownMetrics returns the metrics on the dashboard, by the title of the panel.
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

// watchedMetrics returns the metrics in alerts, by alert.
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
				t.Errorf("alert %s uses no metric of a node", r.Alert)
			}
		}
	}
	return names
}

// exportedMetrics returns the metrics that a node exports after it has served a request. It waits for
// those that are read from the database.
func exportedMetrics(t *testing.T) []string {
	t.Helper()
	addr := freeAddr(t)
	embedded(t, map[string]string{"METRICS_ADDR": addr}).user("alice", 0)
	for end := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		exported := regexp.MustCompile(`(?m)^[a-z0-9_]+`).FindAllString(scrape(t, addr), -1)
		if slices.Contains(exported, "chillin_storage_used_bytes") && slices.Contains(exported, "chillin_active_users") {
			return exported
		}
		if time.Now().After(end) {
			t.Fatal("nothing was read from the database")
		}
	}
}

// TestDeployUsesExistingMetrics compares the dashboard and the alerts with the metrics that a node
// exports.
func TestDeployUsesExistingMetrics(t *testing.T) {
	exported := exportedMetrics(t)
	for _, asked := range []map[string][]string{shownMetrics(t), watchedMetrics(t)} {
		if len(asked) < 5 {
			t.Errorf("only %d panels or alerts found", len(asked))
		}
		for by, names := range asked {
			for _, name := range names {
				if !slices.Contains(exported, name) {
					t.Errorf("%s uses %s, which no node exports", by, name)
				}
			}
		}
	}
}

// TestNginxHasNoLimitForFiles checks that the limit set by admins applies without a change to nginx, and
// that a client that exceeds it receives a problem from the node.
func TestNginxHasNoLimitForFiles(t *testing.T) {
	t.Parallel()
	n := startNode(t, map[string]string{"DATA_DIR": t.TempDir()}, map[string]string{"MAX_UPLOAD_SIZE": "20"})
	proxy := testenv.ProxyTo(t, strings.TrimPrefix(n.base, "http://"))
	alice := (&deployment{t, []string{proxy.URL()}}).user("alice", 0)
	alice.attach("large.bin", noise(20<<20))
	for _, size := range []int{20<<20 + 1, 60 << 20} {
		_, err := alice.Upload(ctx(t), "larger.bin", noise(size))
		wantCode(t, err, chat.TooLarge)
	}
}

// TestEveryMetricIsDocumented compares docs/operating.md with what a node exports.
func TestEveryMetricIsDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/operating.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := regexp.MustCompile("`(chillin_[a-z_]+)").FindAllStringSubmatch(string(page), -1)
	exported := exportedMetrics(t)
	for _, name := range exported {
		base := regexp.MustCompile(`_(bucket|sum|count)$`).ReplaceAllString(name, "")
		is := func(found []string) bool { return found[1] == name || found[1] == base }
		if strings.HasPrefix(name, "chillin_") && !slices.ContainsFunc(documented, is) {
			t.Errorf("docs/operating.md does not say what %s is", name)
		}
	}
	for _, found := range documented {
		elsewhere := found[1] == "chillin_restored" || found[1] == "chillin_replica_lag_seconds" // a database, and only with a replica
		if !slices.Contains(exported, found[1]) && !slices.Contains(exported, found[1]+"_count") && !elsewhere {
			t.Errorf("docs/operating.md has %s, which no node exports", found[1])
		}
	}
}
