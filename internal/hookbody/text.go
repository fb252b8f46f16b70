package hookbody

import (
	"net/url"
	"regexp"
	"strings"
)

// lines joins the texts that are not empty.
func lines(texts ...string) string { return join("\n", texts...) }

// join joins the texts that are not empty.
func join(by string, texts ...string) string {
	var kept []string
	for _, text := range texts {
		if text = strings.TrimSpace(text); text != "" {
			kept = append(kept, text)
		}
	}
	return strings.Join(kept, by)
}

// bold returns a line in bold.
func bold(text string) string {
	text = strings.TrimSpace(strings.ReplaceAll(text, "*", "∗"))
	if text == "" {
		return ""
	}
	return "**" + strings.Join(strings.Fields(text), " ") + "**"
}

// link returns a link with a label. What is not an address on the web is shown as text.
func link(label, target string) string {
	label, target = strings.Join(strings.Fields(label), " "), strings.TrimSpace(target)
	u, err := url.Parse(target)
	switch {
	case target == "":
		return label
	case err != nil || u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "mailto":
		return join(" ", label, "("+target+")")
	case label == "" || label == target:
		return target
	}
	target = strings.NewReplacer("(", "%28", ")", "%29", " ", "%20", "<", "%3C", ">", "%3E", "\\", "%5C").Replace(target)
	return "[" + strings.NewReplacer("[", "(", "]", ")").Replace(label) + "](" + target + ")"
}

// slackReference is <target>, <target|label> or a mention.
var slackReference = regexp.MustCompile(`<([^<>|\n]+)(?:\|([^<>\n]*))?>`)

// links converts the references of Slack. all includes those that are not links.
func links(text string, all bool) string {
	return slackReference.ReplaceAllStringFunc(text, func(found string) string {
		parts := slackReference.FindStringSubmatch(found)
		target, label := parts[1], parts[2]
		switch {
		case strings.HasPrefix(target, "http://"), strings.HasPrefix(target, "https://"), strings.HasPrefix(target, "mailto:"):
			if label == "" && !all {
				return found // a link in Markdown as well
			}
			return link(unescape(label), unescape(target))
		case !all:
			return found
		case target[0] == '@' || target[0] == '#' || target[0] == '!':
			if label == "" {
				label = strings.TrimLeft(target, "@#!")
			}
			sign := strings.Replace(target[:1], "!", "@", 1)
			return sign + strings.TrimLeft(unescape(label), "@#!")
		}
		return found
	})
}

var slackEntities = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&")

func unescape(text string) string { return slackEntities.Replace(text) }

var (
	slackBold   = regexp.MustCompile(`(^|[\s(>_~])\*([^\s*](?:[^*\n]*[^\s*])?)\*($|[\s).,:;!?_~])`)
	slackStrike = regexp.MustCompile(`(^|[\s(>_*])~([^\s~](?:[^~\n]*[^\s~])?)~($|[\s).,:;!?_*])`)
)

// mrkdwn converts the markup of Slack to Markdown. Code stays as it is.
func mrkdwn(text string) string {
	parts := strings.Split(text, "`")
	for i, part := range parts {
		if i%2 == 1 { // code
			parts[i] = unescape(part)
			continue
		}
		for range 2 { // neighbours share a space
			part = slackBold.ReplaceAllString(part, "$1**$2**$3")
			part = slackStrike.ReplaceAllString(part, "$1~~$2~~$3")
		}
		parts[i] = unescape(links(part, true))
	}
	return strings.Join(parts, "`")
}
