// Package doctor checks everything that a node depends on. Each result is one line that says what is
// right or wrong and how to correct it. Doctor changes nothing.
package doctor

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/chillin-chat/chillin/internal/config"
	"github.com/chillin-chat/chillin/internal/redisclient"
)

// Grade is the severity of a finding.
type Grade string

// The grades. With a Wrong finding a node does not start, or does not work correctly.
const (
	OK      Grade = "ok"
	Warning Grade = "warning"
	Wrong   Grade = "wrong"
)

// Finding is the result of one check.
type Finding struct {
	Grade Grade  `json:"grade"`
	About string `json:"about"` // the subject: a setting or an engine
	Text  string `json:"text"`  // the result and its correction
}

func ok(about, text string) Finding      { return Finding{OK, about, text} }
func warning(about, text string) Finding { return Finding{Warning, about, text} }
func wrong(about, text string) Finding   { return Finding{Wrong, about, text} }

// timeout is the limit for all checks of one engine.
const timeout = 5 * time.Second

// Examine checks everything that c configures. The findings contain no secret of c.
func Examine(ctx context.Context, c config.Config) []Finding {
	var all []Finding
	for _, look := range []func(context.Context, config.Config) []Finding{settings, database, databaseTrial, replica, redisServer, redisTrial, storage, folder, tempFolder, files, ports} {
		all = append(all, func() []Finding {
			ctx, cancel := context.WithTimeout(ctx, timeout)
			defer cancel()
			return look(ctx, c)
		}()...)
	}
	return all
}

// hidden returns the text of an error on one line and without secrets: it may contain the address that
// was used.
func hidden(c config.Config, err error) string {
	text := err.Error()
	secrets := []string{
		c.Database.DSN.Reveal(), password(c.Database.DSN), c.Database.Direct.Reveal(), password(c.Database.Direct),
		c.Database.Replica.Reveal(), password(c.Database.Replica), c.Redis.URL.Reveal(), c.Storage.SecretKey.Reveal(),
	}
	if address, err := redisclient.Parse(c.Redis.URL.Reveal()); err == nil {
		secrets = append(secrets, address.Secrets()...)
	}
	for _, secret := range secrets {
		// A short secret occurs in ordinary words, and a default password is not a secret.
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

// host returns the part of an address that is safe to show.
func host(address config.Secret) string {
	u, err := url.Parse(address.Reveal())
	switch {
	case err != nil:
		return "the configured address"
	case u.Host != "":
		return u.Host
	case u.Query().Get("host") != "":
		return u.Query().Get("host")
	}
	return u.Path
}

// clock reports how far a server's clock is ahead of ours.
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
		" this machine: synchronize both with a time server (chrony, systemd-timesyncd). Displayed times and session expiry depend on it; the order of messages does not")
}
