package hookbody

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// maxAlerts is how many alerts of one post are listed. The others are in the linked overview.
const maxAlerts = 50

type alert struct {
	Status       string         `json:"status"`
	Labels       map[string]any `json:"labels"`
	Annotations  map[string]any `json:"annotations"`
	GeneratorURL string         `json:"generatorURL"`
	PanelURL     string         `json:"panelURL"`
	DashboardURL string         `json:"dashboardURL"`
	SilenceURL   string         `json:"silenceURL"`
	ValueString  string         `json:"valueString"`
}

// alertsBody is the body of Alertmanager and of Grafana's unified alerting.
type alertsBody struct {
	Receiver          string         `json:"receiver"`
	Status            string         `json:"status"`
	Alerts            []alert        `json:"alerts"`
	GroupLabels       map[string]any `json:"groupLabels"`
	CommonLabels      map[string]any `json:"commonLabels"`
	CommonAnnotations map[string]any `json:"commonAnnotations"`
	ExternalURL       string         `json:"externalURL"`
	TruncatedAlerts   int            `json:"truncatedAlerts"`
	// Of Grafana.
	Title   string `json:"title"`
	Message string `json:"message"`
	// Of Grafana's former alerting.
	RuleName    string `json:"ruleName"`
	RuleURL     string `json:"ruleUrl"`
	State       string `json:"state"`
	ImageURL    string `json:"imageUrl"`
	EvalMatches []struct {
		Metric string `json:"metric"`
		Value  any    `json:"value"`
	} `json:"evalMatches"`
}

func decodeAlertmanager(body []byte) (Post, error) {
	var in alertsBody
	if err := decode(body, &in); err != nil {
		return Post{}, err
	}
	firing := 0
	for _, a := range in.Alerts {
		if a.Status == "firing" {
			firing++
		}
	}
	status := strings.ToUpper(in.Status)
	if firing > 0 {
		status += fmt.Sprintf(":%d", firing)
	}
	name := anyText(in.CommonLabels["alertname"])
	if name == "" {
		name = labels(in.GroupLabels)
	}
	title := bold(join(" ", brackets(status), name))
	return Post{Text: lines(title, in.list(), overview("Alertmanager", in.ExternalURL))}, nil
}

func decodeGrafana(body []byte) (Post, error) {
	var in alertsBody
	if err := decode(body, &in); err != nil {
		return Post{}, err
	}
	title := in.Title
	if title == "" {
		title = join(" ", brackets(in.State), in.RuleName)
	}
	message := in.Message
	if len(in.Alerts) > 0 { // the message repeats them
		message = in.list()
	}
	texts := []string{bold(link(title, in.RuleURL)), message}
	for _, m := range in.EvalMatches {
		texts = append(texts, "- "+field(m.Metric, anyText(m.Value)))
	}
	return Post{Text: lines(append(texts, in.ImageURL, overview("Grafana", in.ExternalURL))...)}, nil
}

// overview returns a link, or "" without a target.
func overview(label, target string) string {
	if target == "" {
		return ""
	}
	return link(label, target)
}

func brackets(text string) string {
	if text == "" {
		return ""
	}
	return "(" + text + ")"
}

// list returns a line for each alert.
func (b alertsBody) list() string {
	var items []string
	for _, a := range b.Alerts[:min(len(b.Alerts), maxAlerts)] {
		items = append(items, "- "+a.markdown())
	}
	if more := len(b.Alerts) - len(items) + b.TruncatedAlerts; more > 0 {
		items = append(items, fmt.Sprintf("- … and %d more", more))
	}
	return lines(items...)
}

func (a alert) markdown() string {
	name := anyText(a.Labels["alertname"])
	rest := maps.Clone(a.Labels)
	maps.DeleteFunc(rest, func(key string, _ any) bool { return key == "alertname" || strings.HasPrefix(key, "__") })
	var texts []string
	for _, key := range []string{"summary", "message", "description"} {
		if text := anyText(a.Annotations[key]); text != "" && !slices.Contains(texts, text) {
			texts = append(texts, strings.Join(strings.Fields(text), " "))
		}
	}
	texts = append(texts, a.ValueString)
	address := a.GeneratorURL
	for _, better := range []string{a.PanelURL, a.DashboardURL} {
		if address == "" {
			address = better
		}
	}
	head := join(" ", bold(a.Status), link(name, address), labels(rest))
	return join(" – ", head, join(" – ", texts...), overview("Silence", a.SilenceURL))
}

// labels returns labels in order, such as "instance=web1 severity=critical".
func labels(all map[string]any) string {
	var texts []string
	for _, key := range slices.Sorted(maps.Keys(all)) {
		texts = append(texts, key+"="+anyText(all[key]))
	}
	if len(texts) == 0 {
		return ""
	}
	return "`" + strings.ReplaceAll(strings.Join(texts, " "), "`", "'") + "`"
}
