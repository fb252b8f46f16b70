package chat

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// WebhookID names an incoming or an outgoing webhook; each kind counts by itself.
type WebhookID int64

// MaxWebhooks is how many webhooks of each kind a room may have.
const MaxWebhooks = 10

// IncomingWebhook lets a program that knows its token send messages to a room, as a
// bot of its own.
type IncomingWebhook struct {
	ID        WebhookID `json:"id"`
	RoomID    RoomID    `json:"roomId"`
	Name      string    `json:"name"`
	UserID    UserID    `json:"userId" doc:"The bot that says what is posted."`
	CreatedAt Time      `json:"createdAt" format:"date-time"`
	WebhookMaker
}

// WebhookMaker says who answers for a webhook: it works only while that member may manage
// webhooks in the room.
type WebhookMaker struct {
	CreatedBy Author `json:"createdBy" doc:"Who made or last resumed it."`
	Paused    bool   `json:"paused" doc:"True while createdBy may not manage webhooks in this room: nothing is posted or sent."`
}

// OutgoingWebhook sends every durable change of a room to a program at URL, in order.
type OutgoingWebhook struct {
	ID        WebhookID `json:"id"`
	RoomID    RoomID    `json:"roomId"`
	URL       string    `json:"url"`
	Delivered Seq       `json:"delivered" doc:"Every change of the room up to this number has been delivered."`
	Failures  int       `json:"failures" doc:"Tries in a row that failed."`
	LastError string    `json:"lastError" doc:"Why the last try failed; empty where it did not."`
	NextTryAt Time      `json:"nextTryAt,omitempty" format:"date-time" doc:"Set after a failure."`
	// DisabledAt is set when the receiver was given up: nothing is sent any more.
	DisabledAt Time `json:"disabledAt,omitempty" format:"date-time" doc:"Set when the receiver was given up."`
	CreatedAt  Time `json:"createdAt" format:"date-time"`
	WebhookMaker
}

// NewIncomingWebhook is what the store needs to make an incoming webhook.
type NewIncomingWebhook struct {
	Room      RoomID
	Bot       NewAccount
	TokenHash []byte
}

// NewOutgoingWebhook is what the store needs to make an outgoing webhook, which
// begins with what happens next.
type NewOutgoingWebhook struct {
	Room   RoomID
	URL    string
	Secret string
}

// Webhooks is the store of webhooks. The rules are asked under the room's lock.
type Webhooks interface {
	// CreateIncoming makes a hook with its bot, which joins the room; the message
	// tells that. FORBIDDEN (rule, or the room has MaxWebhooks).
	CreateIncoming(ctx context.Context, n NewIncomingWebhook, by UserID, rule MemberRule) (IncomingWebhook, *Message, error)
	// Incoming and Outgoing return the hooks of a room, the oldest first.
	Incoming(ctx context.Context, room RoomID) ([]IncomingWebhook, error)
	Outgoing(ctx context.Context, room RoomID) ([]OutgoingWebhook, error)
	// DeleteIncoming ends a hook and its bot, which leaves the room; the message,
	// nil where it was no member any more, tells that. NOT_FOUND.
	DeleteIncoming(ctx context.Context, room RoomID, id WebhookID, by UserID, rule MemberRule) (*Message, error)
	// IncomingByToken finds a hook and its bot. NOT_FOUND.
	IncomingByToken(ctx context.Context, tokenHash []byte) (IncomingWebhook, User, error)
	// CreateOutgoing makes a hook. FORBIDDEN as CreateIncoming.
	CreateOutgoing(ctx context.Context, n NewOutgoingWebhook, by UserID, rule MemberRule) (OutgoingWebhook, error)
	// DeleteOutgoing ends a hook. NOT_FOUND.
	DeleteOutgoing(ctx context.Context, room RoomID, id WebhookID, by UserID, rule MemberRule) error
	// ResumeIncoming and ResumeOutgoing make by the one who answers for a webhook. An
	// outgoing one goes on after what was delivered, also if its receiver was given
	// up. NOT_FOUND.
	ResumeIncoming(ctx context.Context, room RoomID, id WebhookID, by UserID, rule MemberRule) (IncomingWebhook, error)
	ResumeOutgoing(ctx context.Context, room RoomID, id WebhookID, by UserID, rule MemberRule) (OutgoingWebhook, error)
	// UnnoticedPauses returns at most limit rooms, each with the maker of webhooks or
	// invites that are paused without a notice in the room. What is active again is
	// noticed again at its next pause.
	UnnoticedPauses(ctx context.Context, limit int) ([]Pause, error)
	// WritePauseNotice writes the notice; the message is nil if another node was faster or
	// nothing is paused any more.
	WritePauseNotice(ctx context.Context, p Pause) (*Message, error)
}

// DeliveryLease is an outgoing hook that one node has taken for a while to deliver what
// is due. A turn whose lease has run out may be another node's: it changes nothing.
type DeliveryLease struct {
	ID           WebhookID
	Maker        UserID
	Room         RoomID
	URL          string
	Secret       string
	Delivered    Seq
	Failures     int
	FailingSince Time // 0: does not fail
	// Lease counts the turns of the hook.
	Lease int64
}

// DeliveryFailure is why a turn ended before everything was delivered.
type DeliveryFailure struct {
	Text       string
	RetryAfter time.Duration
	GiveUp     bool
}

// Pause names the maker of webhooks or invites in a room who may not make such any more.
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

// WebhookQueue is the queue of outgoing webhooks: what each of them has received.
type WebhookQueue interface {
	// Due returns at most limit hooks that have something to deliver and are not
	// leased, of each maker at most perMaker: those that work before those that
	// fail, and the longest waiting first.
	Due(ctx context.Context, perMaker, limit int) ([]DueWebhook, error)
	// ClaimDue leases those of ids that are still due. A webhook is leased by one
	// node at a time.
	ClaimDue(ctx context.Context, ids []WebhookID, lease time.Duration) ([]DeliveryLease, error)
	// Ack records that the changes up to upTo were received and renews the
	// lease; held is false if the lease is over or the webhook is paused.
	Ack(ctx context.Context, t DeliveryLease, upTo Seq, lease time.Duration) (held bool, err error)
	// Release ends the lease, with what failed or nil.
	Release(ctx context.Context, t DeliveryLease, failure *DeliveryFailure) error
}

// Targets tells to where a webhook may send.
type Targets interface {
	// Check returns a URL in the form in which it is stored, or why it cannot be
	// used. BAD_REQUEST. What a name stands for is only known, and checked, when
	// something is sent.
	Check(url string) (string, error)
}

// WebhookPost is what a program asks a webhook to say.
type WebhookPost struct {
	Text string
	CID  string // "" for none
	Key  string // the Idempotency-Key, "" for none; counts where there is no CID
}

// webhookKeyNamespace is the namespace of the cids that are made of keys.
var webhookKeyNamespace = uuid.MustParse("5a0c2c1e-0d0b-4b6f-9a67-3f0f5d7b1c42")

// SendCID is the caller's, or made of its key, so that the same key is the same send;
// without either, every post is a new one.
func (p WebhookPost) SendCID() string {
	switch {
	case p.CID != "":
		return p.CID
	case p.Key != "":
		return uuid.NewSHA1(webhookKeyNamespace, []byte(p.Key)).String()
	}
	return uuid.NewString()
}
