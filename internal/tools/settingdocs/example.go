package main

import (
	"fmt"
	"strings"

	"github.com/chillin-chat/chillin/internal/settings"
)

const (
	commentWidth = 96 // characters of a line of .env.example
	ruleWidth    = 79
)

const exampleHead = `# All settings with their defaults. Copy this file to .env and uncomment what you change.
# Without any settings, Chillin serves everything on port 5000 from ./data with SQLite. An
# empty value is the same as an unset one.
#
# Each secret can come from a file instead: NAME_FILE is the path of a file that contains
# the value of NAME, such as a systemd credential or a Docker secret. The final line break
# of the file is ignored; an empty file is the same as an unset value.
#
# Generated from internal/settings by make generate.
`

// exampleFile returns .env.example.
func exampleFile() string {
	var out strings.Builder
	out.WriteString(exampleHead)
	for _, area := range settings.Areas() {
		heading := "# --- " + area.Name + " "
		fmt.Fprintf(&out, "\n%s%s\n\n", heading, strings.Repeat("-", ruleWidth-len(heading)))
		if area.Text != "" {
			writeComment(&out, area.Text)
			out.WriteString("\n")
		}
		for _, s := range area.Settings {
			writeComment(&out, s.Description)
			fmt.Fprintf(&out, "#%s=%s\n", s.Name, s.Default)
			if s.Type == settings.Secret {
				fmt.Fprintf(&out, "#%s=\n", s.FileVariable())
			}
		}
	}
	return out.String()
}

// writeComment writes text as comment lines. It keeps line breaks.
func writeComment(out *strings.Builder, text string) {
	for paragraph := range strings.SplitSeq(text, "\n") {
		line := "#"
		for word := range strings.FieldsSeq(paragraph) {
			if len([]rune(line))+1+len([]rune(word)) > commentWidth && line != "#" {
				fmt.Fprintln(out, line)
				line = "#"
			}
			line += " " + word
		}
		fmt.Fprintln(out, line)
	}
}
