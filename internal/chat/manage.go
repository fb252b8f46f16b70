package chat

import (
	"context"

	"github.com/chillin-chat/chillin/internal/markup"
)

// RoomPatch is what a caller asks to change of a room; nil is left as it is.
type RoomPatch struct {
	Name        *string
	Description *string
	Private     *bool
	Password    *string // "" takes it away
}

// ChangeRoom changes what a room is called and who may find and join it. The role is
// checked first: a password is hashed for nobody else.
func (s *Service) ChangeRoom(ctx context.Context, caller Caller, id RoomID, p RoomPatch) (Room, error) {
	if err := s.mayModerate(ctx, caller, id, ChangeRoom); err != nil {
		return Room{}, err
	}
	if err := s.allowPatch(caller, id, p); err != nil {
		return Room{}, err
	}
	change, err := s.cleanPatch(ctx, p)
	if err != nil {
		return Room{}, err
	}
	room, told, err := s.Rooms.ChangeRoom(ctx, id, caller.User.ID, change, roleFor(ChangeRoom))
	if err != nil {
		return Room{}, s.hiding(ctx, caller, id, err)
	}
	s.announce(told)
	room = s.withOnline(ctx, room)
	s.Announcer.Announce(Event{Kind: RoomChanged, Room: id, Frame: Frame("room:updated", RoomUpdated{room})})
	return room, nil
}

// allowPatch counts what everybody in the room reads. To hide or lock the room never
// waits for others.
func (s *Service) allowPatch(caller Caller, id RoomID, p RoomPatch) error {
	if p.Name != nil {
		if err := allow(s.Rates.Renames, caller.User.ID); err != nil {
			return err
		}
	}
	if p.Name != nil || p.Description != nil {
		return allow(s.Rates.OfRoom, id)
	}
	return nil
}

func (s *Service) cleanPatch(ctx context.Context, p RoomPatch) (RoomChange, error) {
	change := RoomChange{Private: p.Private}
	if p.Name != nil {
		name, err := line(*p.Name, MaxRoomName, "name")
		if err != nil {
			return change, err
		}
		if name == "" {
			return change, Fault(Empty, "A room needs a name.").In("name")
		}
		key := markup.Key(name)
		change.Name, change.NameKey = &name, &key
	}
	if p.Description != nil {
		description, err := line(*p.Description, MaxDescription, "description")
		if err != nil {
			return change, err
		}
		change.Description = &description
	}
	if p.Password != nil {
		phc, err := s.roomPassword(ctx, *p.Password)
		if err != nil {
			return change, err
		}
		change.Password = &phc
	}
	return change, nil
}

// DeleteRoom deletes a room with everything in it.
func (s *Service) DeleteRoom(ctx context.Context, caller Caller, id RoomID) error {
	if err := s.mayModerate(ctx, caller, id, DeleteRoom); err != nil {
		return err
	}
	if err := s.Rooms.DeleteRoom(ctx, id, caller.User.ID, roleFor(DeleteRoom)); err != nil {
		return s.hiding(ctx, caller, id, err)
	}
	s.Announcer.Announce(Event{Kind: RoomGone, Room: id})
	s.Sweeper.Wake()
	return nil
}

// SetRole gives a member another role; Owner hands the room over.
func (s *Service) SetRole(ctx context.Context, caller Caller, id RoomID, member UserID, role RoomRole) (Membership, error) {
	if _, known := rank[role]; !known {
		return Membership{}, Fault(BadRequest, "A role is owner, admin, moderator or member.").In("role")
	}
	deed := ChangeRole
	if role == Owner {
		deed = TransferOwner
	}
	if err := s.mayModerate(ctx, caller, id, deed); err != nil {
		return Membership{}, err
	}
	m, err := s.Rooms.SetRole(ctx, id, caller.User.ID, member, role, maySetRole(role))
	if err != nil {
		return Membership{}, s.hiding(ctx, caller, id, err)
	}
	s.membershipChanged(ctx, m)
	if role == Owner && member != caller.User.ID {
		if _, own, err := s.Rooms.Room(ctx, id, caller.User.ID); err == nil && own != nil {
			s.tellMember(*own)
		}
	}
	return m, nil
}

// Kick ends the membership of somebody below caller.
func (s *Service) Kick(ctx context.Context, caller Caller, id RoomID, member UserID) error {
	if err := s.mayModerate(ctx, caller, id, RemoveMember); err != nil {
		return err
	}
	told, err := s.Rooms.Kick(ctx, id, caller.User.ID, member, upon(RemoveMember))
	if err != nil {
		return s.hiding(ctx, caller, id, err)
	}
	s.announce(told)
	return nil
}

// mayModerate refuses, before the room is locked, who may not do d in it, and counts d.
// The rule is asked again under the lock.
func (s *Service) mayModerate(ctx context.Context, caller Caller, id RoomID, d Deed) error {
	if err := s.entitled(ctx, caller, id, d); err != nil {
		return err
	}
	return allow(s.Rates.Moderation, caller.User.ID)
}

// mayCreate is mayModerate for what is made in a room.
func (s *Service) mayCreate(ctx context.Context, caller Caller, id RoomID, d Deed) error {
	if err := s.entitled(ctx, caller, id, d); err != nil {
		return err
	}
	return s.Rates.creation(caller.User.ID, id)
}

// roleFor is the rule that the role of who acts is enough for a deed.
func roleFor(d Deed) MemberRule {
	return func(by Membership, _ *Membership) error {
		if !by.Role.May(d) {
			return forbidden(d)
		}
		return nil
	}
}

func maySetRole(role RoomRole) MemberRule {
	return func(by Membership, target *Membership) error {
		switch {
		case role == Owner && !by.Role.May(TransferOwner):
			return forbidden(TransferOwner)
		case role == Owner:
			return nil
		case !by.Role.May(ChangeRole), !by.Role.Above(target.Role), !by.Role.Above(role):
			return forbidden(ChangeRole)
		}
		return nil
	}
}

// upon is the rule for a deed upon somebody below oneself; who is no member is
// below everybody.
func upon(d Deed) MemberRule {
	return func(by Membership, target *Membership) error {
		if !by.Role.May(d) || target != nil && !by.Role.Above(target.Role) {
			return forbidden(d)
		}
		return nil
	}
}
