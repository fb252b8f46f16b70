package chat

import (
	"context"
	"time"
)

// The limits of invites.
const (
	InviteLifetime    = 7 * 24 * time.Hour // where nobody says another
	MaxInviteLifetime = 365 * 24 * time.Hour
	MaxInviteUses     = 100_000
	MaxInvites        = 100 // of one room at a time
)

// InviteID names an invite to those who may revoke it. It opens nothing.
type InviteID int64

// Invite lets whoever knows its token join one room. The token is told once, to
// who made it; the store keeps its SHA-256.
type Invite struct {
	ID        InviteID `json:"id"`
	ExpiresAt Time     `json:"expiresAt" format:"date-time"`
	UsesLeft  *int     `json:"usesLeft" nullable:"true" doc:"Null: as often as one likes."`
	CreatedAt Time     `json:"createdAt" format:"date-time"`
	CreatedBy Author   `json:"createdBy"`
	Paused    bool     `json:"paused" doc:"True while createdBy may not invite to this room: nobody can join by it."`
}

// NewInvite is what the store needs to make an invite.
type NewInvite struct {
	Room      RoomID
	By        UserID
	TokenHash []byte
	ExpiresAt Time
	Uses      *int
}

// Invites is the store of invites. An invite that is unknown, revoked, expired or
// used up is NOT_FOUND.
type Invites interface {
	// CreateInvite makes an invite. FORBIDDEN (rule, or too many in the room).
	CreateInvite(ctx context.Context, n NewInvite, rule MemberRule) (Invite, error)
	// Invites returns those of a room that are in force, the newest first.
	Invites(ctx context.Context, room RoomID) ([]Invite, error)
	// RevokeInvite ends an invite of a room. NOT_FOUND.
	RevokeInvite(ctx context.Context, room RoomID, by UserID, id InviteID, rule MemberRule) error
	// RoomByInvite returns the room to which a token invites. A private one is NOT_FOUND
	// for who is banned.
	RoomByInvite(ctx context.Context, tokenHash []byte, viewer UserID) (Room, error)
	// JoinByInvite makes user a member and takes one use, both or none. A member
	// takes none, and the message is nil. FORBIDDEN for who is banned.
	JoinByInvite(ctx context.Context, tokenHash []byte, user UserID) (Membership, *Message, error)
}
