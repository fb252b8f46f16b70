package hookbody

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

type slackBody struct {
	Text        string            `json:"text"`
	Username    string            `json:"username"`
	Attachments []slackAttachment `json:"attachments"`
	Blocks      []slackBlock      `json:"blocks"`
}

type slackAttachment struct {
	Fallback   string       `json:"fallback"`
	Pretext    string       `json:"pretext"`
	AuthorName string       `json:"author_name"`
	AuthorLink string       `json:"author_link"`
	Title      string       `json:"title"`
	TitleLink  string       `json:"title_link"`
	Text       string       `json:"text"`
	Fields     []slackField `json:"fields"`
	ImageURL   string       `json:"image_url"`
	Footer     string       `json:"footer"`
	Blocks     []slackBlock `json:"blocks"`
	Actions    []slackBlock `json:"actions"`
}

// slackField has values of any kind: some tools send numbers.
type slackField struct {
	Title string `json:"title"`
	Value any    `json:"value"`
}

// slackBlock is a block or an element of one, at any depth.
type slackBlock struct {
	Type     string       `json:"type"`
	Text     slackText    `json:"text"`
	Title    slackText    `json:"title"`
	Fields   []slackText  `json:"fields"`
	Elements []slackBlock `json:"elements"`
	AltText  string       `json:"alt_text"`
	ImageURL string       `json:"image_url"`
	URL      string       `json:"url"`
	UserID   string       `json:"user_id"`
	Name     string       `json:"name"`
}

// slackText is a text or an object with one.
type slackText struct {
	text  string
	plain bool
}

// UnmarshalJSON implements json.Unmarshaler.
func (t *slackText) UnmarshalJSON(data []byte) error {
	if bytes.HasPrefix(data, []byte(`"`)) {
		return json.Unmarshal(data, &t.text)
	}
	var object struct {
		Type string
		Text any
	}
	if json.Unmarshal(data, &object) == nil { // anything else has no text
		t.text, _ = object.Text.(string)
		t.plain = object.Type == "plain_text"
	}
	return nil
}

func (t slackText) markdown() string {
	if t.plain {
		return t.text
	}
	return mrkdwn(t.text)
}

func decodeSlack(body []byte) (Post, error) {
	var in slackBody
	if err := decode(body, &in); err != nil {
		return Post{}, err
	}
	texts := []string{mrkdwn(in.Text)}
	if len(in.Blocks) > 0 {
		if blocks := slackBlocks(in.Blocks); blocks != "" {
			texts[0] = blocks // text is for notifications
		}
	}
	for _, a := range in.Attachments {
		texts = append(texts, a.markdown())
	}
	return Post{Name: in.Username, Text: join("\n\n", texts...)}, nil
}

func (a slackAttachment) markdown() string {
	texts := []string{mrkdwn(a.Pretext), link(a.AuthorName, a.AuthorLink), bold(link(mrkdwn(a.Title), a.TitleLink)), mrkdwn(a.Text)}
	for _, f := range a.Fields {
		texts = append(texts, field(f.Title, mrkdwn(anyText(f.Value))))
	}
	texts = append(texts, slackBlocks(a.Blocks), slackBlocks(a.Actions), a.ImageURL, mrkdwn(a.Footer))
	if text := lines(texts...); text != "" {
		return text
	}
	return mrkdwn(a.Fallback)
}

// field returns a name with a value.
func field(name, value string) string {
	if strings.TrimSpace(name) == "" {
		return value
	}
	separator := ": "
	if strings.Contains(value, "\n") {
		separator = ":\n"
	}
	return bold(strings.TrimSuffix(strings.TrimSpace(name), ":")) + separator + strings.TrimSpace(value)
}

func anyText(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return fmt.Sprint(value)
}

func slackBlocks(blocks []slackBlock) string {
	var texts []string
	for _, b := range blocks {
		texts = append(texts, b.markdown())
	}
	return lines(texts...)
}

func (b slackBlock) markdown() string {
	switch b.Type {
	case "header":
		return bold(b.Text.text)
	case "divider":
		return ""
	case "button":
		return link(b.Text.text, b.URL)
	case "image":
		return lines(b.Title.text, link(b.AltText, b.ImageURL))
	case "rich_text_section", "rich_text_quote", "rich_text_preformatted":
		var text strings.Builder
		for _, e := range b.Elements {
			text.WriteString(e.inline())
		}
		switch b.Type {
		case "rich_text_quote":
			return "> " + strings.ReplaceAll(text.String(), "\n", "\n> ")
		case "rich_text_preformatted":
			return "```\n" + text.String() + "\n```"
		}
		return text.String()
	case "rich_text_list":
		var items []string
		for _, e := range b.Elements {
			items = append(items, "- "+e.markdown())
		}
		return lines(items...)
	case "context", "actions":
		var parts []string
		for _, e := range b.Elements {
			parts = append(parts, e.markdown())
		}
		return join(" ", parts...)
	}
	texts := []string{b.Text.markdown()}
	for _, f := range b.Fields {
		texts = append(texts, f.markdown())
	}
	if b.Type == "mrkdwn" || b.Type == "plain_text" { // elements of a context
		return b.Text.text
	}
	return lines(append(texts, slackBlocks(b.Elements))...)
}

// inline returns an element of rich text.
func (b slackBlock) inline() string {
	switch b.Type {
	case "link":
		return link(b.Text.text, b.URL)
	case "emoji":
		return ":" + b.Name + ":"
	case "user":
		return "@" + b.UserID
	}
	return b.Text.text
}
