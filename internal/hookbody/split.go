package hookbody

import "strings"

// Split cuts a text into parts of at most limit characters, at the end of a paragraph, a line or a
// word, if there is one in the second half of the part. A code block that is cut is closed and opened
// again.
func Split(text string, limit int) []string {
	const fence = "```"
	const reserve = 2 * (len(fence) + 1)
	letters := []rune(strings.TrimSpace(text))
	var parts []string
	open := false
	for {
		prefix := ""
		if open {
			prefix = fence + "\n"
		}
		if len(letters)+len(prefix) <= limit || len(letters) == 0 {
			return append(parts, prefix+string(letters))
		}
		size := max(1, limit-len(prefix)-reserve)
		size = cutAt(letters[:min(size, len(letters))])
		part := prefix + strings.TrimRight(string(letters[:size]), " \n")
		letters = letters[size:]
		if open = limit > 4*reserve && strings.Count(part, fence)%2 == 1; open {
			part += "\n" + fence
		} else {
			letters = []rune(strings.TrimLeft(string(letters), "\n"))
		}
		if strings.TrimSpace(part) != "" {
			parts = append(parts, part)
		}
	}
}

// cutAt returns where to cut.
func cutAt(letters []rune) int {
	text := string(letters)
	for _, end := range []string{"\n\n", "\n", " "} {
		if i := strings.LastIndex(text, end); i >= len(text)/2 {
			return len([]rune(text[:i+len(end)]))
		}
	}
	return len(letters)
}
