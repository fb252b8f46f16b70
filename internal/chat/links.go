package chat

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/url"
	"strconv"
	"time"
)

// linkLife is how long a link works. Its session must live and its user be allowed to
// see the file all the same, each time.
const linkLife = 5 * time.Minute

// Links signs addresses of files, so that who holds one need not sign in: a page
// cannot send a token along with a picture. A link stands for the session that asked
// for it and for one file.
type Links struct {
	Secret []byte // the same on every node
	Now    func() time.Time
}

// FileLink are addresses that work without signing in.
type FileLink struct {
	URL          string `json:"url"`
	ThumbnailURL string `json:"thumbnailUrl,omitempty"`
	ExpiresAt    Time   `json:"expiresAt" format:"date-time"`
}

// query is what makes a link of the address of a file.
func (l Links) query(file AttachmentID, session SessionID, expires Time) string {
	return url.Values{
		"session": {strconv.FormatInt(int64(session), 10)}, "expires": {strconv.FormatInt(int64(expires), 10)},
		"signature": {base64.RawURLEncoding.EncodeToString(l.sign(file, session, expires))},
	}.Encode()
}

// Session tells whose link the query q of an address of file is, and false for one
// that is forged or over.
func (l Links) Session(file AttachmentID, q url.Values) (SessionID, bool) {
	session, err := strconv.ParseInt(q.Get("session"), 10, 64)
	if err != nil {
		return 0, false
	}
	expires, err := strconv.ParseInt(q.Get("expires"), 10, 64)
	if err != nil || Time(expires) < At(l.Now()) {
		return 0, false
	}
	signature, err := base64.RawURLEncoding.DecodeString(q.Get("signature"))
	return SessionID(session), err == nil && hmac.Equal(signature, l.sign(file, SessionID(session), Time(expires)))
}

func (l Links) sign(file AttachmentID, session SessionID, expires Time) []byte {
	mac := hmac.New(sha256.New, l.Secret)
	fmt.Fprintf(mac, "file %d for session %d until %d", file, session, expires)
	return mac.Sum(nil)
}
