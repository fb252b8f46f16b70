package markup

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

var people = map[string]int64{"ada": 7, "bob_b": 8, "ivan.": 9, "иван": 10, "田中さん": 11, "a-b": 12}

func span(id int64, typed string) string {
	return fmt.Sprintf(`<span class="mention" data-user-id="%d">%s</span>`, id, typed)
}

func TestMentions(t *testing.T) {
	ada := span(7, "@ada")
	cases := []struct {
		name, in, want string
		mentioned      []int64
	}{
		{"alone", "@ada", "<p>" + ada + "</p>", []int64{7}},
		{"in a sentence", "ask @ada, please", "<p>ask " + ada + ", please</p>", []int64{7}},
		{"at its end", "ask @ada.", "<p>ask " + ada + ".</p>", []int64{7}},
		{"a name that ends in a dot", "ask @ivan.", "<p>ask " + span(9, "@ivan.") + "</p>", []int64{9}},
		{"in any case", "@ADA @Ada", "<p>" + span(7, "@ADA") + " " + span(7, "@Ada") + "</p>", []int64{7}},
		{"other scripts", "@Иван と @田中さん", "<p>" + span(10, "@Иван") + " と " + span(11, "@田中さん") + "</p>", []int64{10, 11}},
		{"with a possessive", "@ada's", "<p>" + ada + "&#39;s</p>", []int64{7}},
		{"in brackets", "(@ada)", "<p>(" + ada + ")</p>", []int64{7}},
		{"in bold and italic", "**@ada** _@ada_ *@bob_b*", "<p><strong>" + ada + "</strong> <em>" + ada + "</em> <em>" + span(8, "@bob_b") + "</em></p>", []int64{7, 8}},
		{"on any line", "a\n@ada\n> @bob_b", "<p>a<br>\n" + ada + "</p>\n<blockquote>\n<p>" + span(8, "@bob_b") + "</p>\n</blockquote>", []int64{7, 8}},
		{"a longer name", "@adam @ada-b @ada_", "<p>@adam @ada-b " + ada + "_</p>", []int64{7}},
		{"nobody", "@eve", "<p>@eve</p>", []int64{}},
		{"a mail address", "me@ada and me@ada.org", "<p>me@ada and " + link("mailto:me@ada.org", "me@ada.org") + "</p>", []int64{}},
		{"an address", "https://e.org/@ada", "<p>" + link("https://e.org/@ada", "https://e.org/@ada") + "</p>", []int64{}},
		{"a double @", "@@ada", "<p>@@ada</p>", []int64{}},
		{"escaped", `\@ada`, "<p>@ada</p>", []int64{}},
		{"in code", "`@ada`\n```\n@ada\n```", "<p><code>@ada</code></p>\n<pre><code>@ada\n</code></pre>", []int64{}},
		{"in a link", "[see @ada](https://e.org)", "<p>" + link("https://e.org", "see @ada") + "</p>", []int64{}},
		{"in an image", "![@ada](https://e.org)", "<p>" + link("https://e.org", "@ada") + "</p>", []int64{}},
		{"in brackets without a link", "[@ada]", "<p>[" + ada + "]</p>", []int64{7}},
		{"typed as HTML", ada, "<p>&lt;span class=&#34;mention&#34; data-user-id=&#34;7&#34;&gt;" + ada + "&lt;/span&gt;</p>", []int64{7}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := strings.TrimSuffix(HTMLWithMentions(c.in, people), "\n")
			if got != c.want {
				t.Errorf("HTMLNaming(%q)\n got %s\nwant %s", c.in, got, c.want)
			}
			if ids := Mentioned(got); !reflect.DeepEqual(ids, c.mentioned) {
				t.Errorf("Mentioned(%s) = %v, want %v", got, ids, c.mentioned)
			}
			checkSafe(t, c.in, got)
			if plain := HTML(c.in); strings.Contains(plain, "<span") {
				t.Errorf("HTML(%q) = %s contains a mention", c.in, plain)
			}
		})
	}
}

func TestMentionNames(t *testing.T) {
	many := ""
	for i := range 3 * MaxNames {
		many += fmt.Sprintf("@user%d ", i)
	}
	cases := []struct {
		in   string
		want []string
	}{
		{"no names", nil},
		{"@Ada, @ada and @BOB.", []string{"ada", "bob.", "bob"}},
		{"`@code` me@e.org @ab @" + strings.Repeat("x", 30), nil},
		{"@аdmin", nil}, // Cyrillic а
	}
	for _, c := range cases {
		if got := MentionNames(c.in); !slices.Equal(got, c.want) {
			t.Errorf("Names(%q) = %q, want %q", c.in, got, c.want)
		}
	}
	if got := MentionNames(many); len(got) != MaxNames || got[0] != "user0" {
		t.Errorf("%d names, want the first %d", len(got), MaxNames)
	}
}

func TestMentionNamesIsFast(t *testing.T) {
	const size = 20_000
	for _, part := range []string{"@", "@a", "@_", "@....................", "@aaa ", "@é", "`@", "[@a"} {
		start := time.Now()
		MentionNames(strings.Repeat(part, size/len(part)))
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%q took %v", part, took)
		}
	}
	start := time.Now()
	MentionNames("@" + strings.Repeat("_", size))
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("a name of underscores took %v", took)
	}
}

func FuzzMentions(f *testing.F) {
	for _, cases := range corpus(f) {
		for _, c := range cases {
			f.Add(c.Text)
		}
	}
	for _, s := range append(slices.Clone(xss), "@ada", "*@ada*", "_@bob_b_", "[@ada](https://e.org)", "@ivan.", "`@ada`") {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 4000 {
			return
		}
		out := HTMLWithMentions(s, people)
		checkSafe(t, s, out)
		if again := sanitize(bytes.NewBufferString(out)); again != out {
			t.Errorf("HTMLNaming(%q) = %q, but sanitized again %q", s, out, again)
		}
		if nobody := HTMLWithMentions(s, map[string]int64{"nobody-here": 1}); nobody != HTML(s) && !strings.Contains(strings.ToLower(s), "nobody-here") {
			t.Errorf("HTMLNaming(%q) without names = %q, want %q", s, nobody, HTML(s))
		}
		names := MentionNames(s)
		for _, id := range Mentioned(out) {
			if !slices.ContainsFunc(names, func(name string) bool { return people[name] == id }) && len(names) < MaxNames {
				t.Errorf("%q mentions %d, which is not among the names %q", s, id, names)
			}
		}
	})
}
