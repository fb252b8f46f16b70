package markup

import (
	"bytes"
	"html"
	neturl "net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
	"golang.org/x/text/unicode/norm"
)

// disguise is how the label of a link has to be changed so that the reader sees the address.
type disguise int

const (
	labelAsTyped   disguise = iota
	addressAsLabel          // the label is invisible, or an address that is not the link's
	addressInLabel          // the label contains such an address among other words
)

// maxLabel is how much of a label is examined, in bytes. A longer label is followed by the address.
const maxLabel = 1000

// disguiseOf compares the label of a link with its target, such as the label https://bank.example with the
// target https://thief.example.
func disguiseOf(label, target []byte) disguise {
	if !isVisible(string(label)) {
		return addressAsLabel
	}
	if bytes.Equal(label, target) || bytes.IndexByte(label, '.') < 0 && !mayBeAddress(label) {
		return labelAsTyped
	}
	if len(label) > maxLabel {
		return addressInLabel
	}
	seen := asSeen(label)
	goal := targetOf(target)
	result := labelAsTyped
	for _, at := range addressInText.FindAllStringSubmatchIndex(seen, -1) {
		if !isAddress(seen, at) || goal.matches(seen, at) {
			continue
		}
		whole := strings.Trim(seen[:at[0]]+seen[at[1]:], " \t\n()[]{}<>\"'.,:;!?/*_~`|")
		if whole == "" {
			return addressAsLabel
		}
		result = addressInLabel
	}
	return result
}

// mayBeAddress reports whether a label without "." may still look like an address.
func mayBeAddress(label []byte) bool {
	return bytes.ContainsAny(label, ":@&/") || bytes.ContainsFunc(label, func(r rune) bool { return r >= 0x80 })
}

// asSeen returns a label as a reader perceives it: without invisible characters and entities, in compatible
// letters.
func asSeen(label []byte) string {
	s := norm.NFKC.String(html.UnescapeString(string(label)))
	return strings.ToLower(strings.Map(func(r rune) rune {
		switch {
		case isInvisible(r):
			return -1
		case r == '。' || r == '｡' || r == '․':
			return '.'
		case r == '⁄' || r == '∕' || r == '⧸':
			return '/'
		case r == '꞉' || r == '∶' || r == 'ː':
			return ':'
		}
		return r
	}, s))
}

// addressInText finds what may be an address: 1 the scheme, 2 the name before "@", 3 the host, 4 the port,
// 5 the rest.
var addressInText = regexp.MustCompile(`([a-z][a-z0-9+.-]*:/+|//)?((?:[\pL\pN._%+-]+)(?::[^@\s/]*)?@)?(\[[0-9a-f:.]+\]|[\pL\pM\pN_-]+(?:\.[\pL\pM\pN_-]+)*)\.?(?::([0-9]{1,5}))?([/?#][^\s]*)?`)

// isAddress reports whether a match of addressInText looks like an address: with a scheme, or a host with a
// domain that exists or is common in private networks.
func isAddress(s string, at []int) bool {
	host := part(s, at, 3)
	if part(s, at, 1) != "" || strings.HasPrefix(host, "[") {
		return true
	}
	if at[0] > 0 && strings.ContainsRune("/\\", rune(s[at[0]-1])) && part(s, at, 2) == "" {
		return false // in a path
	}
	if !strings.Contains(host, ".") {
		return host == "localhost" && (part(s, at, 4) != "" || part(s, at, 5) != "")
	}
	if strings.HasPrefix(host, "www.") || isIPv4(host) {
		return true
	}
	ascii, err := idna.ToASCII(host)
	if err != nil {
		return true
	}
	domain := ascii[strings.LastIndexByte(ascii, '.')+1:]
	_, icann := publicsuffix.PublicSuffix(domain)
	return icann || slices.Contains(privateDomains, domain)
}

// privateDomains are the reserved domains (RFC 2606, 6761, 6762, 8375) and those common in private networks.
var privateDomains = []string{"example", "test", "invalid", "localhost", "local", "internal", "intranet", "private", "corp", "home", "lan", "onion", "arpa"}

var ipv4 = regexp.MustCompile(`^[0-9]{1,3}(?:\.[0-9]{1,3}){3}$`)

func isIPv4(host string) bool { return ipv4.MatchString(host) }

// part returns a group of a match, "" if it did not take part.
func part(s string, at []int, group int) string {
	if at[2*group] < 0 {
		return ""
	}
	return s[at[2*group]:at[2*group+1]]
}

// linkGoal is the real target of a link.
type linkGoal struct {
	host, port string
	user       string // of a mail address
}

func targetOf(target []byte) linkGoal {
	url, err := neturl.Parse(string(target))
	if err != nil {
		return linkGoal{}
	}
	if url.Scheme == "mailto" {
		user, host, _ := strings.Cut(strings.ToLower(url.Opaque), "@")
		return linkGoal{host: bareHost(host), user: user}
	}
	port := url.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[url.Scheme]
	}
	return linkGoal{host: bareHost(url.Hostname()), port: port}
}

// matches reports whether a match of addressInText is the target.
func (g linkGoal) matches(s string, at []int) bool {
	if bareHost(strings.Trim(part(s, at, 3), "[]")) != g.host {
		return false
	}
	if user := strings.TrimSuffix(part(s, at, 2), "@"); g.user != "" || user != "" && part(s, at, 1) == "" {
		return user == g.user
	} else if strings.Contains(user, ".") {
		return false // https://bank.example@thief.example
	}
	port := part(s, at, 4)
	return port == "" || port == g.port
}

// bareHost returns the form of a host that is compared: ASCII, without "www.".
func bareHost(host string) string {
	if ascii, err := idna.ToASCII(strings.ToLower(host)); err == nil {
		host = ascii
	}
	return strings.TrimPrefix(strings.TrimRightFunc(host, func(r rune) bool { return r == '.' || unicode.IsSpace(r) }), "www.")
}
