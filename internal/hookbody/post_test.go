package hookbody

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/chillin-chat/chillin/internal/chat"
)

const alertmanagerBody = `{"version":"4","groupKey":"{}:{alertname=\"HighCPU\"}","truncatedAlerts":0,"status":"firing","receiver":"chat",
	"groupLabels":{"alertname":"HighCPU"},"commonLabels":{"alertname":"HighCPU","severity":"critical"},"commonAnnotations":{},
	"externalURL":"http://alertmanager.example:9093","alerts":[
	{"status":"firing","labels":{"alertname":"HighCPU","instance":"web1","severity":"critical"},"annotations":{"summary":"CPU above 90%"},
		"startsAt":"2026-11-28T09:00:00Z","endsAt":"0001-01-01T00:00:00Z","generatorURL":"http://prometheus.example/graph?g0.expr=up","fingerprint":"a1"},
	{"status":"resolved","labels":{"alertname":"HighCPU","instance":"web2"},"annotations":{"summary":"CPU above 90%","description":"for 5\nminutes"}}]}`

const grafanaBody = `{"receiver":"chat","status":"firing","orgId":1,"alerts":[{"status":"firing","labels":{"alertname":"Disk","grafana_folder":"Ops"},
	"annotations":{"summary":"Disk is full"},"startsAt":"2026-11-28T09:00:00Z","generatorURL":"https://grafana.example/alerting/1","silenceURL":"https://grafana.example/silence",
	"dashboardURL":"","panelURL":"","values":{"B":22},"valueString":"[ var='B' value=22 ]"}],"groupLabels":{},"commonLabels":{"alertname":"Disk"},"commonAnnotations":{},
	"externalURL":"https://grafana.example/","version":"1","groupKey":"{}","truncatedAlerts":3,"title":"[FIRING:1] Disk","state":"alerting","message":"**Firing**\n\nValue: B=22"}`

func TestDecode(t *testing.T) {
	github := func(event string) http.Header {
		return http.Header{"X-Github-Event": {event}, "X-Github-Delivery": {"d-1"}}
	}
	form := http.Header{"Content-Type": {"Application/X-WWW-Form-Urlencoded; Charset=UTF-8"}}
	const repo = `"repository":{"full_name":"acme/app","html_url":"https://github.com/acme/app"},"sender":{"login":"ada"}`
	const where = "**[acme/app](https://github.com/acme/app)** "
	for _, c := range []struct {
		name   string
		format Format
		header http.Header
		body   string
		want   string
	}{
		{"our own", Any, nil, `{"text":"build **green** & <b>"}`, "build **green** & <b>"},
		{"our own with unknown keys", Any, nil, `{"text":"x","severity":3,"nested":{"a":[1]}}`, "x"},
		{"a link of Slack", Any, nil, `{"text":"see <https://ci.example/7|build 7> and <https://ci.example>"}`, "see [build 7](https://ci.example/7) and <https://ci.example>"},
		{"a form", Any, form, "payload=" + url.QueryEscape(`{"text":"from a form"}`), "from a form"},
		{"JSON that claims to be a form", Any, form, `{"text":"100% & more"}`, "100% & more"},
		{"Slack's text", Any, nil, `{"text":"*done* &amp; ~gone~ _it_","username":"CI","icon_emoji":":robot:"}`, "**done** & ~~gone~~ _it_"},
		{"Slack's references", Slack, nil, `{"text":"<@U12|ada> in <#C1|general>: <!here> <mailto:a@b.example|mail>, <https://x.example/a(b)|a [b]>"}`,
			"@ada in #general: @here [mail](mailto:a@b.example), [a (b)](https://x.example/a%28b%29)"},
		{"Slack's code", Slack, nil, "{\"text\":\"`*a* &lt;` and *b* *c* 2*3*4\"}", "`*a* <` and **b** **c** 2*3*4"},
		{"Slack's attachments", Any, nil, `{"attachments":[{"fallback":"unused","color":"#f00","pretext":"Hi","author_name":"Bob","title":"Build 7","title_link":"https://ci.example/7",
			"text":"It *failed*","fields":[{"title":"Branch","value":"main","short":true},{"title":"Tests","value":1000000}],"footer":"CI","ts":123456789}]}`,
			"Hi\nBob\n**[Build 7](https://ci.example/7)**\nIt **failed**\n**Branch**: main\n**Tests**: 1000000\nCI"},
		{"Slack's fallback", Slack, nil, `{"text":"","attachments":[{"fallback":"plain words"}]}`, "plain words"},
		{"Slack's blocks", Slack, nil, `{"text":"for notifications","blocks":[{"type":"header","text":{"type":"plain_text","text":"Deploy","emoji":true}},{"type":"divider"},
			{"type":"section","text":{"type":"mrkdwn","text":"*web* is <https://x.example|up>"},"fields":[{"type":"mrkdwn","text":"*Env* prod"}]},
			{"type":"context","elements":[{"type":"mrkdwn","text":"by ada"},{"type":"image","image_url":"https://x.example/i.png","alt_text":"logo"}]},
			{"type":"actions","elements":[{"type":"button","text":{"type":"plain_text","text":"Open"},"url":"https://x.example/open","value":"1"}]},
			{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"rich "},{"type":"link","url":"https://x.example","text":"text"}]},
				{"type":"rich_text_list","style":"bullet","elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"one"}]}]}]}]}`,
			"**Deploy**\n**web** is [up](https://x.example)\n**Env** prod\nby ada [logo](https://x.example/i.png)\n[Open](https://x.example/open)\nrich [text](https://x.example)\n- one"},
		{"Discord", Any, nil, `{"content":"Hello **there**","username":"Hook","avatar_url":"x","tts":false,"embeds":[{"title":"Release","url":"https://x.example/r","color":5,
			"description":"It is out","fields":[{"name":"Version","value":"1.2","inline":true}],"author":{"name":"ada"},"footer":{"text":"bot"},"timestamp":"2026-11-28T09:00:00Z"}]}`,
			"Hello **there**\n\nada\n**[Release](https://x.example/r)**\nIt is out\n**Version**: 1.2\nbot"},
		{"Discord, embeds only", Discord, nil, `{"content":null,"embeds":[{"description":"alone"}]}`, "alone"},
		{"Alertmanager", Any, nil, alertmanagerBody, "**(FIRING:1) HighCPU**\n" +
			"- **firing** [HighCPU](http://prometheus.example/graph?g0.expr=up) `instance=web1 severity=critical` – CPU above 90%\n" +
			"- **resolved** HighCPU `instance=web2` – CPU above 90% – for 5 minutes\n[Alertmanager](http://alertmanager.example:9093)"},
		{"Grafana", Any, nil, grafanaBody, "**[FIRING:1] Disk**\n" +
			"- **firing** [Disk](https://grafana.example/alerting/1) `grafana_folder=Ops` – Disk is full – [ var='B' value=22 ] – [Silence](https://grafana.example/silence)\n" +
			"- … and 3 more\n[Grafana](https://grafana.example/)"},
		{"Grafana's former alerts", Any, nil, `{"evalMatches":[{"value":100,"metric":"High value","tags":null}],"imageUrl":"https://grafana.example/i.png","message":"Someone look",
			"ruleId":1,"ruleName":"Test rule","ruleUrl":"https://grafana.example/","state":"alerting","title":"[Alerting] Test rule"}`,
			"**[(Alerting) Test rule](https://grafana.example/)**\nSomeone look\n- **High value**: 100\nhttps://grafana.example/i.png"},
		{"GitHub's ping", Any, github("ping"), `{"zen":"Keep it simple.","hook_id":1,` + repo + `}`, where + "GitHub is connected. Keep it simple."},
		{"GitHub's push", Any, github("push"), `{"ref":"refs/heads/main","compare":"https://github.com/acme/app/compare/1...2","forced":false,"commits":[
			{"id":"0123456789abcdef","message":"Fix it\n\nlong","url":"https://github.com/acme/app/commit/0123456","author":{"name":"Ada"}}],` + repo + `}`,
			where + "ada pushed [1 commit](https://github.com/acme/app/compare/1...2) to `main`\n- [0123456](https://github.com/acme/app/commit/0123456) Fix it (Ada)"},
		{"GitHub's deletion", GitHub, github("push"), `{"ref":"refs/tags/v1","deleted":true,"commits":[],` + repo + `}`, where + "ada deleted `v1`"},
		{"GitHub's issue", GitHub, github("issues"), `{"action":"opened","issue":{"number":7,"title":"It [breaks]","html_url":"https://github.com/acme/app/issues/7","body":"When\r\nI click"},` + repo + `}`,
			where + "ada opened issue [#7 It (breaks)](https://github.com/acme/app/issues/7)\n> When\n> I click"},
		{"GitHub's pull request", GitHub, github("pull_request"), `{"action":"closed","pull_request":{"number":8,"title":"Mend","merged":true,"html_url":"https://github.com/acme/app/pull/8","body":null},` + repo + `}`,
			where + "ada merged pull request [#8 Mend](https://github.com/acme/app/pull/8)"},
		{"GitHub's release", GitHub, github("release"), `{"action":"published","release":{"tag_name":"v1.2","name":null,"html_url":"https://github.com/acme/app/releases/1","body":"Notes"},` + repo + `}`,
			where + "ada published release [v1.2](https://github.com/acme/app/releases/1)\n> Notes"},
		{"GitHub's comment", GitHub, github("issue_comment"), `{"action":"created","issue":{"number":7,"title":"x","html_url":"https://e.example/7"},"comment":{"body":"me too","html_url":"https://e.example/7#1"},` + repo + `}`,
			where + "ada commented on [#7 x](https://e.example/7)\n> me too"},
		{"another event of GitHub", GitHub, github("branch_protection_rule"), `{"action":"created",` + repo + `}`, where + "ada branch protection rule (created)"},
		{"a target that is no address", Slack, nil, `{"attachments":[{"title":"x","title_link":"javascript:alert(1)"}]}`, "**x (javascript:alert(1))**"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.header == nil {
				c.header = http.Header{"Content-Type": {"APPLICATION/JSON"}}
			}
			got, err := Decode(c.format, c.header, []byte(c.body))
			if err != nil || got.Text != c.want {
				t.Errorf("text = %q, %v, want %q", got.Text, err, c.want)
			}
			if wantKey := c.header.Get("X-GitHub-Event") != ""; (got.Key == "github d-1") != wantKey {
				t.Errorf("key = %q", got.Key)
			}
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		header http.Header
		body   string
	}{
		"nothing":                {nil, ""},
		"no JSON":                {nil, "text=x"},
		"a list":                 {nil, "[]"},
		"a number as text":       {nil, `{"text":7}`},
		"duplicate keys":         {nil, `{"text":"x","text":"y"}`},
		"a deep body":            {nil, strings.Repeat(`{"a":`, 50) + "1" + strings.Repeat("}", 50)},
		"a form without a field": {http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, "text=x"},
		"our own delivery":       {http.Header{"X-Chillin-Event": {"message:new"}}, `{"text":"x"}`},
		"the body of our own":    {nil, `{"event":"message:new","roomId":1,"seq":2,"message":{"id":3,"text":"x"}}`},
	} {
		for _, format := range []Format{Any, Slack, Discord, GitHub, Grafana, Alertmanager} {
			if format != Any && name == "a number as text" {
				continue
			}
			if got, err := Decode(format, c.header, []byte(c.body)); chat.CodeOf(err) != chat.BadRequest {
				t.Errorf("%s as %q = %+v, %v, want %s", name, format, got, err, chat.BadRequest)
			}
		}
	}
}

func TestSplit(t *testing.T) {
	words := strings.Repeat("word ", 100)
	for _, c := range []struct {
		name, text string
		limit      int
		parts      int
	}{
		{"short", "text", 100, 1},
		{"exact", strings.Repeat("x", 100), 100, 1},
		{"words", words, 100, 6},
		{"one long word", strings.Repeat("ü", 250), 100, 3},
		{"paragraphs", strings.Repeat(strings.Repeat("y", 70)+"\n\n", 3), 100, 3},
		{"code", "```\n" + strings.Repeat("line of code\n", 30) + "```\nafter", 100, 5},
		{"a tiny limit", "some text", 1, 8},
	} {
		parts := Split(c.text, c.limit)
		if len(parts) != c.parts {
			t.Errorf("%s: %d parts %q, want %d", c.name, len(parts), parts, c.parts)
		}
		all := ""
		for _, part := range parts {
			if n := utf8.RuneCountInString(part); n > c.limit || strings.TrimSpace(part) == "" {
				t.Errorf("%s: a part has %d characters: %q, want 1 to %d", c.name, n, part, c.limit)
			}
			if strings.Count(part, "```")%2 != 0 {
				t.Errorf("%s: the code block of %q is open", c.name, part)
			}
			all += part
		}
		clean := strings.NewReplacer("```", "", " ", "", "\n", "")
		if clean.Replace(all) != clean.Replace(c.text) {
			t.Errorf("%s: parts = %q, want all of %q", c.name, parts, c.text)
		}
	}
}

// FuzzDecode decodes what anyone may post: a text, or BAD_REQUEST.
func FuzzDecode(f *testing.F) {
	for _, body := range []string{`{"text":"<https://x|y> *b*"}`, alertmanagerBody, grafanaBody, `{"content":"x","embeds":[{"title":"t"}]}`,
		`{"blocks":[{"type":"rich_text","elements":[{"type":"rich_text_quote","elements":[{"type":"text","text":"q"}]}]}],"attachments":[{"text":"a"}]}`,
		`{"ref":"refs/heads/main","commits":[{"id":"1","message":"m"}]}`, "payload=%7B%7D"} {
		f.Add(body, "push")
	}
	f.Fuzz(func(t *testing.T, body, event string) {
		for _, header := range []http.Header{{"X-Github-Event": {event}}, {"Content-Type": {"application/x-www-form-urlencoded"}}} {
			for _, format := range []Format{Any, Slack, Discord, GitHub, Grafana, Alertmanager} {
				post, err := Decode(format, header, []byte(body))
				if err != nil && chat.CodeOf(err) != chat.BadRequest {
					t.Fatal(err)
				}
				for _, part := range Split(post.Text, 50) {
					if utf8.RuneCountInString(part) > 50 {
						t.Fatalf("part = %q, want at most 50 characters", part)
					}
				}
			}
		}
	})
}
