package chat

import (
	"context"
	"time"
)

// The limits of invites.
const (
	InviteLifetime    = 7 * 24 * time.Hour // by default
	MaxInviteLifetime = 365 * 24 * time.Hour
	MaxInviteUses     = 100_000
	MaxInvites        = 100 // of one room at a time
)

// InviteID identifies an invite to members that may revoke it. It is not the token.
type InviteID int64

// Invite allows every user with its token to join one room. The token is returned only when
// the invite is created; the store has its SHA-256.
type Invite struct {
	ID        InviteID `json:"id"`
	ExpiresAt Time     `json:"expiresAt" format:"date-time"`
	UsesLeft  *int     `json:"usesLeft" nullable:"true" doc:"Null if the number of uses is not limited."`
	CreatedAt Time     `json:"createdAt" format:"date-time"`
	CreatedBy Author   `json:"createdBy"`
	Paused    bool     `json:"paused" doc:"True while createdBy may not invite to this room: then the invite does not work."`
}

// NewInvite is an invite to be stored.
type NewInvite struct {
	Room      RoomID
	By        UserID
	TokenHash []byte
	ExpiresAt Time
	Uses      *int
}

// Invites is the store of invites. Its methods return NOT_FOUND for an invite that is
// unknown, revoked, expired or used up.
type Invites interface {
	// CreateInvite creates an invite. It returns the error of rule, or FORBIDDEN if the room
	// has MaxInvites.
	CreateInvite(ctx context.Context, n NewInvite, rule MemberRule) (Invite, error)
	// Invites returns the valid invites of a room, newest first.
	Invites(ctx context.Context, room RoomID) ([]Invite, error)
	// RevokeInvite makes an invite of a room invalid.
	RevokeInvite(ctx context.Context, room RoomID, by UserID, id InviteID, rule MemberRule) error
	// RoomByInvite returns the room to which a token invites. It returns NOT_FOUND if the room
	// is private and the viewer is banned.
	RoomByInvite(ctx context.Context, tokenHash []byte, viewer UserID) (Room, error)
	// JoinByInvite makes user a member and counts one use, in one transaction. If user is a
	// member already, it counts none and the message is nil. It returns FORBIDDEN if user is
	// banned.
	JoinByInvite(ctx context.Context, tokenHash []byte, user UserID) (Membership, *Message, error)
}
