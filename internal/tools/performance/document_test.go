package main

import "testing"

func TestInsert(t *testing.T) {
	const document = "# Title\n\n<!-- begin: one -->\nold\n<!-- end: one -->\nbetween\n<!-- begin: two -->\n<!-- end: two -->\nend\n"
	for name, c := range map[string]struct {
		document string
		sections []section
		want     string // "" for an error
	}{
		"replaces the text between markers": {document, []section{{name: "one", text: "new\n"}, {name: "two", text: "more"}},
			"# Title\n\n<!-- begin: one -->\n\nnew\n\n<!-- end: one -->\nbetween\n<!-- begin: two -->\n\nmore\n\n<!-- end: two -->\nend\n"},
		"keeps sections that are not given": {document, []section{{name: "two", text: "more"}},
			"# Title\n\n<!-- begin: one -->\nold\n<!-- end: one -->\nbetween\n<!-- begin: two -->\n\nmore\n\n<!-- end: two -->\nend\n"},
		"keeps a document without sections": {document, nil, document},
		"fails without markers":             {document, []section{{name: "three", text: "new"}}, ""},
		"fails without an end":              {"<!-- begin: one -->\n", nil, ""},
		"fails without a begin":             {"<!-- end: one -->\n", nil, ""},
		"fails if sections overlap":         {"<!-- begin: one -->\n<!-- begin: two -->\n<!-- end: one -->\n<!-- end: two -->\n", nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := insert(c.document, c.sections)
			if (err != nil) != (c.want == "") || got != c.want {
				t.Fatalf("document = %q, %v; want %q", got, err, c.want)
			}
			if again, err := insert(got, c.sections); c.want != "" && (err != nil || again != got) {
				t.Errorf("the second time it is %q, %v; want no change", again, err)
			}
		})
	}
}
