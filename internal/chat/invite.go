package chat

import (
	"context"
	"time"
)

// The limits of invites.
const (
	InviteLife    = 7 * 24 * time.Hour // where nobody says another
	MaxInviteLife = 365 * 24 * time.Hour
	MaxInviteUses = 100_000
	MaxInvites    = 100 // of one room at a time
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
	// Invited returns the room to which a token invites. A private one is NOT_FOUND
	// for who is banned.
	Invited(ctx context.Context, tokenHash []byte, viewer UserID) (Room, error)
	// JoinInvited makes user a member and takes one use, both or none. A member
	// takes none, and the message is nil. FORBIDDEN for who is banned.
	JoinInvited(ctx context.Context, tokenHash []byte, user UserID) (Membership, *Message, error)
}

// CreateInvite makes an invite; life 0 is InviteLife, uses nil any number. The
// token is returned here and never again.
func (s *Service) CreateInvite(ctx context.Context, caller Caller, id RoomID, life time.Duration, uses *int) (Invite, string, error) {
	switch {
	case life == 0:
		life = InviteLife
	case life < time.Second || life > MaxInviteLife:
		return Invite{}, "", Fault(BadRequest, "An invite lives 1 to %d seconds.", int(MaxInviteLife.Seconds())).In("expiresIn")
	}
	if uses != nil && (*uses < 1 || *uses > MaxInviteUses) {
		return Invite{}, "", Fault(BadRequest, "An invite has 1 to %d uses.", MaxInviteUses).In("uses")
	}
	if err := s.mayCreate(ctx, caller, id, InviteUsers); err != nil {
		return Invite{}, "", err
	}
	token, hash := newToken(inviteBytes)
	invite, err := s.Invites.CreateInvite(ctx, NewInvite{
		Room: id, By: caller.User.ID, TokenHash: hash, ExpiresAt: At(s.Now().Add(life)), Uses: uses,
	}, roleFor(InviteUsers))
	if err != nil {
		return Invite{}, "", s.hiding(ctx, caller, id, err)
	}
	return invite, token, nil
}

// ListInvites returns a room's invites in force, to those who may invite.
func (s *Service) ListInvites(ctx context.Context, caller Caller, id RoomID) ([]Invite, error) {
	if err := s.entitled(ctx, caller, id, InviteUsers); err != nil {
		return nil, err
	}
	return s.Invites.Invites(ctx, id)
}

// RevokeInvite ends an invite: nobody joins by it from now on.
func (s *Service) RevokeInvite(ctx context.Context, caller Caller, id RoomID, invite InviteID) error {
	if err := s.mayModerate(ctx, caller, id, InviteUsers); err != nil {
		return err
	}
	return s.hiding(ctx, caller, id, s.Invites.RevokeInvite(ctx, id, caller.User.ID, invite, roleFor(InviteUsers)))
}

// Invited shows to what a token invites.
func (s *Service) Invited(ctx context.Context, caller Caller, token string) (Room, error) {
	return s.Invites.Invited(ctx, TokenHash(token), caller.User.ID)
}

// JoinInvited makes caller a member of the room to which a token invites: public or
// private, with a password or without.
func (s *Service) JoinInvited(ctx context.Context, caller Caller, token string) (Room, Membership, error) {
	room, err := s.Invites.Invited(ctx, TokenHash(token), caller.User.ID)
	if err != nil {
		return Room{}, Membership{}, err
	}
	if err := allow(s.Joins, caller.User.ID); err != nil {
		return Room{}, Membership{}, err
	}
	membership, told, err := s.Invites.JoinInvited(ctx, TokenHash(token), caller.User.ID)
	if err != nil {
		return Room{}, Membership{}, room.hidden(err)
	}
	room, err = s.entered(ctx, caller, membership, told, "")
	if err != nil {
		return Room{}, Membership{}, err
	}
	return s.withOnline(ctx, room), membership, nil
}
