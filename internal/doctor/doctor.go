// Package doctor looks at everything that a node would stand on and tells in a line
// each what is well, what will hurt and what is wrong, with what to do. It leaves
// everything as it was.
package doctor

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/chillin-chat/chillin/internal/config"
)

// Grade is how well something is.
type Grade string

// The grades. Only with something Wrong a node would not start, or would break a
// promise.
const (
	OK      Grade = "ok"
	Warning Grade = "warning"
	Wrong   Grade = "wrong"
)

// Finding is one line.
type Finding struct {
	Grade Grade  `json:"grade"`
	About string `json:"about"` // what was examined: a setting, an engine
	Text  string `json:"text"`  // the result, and what to do about it
}

func ok(about, text string) Finding      { return Finding{OK, about, text} }
func warning(about, text string) Finding { return Finding{Warning, about, text} }
func wrong(about, text string) Finding   { return Finding{Wrong, about, text} }

// patience is how long one engine may take for all that it is asked.
const patience = 5 * time.Second

// Examine looks at all that c names. No secret of c stands in what it returns.
func Examine(ctx context.Context, c config.Config) []Finding {
	var all []Finding
	for _, look := range []func(context.Context, config.Config) []Finding{settings, database, databaseTrial, redisServer, redisTrial, storage, folder, tempFolder, files, ports} {
		all = append(all, func() []Finding {
			ctx, cancel := context.WithTimeout(ctx, patience)
			defer cancel()
			return look(ctx, c)
		}()...)
	}
	return all
}

// hidden is what a library said, on one line and without the secrets: it may repeat the
// address that it was given.
func hidden(c config.Config, err error) string {
	text := err.Error()
	for _, secret := range []string{
		c.Database.DSN.Reveal(), password(c.Database.DSN), c.Redis.URL.Reveal(), password(c.Redis.URL), c.Storage.SecretKey.Reveal(),
	} {
		// A short one is found in any word, and one of the manuals is none.
		if len(secret) > 3 && !slices.Contains(published, secret) {
			text = strings.ReplaceAll(text, secret, "…")
		}
	}
	return strings.Join(strings.Fields(text), " ")
}

func password(address config.Secret) string {
	u, err := url.Parse(address.Reveal())
	if err != nil || u.User == nil {
		return ""
	}
	word, _ := u.User.Password()
	return word
}

// host is the part of an address that may be shown.
func host(address config.Secret) string {
	u, err := url.Parse(address.Reveal())
	switch {
	case err != nil:
		return "the address given"
	case u.Host != "":
		return u.Host
	case u.Query().Get("host") != "":
		return u.Query().Get("host")
	}
	return u.Path
}

// clock judges how far a server's clock is ahead of ours.
func clock(of string, ahead time.Duration) Finding {
	const about = "clock"
	direction := "ahead of"
	if ahead < 0 {
		ahead, direction = -ahead, "behind"
	}
	if ahead <= time.Second {
		return ok(about, of+" and this machine agree")
	}
	return warning(about, of+" is "+ahead.Round(100*time.Millisecond).String()+" "+direction+
		" this machine: let both follow a time server (chrony, systemd-timesyncd). Order does not hang on it; the times that people see and when sessions end do")
}
