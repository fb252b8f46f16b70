package chat

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
)

// WebhookID identifies an incoming or an outgoing webhook. Each kind has its own numbers.
type WebhookID int64

// MaxWebhooks is how many webhooks of each kind a room may have.
const MaxWebhooks = 10

// IncomingWebhook allows programs with its token to send messages to a room, as a bot of its
// own.
type IncomingWebhook struct {
	ID        WebhookID `json:"id"`
	RoomID    RoomID    `json:"roomId"`
	Name      string    `json:"name"`
	UserID    UserID    `json:"userId" doc:"The bot that is the author of the messages."`
	CreatedAt Time      `json:"createdAt" format:"date-time"`
	WebhookMaker
}

// WebhookMaker names the member that is responsible for a webhook. The webhook works only
// while that member may manage webhooks in the room.
type WebhookMaker struct {
	CreatedBy Author `json:"createdBy" doc:"The member who created or last resumed the webhook."`
	Paused    bool   `json:"paused" doc:"True while createdBy may not manage webhooks in this room: then the webhook does not work."`
}

// OutgoingWebhook sends every durable change of a room to URL, in order.
type OutgoingWebhook struct {
	ID        WebhookID `json:"id"`
	RoomID    RoomID    `json:"roomId"`
	URL       string    `json:"url"`
	Delivered Seq       `json:"delivered" doc:"Every change of the room up to this number has been delivered."`
	Failures  int       `json:"failures" doc:"The number of failed attempts since the last success."`
	LastError string    `json:"lastError" doc:"The error of the last attempt; empty if it succeeded."`
	NextTryAt Time      `json:"nextTryAt,omitempty" format:"date-time" doc:"The time of the next attempt. Set after a failure."`
	// DisabledAt is set after too many failures: nothing is sent any more.
	DisabledAt Time `json:"disabledAt,omitempty" format:"date-time" doc:"Set if the webhook was disabled after failures."`
	CreatedAt  Time `json:"createdAt" format:"date-time"`
	WebhookMaker
}

// NewIncomingWebhook is an incoming webhook to be stored.
type NewIncomingWebhook struct {
	Room      RoomID
	Bot       NewAccount
	TokenHash []byte
}

// NewOutgoingWebhook is an outgoing webhook to be stored. It starts with the next change of
// the room.
type NewOutgoingWebhook struct {
	Room   RoomID
	URL    string
	Secret string
}

// Webhooks is the store of webhooks. The rules are called under the room's lock.
type Webhooks interface {
	// CreateIncoming creates a webhook and its bot, which joins the room; the message is about
	// that. It returns the error of rule, or FORBIDDEN if the room has MaxWebhooks.
	CreateIncoming(ctx context.Context, n NewIncomingWebhook, by UserID, rule MemberRule) (IncomingWebhook, *Message, error)
	// Incoming and Outgoing return the webhooks of a room, oldest first.
	Incoming(ctx context.Context, room RoomID) ([]IncomingWebhook, error)
	Outgoing(ctx context.Context, room RoomID) ([]OutgoingWebhook, error)
	// DeleteIncoming deletes a webhook and its bot, which leaves the room; the message is nil
	// if the bot was no member any more. It returns NOT_FOUND if there is none.
	DeleteIncoming(ctx context.Context, room RoomID, id WebhookID, by UserID, rule MemberRule) (*Message, error)
	// IncomingByToken returns a webhook and its bot. It returns NOT_FOUND if there is none.
	IncomingByToken(ctx context.Context, tokenHash []byte) (IncomingWebhook, User, error)
	// CreateOutgoing creates a webhook. It returns the errors of CreateIncoming.
	CreateOutgoing(ctx context.Context, n NewOutgoingWebhook, by UserID, rule MemberRule) (OutgoingWebhook, error)
	// DeleteOutgoing deletes a webhook. It returns NOT_FOUND if there is none.
	DeleteOutgoing(ctx context.Context, room RoomID, id WebhookID, by UserID, rule MemberRule) error
	// ResumeIncoming and ResumeOutgoing make by responsible for a webhook. An outgoing one
	// continues after the last delivered change, also if it was disabled after failures. They
	// return NOT_FOUND if there is none.
	ResumeIncoming(ctx context.Context, room RoomID, id WebhookID, by UserID, rule MemberRule) (IncomingWebhook, error)
	ResumeOutgoing(ctx context.Context, room RoomID, id WebhookID, by UserID, rule MemberRule) (OutgoingWebhook, error)
	// UnnoticedPauses returns at most limit rooms, each with the maker of webhooks or invites
	// that are paused without a notice in the room. After a resume the next pause has a notice
	// again.
	UnnoticedPauses(ctx context.Context, limit int) ([]Pause, error)
	// WritePauseNotice writes the notice; the message is nil if another node was faster or
	// nothing is paused any more.
	WritePauseNotice(ctx context.Context, p Pause) (*Message, error)
}

// DeliveryLease is an outgoing webhook that one node has leased to deliver what is due. After
// the lease has expired another node may have one: then Ack and Release change nothing.
type DeliveryLease struct {
	ID           WebhookID
	Room         RoomID
	URL          string
	Secret       string
	Delivered    Seq
	Failures     int
	FailingSince Time // 0: does not fail
	// Lease is the number of leases of the webhook.
	Lease int64
}

// DeliveryFailure is the error that ended a delivery.
type DeliveryFailure struct {
	Text       string
	RetryAfter time.Duration
	GiveUp     bool
}

// Pause is the pause of the webhooks or invites of one member in a room, because the member
// has lost the permission.
type Pause struct {
	Room  RoomID
	Maker UserID
}

// DueWebhook is an outgoing webhook that has something to deliver.
type DueWebhook struct {
	ID    WebhookID
	Maker UserID
	URL   string
}

// WebhookQueue is the queue of deliveries to outgoing webhooks.
type WebhookQueue interface {
	// Due returns at most limit webhooks, at most perMaker of each maker, that have something
	// to deliver and are not leased: those without failures first, and then by their waiting
	// time, longest first.
	Due(ctx context.Context, perMaker, limit int) ([]DueWebhook, error)
	// ClaimDue leases those of ids that are still due. A webhook is leased by one
	// node at a time.
	ClaimDue(ctx context.Context, ids []WebhookID, lease time.Duration) ([]DeliveryLease, error)
	// Ack records that the changes up to upTo were delivered, and renews the lease. held is
	// false if the lease has expired or the webhook is paused.
	Ack(ctx context.Context, l DeliveryLease, upTo Seq, lease time.Duration) (held bool, err error)
	// Release ends the lease. failure is nil if everything was delivered.
	Release(ctx context.Context, l DeliveryLease, failure *DeliveryFailure) error
}

// Targets checks the URLs of outgoing webhooks.
type Targets interface {
	// Check returns a URL in the form in which it is stored, or BAD_REQUEST. The addresses of
	// a host name are checked when something is sent.
	Check(url string) (string, error)
}

// WebhookPost is a message that a program posts by a webhook.
type WebhookPost struct {
	Text string
	Name string // of the sender, if it differs from the name of the webhook; "" for none
	CID  string // "" for none
	Key  string // the Idempotency-Key, "" for none; used if there is no CID
}

// webhookKeyNamespace is the UUID namespace of CIDs that are derived from keys.
var webhookKeyNamespace = uuid.MustParse("5a0c2c1e-0d0b-4b6f-9a67-3f0f5d7b1c42")

// PartCID returns the CID of a further part, from 1 on, of a text that was too long for one message. The
// first part has the CID of the post.
func PartCID(post string, part int) CID {
	return CID(uuid.NewSHA1(webhookKeyNamespace, fmt.Appendf(nil, "%s part %d", strings.ToLower(post), part)).String())
}

// SendCID returns the CID, or one derived from the key, so that posts with the same key are
// the same message. Without either it returns a new one.
func (p WebhookPost) SendCID() string {
	switch {
	case p.CID != "":
		return p.CID
	case p.Key != "":
		return uuid.NewSHA1(webhookKeyNamespace, []byte(p.Key)).String()
	}
	return uuid.NewString()
}
