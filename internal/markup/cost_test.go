package markup

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// ordinary is typical Markdown with every kind of element.
const ordinary = "Hello **all**, the [docs](https://example.org/docs) say:\n\n- first *item*, see `main.go`\n- second item\n\n" +
	"> quoted words of somebody\n\nand https://example.org/x is the place.\n\n"

// hostile are texts to repeat: dense or unclosed.
var hostile = []string{
	"[", "[ ", "![", "]", "[]", "[a]", "[a]\n", "[a](", "[a](b", "[a](<", "[a](b \"", "[a](http://b)", "![a](http://b)", "[[a](b)](c) ", "[*a*](b) ", "[x *a* ",
	"*", "_", "*a", "*a ", "_a ", "*a* ", "**a** ", "***a*** ", "*a_ ", "_ *", "* a* ", "__* _\n", "~~a ", "~a~", "~~a~~ ", "a_", "a*b_c~d", "漢*", "(~",
	"`", "`a", "`a` ", "`a``b```c", "```\n", "```a\nb\n```\n", "~~~\n", "`a``",
	">", "> ", "> a\n", "> > > > > > > > a\n", "- ", "- a\n", "- - a\n", "* * *\n", "+ a\n", "1. a\n", "1) a\n", "- > - a\n", "> - a\n", "- a\n  - b\n    - c\n", "a\n- ",
	"a\n", "a\n\n", "\n[", "&\n", "<\n", "a\\\n", "a  \n", "    a\n", "# a\n", "a\n===\n", "---\n", "| a | b |\n|--|--|\n", "|",
	"<", "<a", "<b>", "<a href=x>", "<!--", "<![CDATA[", "<http://a> ", "<a@b.c> ", "<a@", "https://a ", "http://a.b ", "(https://a", "https://a_", "www.", "www.a.bc ", "_www.", "*www.a", " www.a.a.",
	"a@", "a@a.a ", "_a@b.c_", "_a@b", "&", "&amp;", "&#106;", "&lt;\n", "'", "\"", "\\", "\\*", ":", "://",
	"@", "@bob ", ".@abc", "@a_.-", "@____", "-@a-", "😀", "👨‍👩‍👧‍👦 ", "x\u0301", "漢", "\t", " \n", "https://a\\```@bob\n", "a@b.c> */( b", "[__![@bob<\n",
	"\\_", "\\*a", "\\\\", "\\`", "\\[a](", "\\<a", "a\\_b ", "C:\\_a\\*b", "\\~~a", "[a](b \"c\")", "[b.co](http://c.de) ", "[see b.co](http://c.de) ", "[a](http://b 'c') ",
	"看http://a", "http://a看", "http://a.b/(", "http://a.b/*a", "*http://a", "http://", "://a", "a.www.b.c ", "http://[::1]/ ", "漢**「a」**", "1*a ", "a*b ",
	"- [ ] a\n", "1. a\n7. b\n", "```a\nb```\n", "```\na```\n", "```a\n", "> \n", ">\n", "- -\n", "- \n",
	"@田中さん", "@田", "@a田", "@ab/", "@ssssss ", "@สมชาย", "@홍길동님 ",
	"|-|\n", "|a\n|-\n", "|a|\n|-|\n|b|\n", "|a|\n|-|\n\n", "\\|", "a|b\n-|-\n", "|\n|-\n", "-|-\n",
}

// hostileDocuments are hostile texts of about n characters that are not repetitions.
func hostileDocuments(n int) map[string]string {
	return map[string]string{
		"brackets around emphasis":        strings.Repeat("[", 2*n/5) + strings.Repeat("*a", n/10) + strings.Repeat("]", 2*n/5),
		"emphasis in emphasis":            strings.Repeat("*a ", n/6) + strings.Repeat("a* ", n/6),
		"emphasis around addresses":       strings.Repeat("*a ", n/8) + strings.Repeat("a@b.cd ", n/28) + strings.Repeat("a* ", n/8),
		"a row of stars":                  strings.Repeat("*", n/2) + "a" + strings.Repeat("*", n/2),
		"stars that do not match":         "a**b" + strings.Repeat("* a", n/3),
		"a name of underscores":           "@" + strings.Repeat("_", n-1),
		"names that end with underscores": strings.Repeat("@"+strings.Repeat("a", 250)+strings.Repeat("_", 90)+" ", n/342),
		"backticks of every length":       backticks(n),
		"a wide table":                    strings.Repeat("|a", n/4) + "\n" + strings.Repeat("|-", n/4) + "\n",
		"a wide table with empty rows":    strings.Repeat("|a", n/8) + "\n" + strings.Repeat("|-", n/8) + "\n" + strings.Repeat("|\n", n/4),
		"a long table":                    "|a|b|c|\n|-|-|-|\n" + strings.Repeat("|a|b|c|\n", n/8),
		"an uneven table":                 "|a\n|-\n" + strings.Repeat("|a\n", n/6) + strings.Repeat("|", n/2) + "\n",
		"escaped delimiters in a row":     strings.Repeat("\\*a ", n/8) + strings.Repeat("a\\* ", n/8),
		"fences at the ends of lines":     "```\n" + strings.Repeat("a```\n", n/5),
		"addresses after open delimiters": strings.Repeat("*a ", n/6) + strings.Repeat("http://a.b/* ", n/26),
		"brackets, then parentheses":      strings.Repeat("[a](", n/8) + strings.Repeat(")", n/8) + strings.Repeat("[a](b ", n/12),
	}
}

func backticks(n int) string {
	var b strings.Builder
	for i := 1; b.Len() < n; i++ {
		b.WriteString(strings.Repeat("`", i) + "a")
	}
	return b.String()[:n]
}

// repeated returns a text of n characters.
func repeated(part string, n int) string {
	letters := []rune(part)
	return string(slices.Repeat(letters, n/len(letters)+1)[:n])
}

// cpuTime returns the CPU time of this thread. Unlike elapsed time, it excludes other processes.
func cpuTime(t testing.TB) time.Duration {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &now); err != nil {
		t.Fatal(err)
	}
	return time.Duration(now.Nano())
}

// costOf returns the minimum cost of a message with that text, over several tries.
func costOf(t testing.TB, text string, tries int) time.Duration {
	least := time.Hour
	for range tries {
		began := cpuTime(t)
		HTMLWithMentions(text, map[string]int64{"nobody": 1})
		MentionNames(text)
		least = min(least, cpuTime(t)-began)
	}
	return least
}

// No text may cost more than three times as much as ordinary Markdown of its length: otherwise one
// sender could slow down all others. Run the strict bounds with `go test -run TestHTMLCost
// ./internal/markup`. With the race detector, as in make test, the bound detects only superlinear
// costs, which were 30 to 50 times as much.
func TestHTMLCost(t *testing.T) {
	most, tries, lengths := 3.0, 3, []int{500, 2000, 6000, 20_000}
	if raceDetector {
		most, tries, lengths = 12, 1, []int{6000}
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for _, n := range lengths {
		texts := hostileDocuments(n)
		for _, part := range hostile {
			texts[fmt.Sprintf("%q", part)] = repeated(part, n)
		}
		plain := repeated(ordinary, n)
		bound := costOf(t, plain, 4*tries)
		for name, text := range texts {
			cost := costOf(t, text, tries)
			for again := 0; times(cost, bound) > most && again < 3; again++ { // repeat, because another process may have interfered
				bound = max(bound, costOf(t, plain, tries))
				cost = min(cost, costOf(t, text, 4*tries))
			}
			if times(cost, bound) > most {
				t.Errorf("%d characters of %s cost %v, %.1f times as much as ordinary Markdown (%v), want at most %v",
					n, name, cost, times(cost, bound), bound, most)
			}
		}
	}
}

func times(cost, of time.Duration) float64 { return float64(cost) / float64(of) }

func TestOrdinaryTextIsWithinBudget(t *testing.T) {
	for _, part := range []string{
		ordinary, "Some *longer* text with `code` and words. ", "*every* *word* *stressed* ", "- milk\n- bread\n", "1. one thing\n2. another\n", "> said he\n",
		"alice@example.org\n", "https://example.org/a/page?x=1\n", "[a page](https://example.org/a)\n", "word\n", "one\n\ntwo\n\n", "snake_case_name and a[i] = b[j]*c; ", "x := f(a[i], b) // `tick`\n",
		"**Ada** (ada@example.org): 5 * 3 = 15, ~~16~~\n", "- [x] done *now*\n- [ ] to `do`\n", "你好，**世界**，看 https://example.org 吧。", "👍👍👍 ", "@alice @bob, *look* here\n",
		"| name | place |\n|------|:-----:|\n| Ada | London |\n| Bob | *Rome* |\n\n", "|a|b|c|d|\n|-|-|-|-|\n|1|2|3|4|\n|5|6|7|8|\n\n", "- [ ] buy milk\n- [x] done\n", "1. one thing\n3. another\n", "C:\\Users\\ada\\My_Files\\x.txt\n",
		"@田中さん、お願いします。", "¯\\_(ツ)_/¯ ", "```sql\nSELECT 1;```\n\nThis is what the report needs, as far as I can see, and nothing else in that folder has to change.\n\n", "含**「重点」**内容，https://e.org/a，",
	} {
		for _, n := range []int{50, 300, 2000, 20_000} {
			text := repeated(part, n)
			if _, ok := parse(text, &mentions{}); !ok {
				t.Errorf("%d characters of %q are over the budget", n, part)
			}
		}
	}
}

func TestTextOverBudgetIsShownAsTyped(t *testing.T) {
	text := strings.Repeat("*a_ <b>\n", 2000)
	want := "<p>" + strings.Repeat("*a_ &lt;b&gt;<br>\n", 2000) + "</p>\n"
	if got := HTML(text); got != want {
		t.Errorf("HTML = %.200q, want %.200q", got, want)
	}
	if names := MentionNames(strings.Repeat("@bob *a_ ", 2000)); names != nil {
		t.Errorf("Names = %v, want none", names)
	}
}

func BenchmarkHTMLHostile(b *testing.B) {
	texts := hostileDocuments(20_000)
	texts["ordinary"] = repeated(ordinary, 20_000)
	for _, part := range []string{"[", "[a](", "_ *", "*a_ ", "*a* ", "- - a\n", "a@a.a ", "_www."} {
		texts[fmt.Sprintf("%q", part)] = repeated(part, 20_000)
	}
	for name, text := range texts {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				HTML(text)
			}
		})
	}
}
