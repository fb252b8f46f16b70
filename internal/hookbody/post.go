// Package hookbody decodes what programs post to incoming webhooks: our own format, and those of Slack,
// Discord, Grafana, Alertmanager and GitHub. The result is Markdown. There is no library that covers
// them, and those of each service decode far more than its texts.
package hookbody

import (
	"bytes"
	"mime"
	"net/http"
	"net/url"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/strictjson"
)

// MaxBody is the largest body, in bytes.
const MaxBody = 256 << 10

// Format is the format of a body.
type Format string

// The formats, as in the paths of webhooks. Any is our own, or the one that the body looks like.
const (
	Any          Format = ""
	Slack        Format = "slack"
	Discord      Format = "discord"
	GitHub       Format = "github"
	Grafana      Format = "grafana"
	Alertmanager Format = "alertmanager"
)

// Post is the content of a body.
type Post struct {
	Name string // of the sender, or ""
	Text string
	CID  string // of our own format
	Key  string // identifies the delivery, or ""
}

// native is our own format, with the keys that identify other formats.
type native struct {
	Text string `json:"text"`
	CID  string `json:"cid"`
	// Keys of other formats.
	Content     *string `json:"content"`
	Embeds      []any   `json:"embeds"`
	Attachments []any   `json:"attachments"`
	Blocks      []any   `json:"blocks"`
	Alerts      []any   `json:"alerts"`
	OrgID       any     `json:"orgId"`
	RuleName    any     `json:"ruleName"`
	Username    any     `json:"username"`
	Channel     any     `json:"channel"`
	IconEmoji   any     `json:"icon_emoji"`
	IconURL     any     `json:"icon_url"`
	// Keys of our outgoing webhooks.
	Event   any `json:"event"`
	RoomID  any `json:"roomId"`
	Seq     any `json:"seq"`
	Message any `json:"message"`
}

// Decode returns the content of a body. It returns BAD_REQUEST for a body that is not of the format,
// and for a delivery of our own outgoing webhooks, which would be sent in a loop.
func Decode(format Format, header http.Header, body []byte) (Post, error) {
	if header.Get("X-Chillin-Event") != "" || header.Get("X-Chillin-Delivery") != "" {
		return Post{}, errLoop()
	}
	body, err := unwrap(header.Get("Content-Type"), body)
	if err != nil {
		return Post{}, err
	}
	var n native
	if err := decode(body, &n); err != nil {
		return Post{}, err
	}
	if n.Event != nil && n.RoomID != nil && n.Seq != nil && n.Message != nil {
		return Post{}, errLoop()
	}
	if format == Any {
		format = n.format(header)
	}
	switch format {
	case Slack:
		return decodeSlack(body)
	case Discord:
		return decodeDiscord(body)
	case GitHub:
		return decodeGitHub(header, body)
	case Grafana:
		return decodeGrafana(body)
	case Alertmanager:
		return decodeAlertmanager(body)
	}
	return Post{Text: links(n.Text, false), CID: n.CID}, nil
}

// format returns the format that a body looks like.
func (n native) format(header http.Header) Format {
	switch {
	case header.Get("X-GitHub-Event") != "":
		return GitHub
	case n.Alerts != nil && n.OrgID == nil:
		return Alertmanager
	case n.Alerts != nil || n.RuleName != nil:
		return Grafana
	case n.Content != nil || n.Embeds != nil:
		return Discord
	case n.Attachments != nil || n.Blocks != nil || n.Username != nil || n.Channel != nil || n.IconEmoji != nil || n.IconURL != nil:
		return Slack
	}
	return Any
}

// unwrap returns the JSON of a body. Slack and GitHub can send it as the field payload of a form.
func unwrap(contentType string, body []byte) ([]byte, error) {
	kind, _, _ := mime.ParseMediaType(contentType) // in lower case
	if kind != "application/x-www-form-urlencoded" {
		return body, nil
	}
	if bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")) { // curl -d without a type
		return body, nil
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, badBody("The form is not valid.")
	}
	if payload := form.Get("payload"); payload != "" {
		return []byte(payload), nil
	}
	return nil, badBody("The form has no field named payload.")
}

func decode(body []byte, v any) error {
	if err := strictjson.DecodeKnown(body, v); err != nil {
		return badBody("The body cannot be read: " + err.Error() + ".")
	}
	return nil
}

func badBody(text string) error { return chat.Errorf(chat.BadRequest, "%s", text).WithField("body") }

func errLoop() error {
	return badBody("This is a delivery of an outgoing webhook. It is not posted, because it would be sent in a loop.")
}
