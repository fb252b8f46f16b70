package hookbody

import (
	"fmt"
	"net/http"
	"strings"
)

type gitHubBody struct {
	Action     string      `json:"action"`
	Zen        string      `json:"zen"`
	Number     int64       `json:"number"`
	Ref        string      `json:"ref"`
	RefType    string      `json:"ref_type"`
	Compare    string      `json:"compare"`
	Created    bool        `json:"created"`
	Deleted    bool        `json:"deleted"`
	Forced     bool        `json:"forced"`
	Commits    []gitCommit `json:"commits"`
	Repository struct {
		Name string `json:"full_name"`
		URL  string `json:"html_url"`
	} `json:"repository"`
	Organization struct {
		Login string `json:"login"`
	} `json:"organization"`
	Sender struct {
		Login string `json:"login"`
	} `json:"sender"`
	Issue       gitHubItem `json:"issue"`
	PullRequest gitHubItem `json:"pull_request"`
	Release     gitHubItem `json:"release"`
	Discussion  gitHubItem `json:"discussion"`
	Comment     gitHubItem `json:"comment"`
	Review      gitHubItem `json:"review"`
	WorkflowRun gitHubItem `json:"workflow_run"`
	CheckRun    gitHubItem `json:"check_run"`
	Forkee      gitHubItem `json:"forkee"`
}

type gitCommit struct {
	ID      string `json:"id"`
	Message string `json:"message"`
	URL     string `json:"url"`
	Author  struct {
		Name string `json:"name"`
	} `json:"author"`
}

// gitHubItem is what an event is about.
type gitHubItem struct {
	Number     int64  `json:"number"`
	Title      string `json:"title"`
	Name       string `json:"name"`
	FullName   string `json:"full_name"`
	TagName    string `json:"tag_name"`
	Body       string `json:"body"`
	URL        string `json:"html_url"`
	Merged     bool   `json:"merged"`
	State      string `json:"state"`
	Conclusion string `json:"conclusion"`
}

const (
	maxCommits = 20  // that are listed
	maxExcerpt = 500 // characters of a description or comment, which the link shows in full
)

// decodeGitHub reads an event of GitHub or Gitea. The signature is not checked: the token in the URL
// authenticates the sender.
func decodeGitHub(header http.Header, body []byte) (Post, error) {
	var in gitHubBody
	if err := decode(body, &in); err != nil {
		return Post{}, err
	}
	event := header.Get("X-GitHub-Event")
	post := Post{Key: header.Get("X-GitHub-Delivery")}
	if post.Key != "" {
		post.Key = "github " + post.Key
	}
	where := bold(link(in.Repository.Name, in.Repository.URL))
	if where == "" {
		where = bold(in.Organization.Login)
	}
	post.Text = lines(append([]string{join(" ", where, in.headline(event))}, in.details(event)...)...)
	return post, nil
}

// headline says in one line what happened.
func (in gitHubBody) headline(event string) string {
	who := in.Sender.Login
	switch event {
	case "ping":
		return join(" ", "GitHub is connected.", in.Zen)
	case "push":
		return in.push(who)
	case "create", "delete":
		return fmt.Sprintf("%s %sd the %s `%s`", who, event, in.RefType, in.Ref)
	case "pull_request":
		action := in.Action
		if action == "closed" && in.PullRequest.Merged {
			action = "merged"
		}
		return join(" ", who, plain(action), "pull request", in.PullRequest.link())
	case "pull_request_review":
		return join(" ", who, "reviewed", in.PullRequest.link(), brackets(plain(in.Review.State)))
	case "pull_request_review_comment":
		return join(" ", who, "commented on", in.PullRequest.link())
	case "issues":
		return join(" ", who, plain(in.Action), "issue", in.Issue.link())
	case "issue_comment", "commit_comment", "discussion_comment":
		return join(" ", who, "commented on", in.subject().link())
	case "release":
		return join(" ", who, plain(in.Action), "release", in.Release.link())
	case "workflow_run":
		return join(" ", "workflow", in.WorkflowRun.link(), plain(in.Action), brackets(plain(in.WorkflowRun.Conclusion)))
	case "check_run":
		return join(" ", "check", in.CheckRun.link(), plain(in.Action), brackets(plain(in.CheckRun.Conclusion)))
	case "fork":
		return join(" ", who, "forked to", in.Forkee.link())
	}
	return join(" ", who, plain(event), brackets(plain(in.Action)), in.subject().link())
}

func (in gitHubBody) push(who string) string {
	ref := strings.TrimPrefix(strings.TrimPrefix(in.Ref, "refs/heads/"), "refs/tags/")
	switch {
	case in.Deleted:
		return fmt.Sprintf("%s deleted `%s`", who, ref)
	case len(in.Commits) == 0:
		return fmt.Sprintf("%s pushed `%s`", who, ref)
	}
	pushed := "pushed"
	if in.Forced {
		pushed = "force-pushed"
	}
	commits := "commits"
	if len(in.Commits) == 1 {
		commits = "commit"
	}
	return fmt.Sprintf("%s %s %s to `%s`", who, pushed, link(fmt.Sprintf("%d %s", len(in.Commits), commits), in.Compare), ref)
}

// details are the lines after the headline.
func (in gitHubBody) details(event string) []string {
	switch {
	case event == "push":
		return in.commits()
	case strings.HasSuffix(event, "comment"):
		return []string{quote(in.Comment.Body)}
	case event == "pull_request_review":
		return []string{quote(in.Review.Body)}
	case event == "release":
		return []string{quote(in.Release.Body)}
	case in.Action == "opened":
		return []string{quote(in.subject().Body)}
	}
	return nil
}

func (in gitHubBody) commits() []string {
	var items []string
	for _, c := range in.Commits[:min(len(in.Commits), maxCommits)] {
		subject, _, _ := strings.Cut(c.Message, "\n")
		items = append(items, "- "+join(" ", link(c.ID[:min(len(c.ID), 7)], c.URL), subject, brackets(c.Author.Name)))
	}
	if more := len(in.Commits) - len(items); more > 0 {
		items = append(items, "- "+link(fmt.Sprintf("… and %d more", more), in.Compare))
	}
	return items
}

// subject returns the item of an event, found without the name of the event.
func (in gitHubBody) subject() gitHubItem {
	for _, item := range []gitHubItem{in.PullRequest, in.Issue, in.Discussion, in.Release, in.WorkflowRun, in.CheckRun, in.Comment} {
		if item.URL != "" {
			return item
		}
	}
	return gitHubItem{}
}

func (i gitHubItem) link() string {
	label := join(" ", i.Title, i.FullName)
	for _, other := range []string{i.Name, i.TagName} {
		if label == "" {
			label = other
		}
	}
	if i.Number > 0 {
		label = join(" ", fmt.Sprintf("#%d", i.Number), label)
	}
	return link(label, i.URL)
}

func plain(name string) string { return strings.ReplaceAll(name, "_", " ") }

// quote returns the beginning of a text as a quote.
func quote(text string) string {
	text = strings.TrimSpace(text)
	if text == "" {
		return ""
	}
	if letters := []rune(text); len(letters) > maxExcerpt {
		text = strings.TrimSpace(string(letters[:maxExcerpt])) + "…"
	}
	return "> " + strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\n", "\n> ")
}
