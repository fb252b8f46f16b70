package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/wire"
)

const (
	sendTime    = 10 * time.Second // timeout of one request, including its response
	maxResponse = 1 << 10          // bytes read of a response
)

// body is the payload that a receiver gets.
type body struct {
	Event   string       `json:"event"`
	RoomID  chat.RoomID  `json:"roomId"`
	Seq     chat.Seq     `json:"seq"`
	Message chat.Message `json:"message"`
}

// errGone is returned if the receiver asks for no further deliveries.
var errGone = errors.New("answered 410 Gone")

// deliver sends one event. It returns nil if the receiver accepted it (2xx).
func (d *Dispatcher) deliver(ctx context.Context, t chat.DeliveryLease, e wire.MessageEvent) error {
	ctx, cancel := context.WithTimeout(ctx, sendTime)
	defer cancel()
	request, err := d.request(ctx, t, e)
	if err != nil {
		return err
	}
	answer, err := d.http.Do(request)
	if err != nil {
		return explain(err)
	}
	defer answer.Body.Close()
	_, _ = io.CopyN(io.Discard, answer.Body, maxResponse) // so that the connection can be reused
	switch {
	case answer.StatusCode == http.StatusGone:
		return errGone
	case answer.StatusCode < 200 || answer.StatusCode > 299:
		return fmt.Errorf("answered %d %s", answer.StatusCode, http.StatusText(answer.StatusCode))
	}
	return nil
}

func (d *Dispatcher) request(ctx context.Context, t chat.DeliveryLease, e wire.MessageEvent) (*http.Request, error) {
	content, err := json.Marshal(body{e.Type(), e.RoomID, e.Seq, e.Message})
	if err != nil {
		return nil, fmt.Errorf("encode event: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, t.URL, bytes.NewReader(content))
	if err != nil {
		return nil, errors.New("the URL is invalid")
	}
	timestamp := strconv.FormatInt(d.now().Unix(), 10)
	for name, value := range map[string]string{
		"Content-Type":        "application/json",
		"User-Agent":          "Chillin-Webhook/1",
		"X-Chillin-Event":     e.Type(),
		"X-Chillin-Delivery":  fmt.Sprintf("%d-%d", t.ID, e.Seq),
		"X-Chillin-Timestamp": timestamp,
		"X-Chillin-Signature": "sha256=" + sign(t.Secret, timestamp, content),
	} {
		request.Header.Set(name, value)
	}
	return request, nil
}

func sign(secret, timestamp string, content []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(timestamp + "."))
	mac.Write(content)
	return hex.EncodeToString(mac.Sum(nil))
}

// explain returns the reason of a failed delivery for the admins of the room. A host that does not
// exist, one that refuses the connection and one with a forbidden address give the same reason:
// otherwise a webhook could probe the names in this server's network.
func explain(err error) error {
	var netErr net.Error
	var dns *net.DNSError
	var certificate *x509.CertificateInvalidError
	var authority x509.UnknownAuthorityError
	var hostname x509.HostnameError
	unreachable := errors.New("the host cannot be reached from this server")
	switch {
	case errors.As(err, &dns):
		return unreachable
	case errors.As(err, &certificate), errors.As(err, &authority), errors.As(err, &hostname):
		return errors.New("the certificate of the host is not valid")
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &netErr) && netErr.Timeout():
		return fmt.Errorf("no answer within %d seconds", int(sendTime.Seconds()))
	}
	return unreachable
}
