package hookbody

type discordBody struct {
	Content  string         `json:"content"`
	Username string         `json:"username"`
	Embeds   []discordEmbed `json:"embeds"`
}

type discordEmbed struct {
	Title       string `json:"title"`
	URL         string `json:"url"`
	Description string `json:"description"`
	Fields      []struct {
		Name  string `json:"name"`
		Value any    `json:"value"`
	} `json:"fields"`
	Author struct {
		Name string `json:"name"`
		URL  string `json:"url"`
	} `json:"author"`
	Footer struct {
		Text string `json:"text"`
	} `json:"footer"`
	Image struct {
		URL string `json:"url"`
	} `json:"image"`
}

// decodeDiscord reads Discord's format, whose texts are Markdown.
func decodeDiscord(body []byte) (Post, error) {
	var in discordBody
	if err := decode(body, &in); err != nil {
		return Post{}, err
	}
	texts := []string{in.Content}
	for _, e := range in.Embeds {
		parts := []string{link(e.Author.Name, e.Author.URL), bold(link(e.Title, e.URL)), e.Description}
		for _, f := range e.Fields {
			parts = append(parts, field(f.Name, anyText(f.Value)))
		}
		texts = append(texts, lines(append(parts, e.Image.URL, e.Footer.Text)...))
	}
	return Post{Name: in.Username, Text: join("\n\n", texts...)}, nil
}
