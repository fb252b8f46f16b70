package chat

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
)

// CreateIncomingHook makes a webhook by which whoever knows its token may post in a
// room. The token is told this once.
func (s *Service) CreateIncomingHook(ctx context.Context, caller Caller, room RoomID, name string) (IncomingHook, string, error) {
	if err := mayOwnHooks(caller); err != nil {
		return IncomingHook{}, "", err
	}
	name, err := line(name, MaxDisplayName, "name")
	if err != nil {
		return IncomingHook{}, "", err
	}
	if name == "" {
		return IncomingHook{}, "", Fault(Empty, "A webhook needs a name.").In("name")
	}
	if err := s.mayCreate(ctx, caller, room, ManageHooks); err != nil {
		return IncomingHook{}, "", err
	}
	token, hash := NewToken()
	hook, told, err := s.Hooks.CreateIncoming(ctx, NewIncomingHook{
		Room: room, Bot: NewAccount{Username: hookUsername(), DisplayName: name}, TokenHash: hash,
	}, caller.User.ID, roleFor(ManageHooks))
	if err != nil {
		return IncomingHook{}, "", s.hiding(ctx, caller, room, err)
	}
	s.announce(told)
	return hook, token, nil
}

// hookUsername is one of 32^15: two hooks meet as good as never, and the store
// would refuse the second.
func hookUsername() string { return "hook-" + strings.ToLower(rand.Text()[:15]) }

// IncomingHooks returns the incoming webhooks of a room to its admins.
func (s *Service) IncomingHooks(ctx context.Context, caller Caller, room RoomID) ([]IncomingHook, error) {
	if err := s.entitled(ctx, caller, room, ManageHooks); err != nil {
		return nil, err
	}
	return s.Hooks.Incoming(ctx, room)
}

// DeleteIncomingHook ends a webhook: its token is refused at once.
func (s *Service) DeleteIncomingHook(ctx context.Context, caller Caller, room RoomID, id HookID) error {
	if err := s.mayModerate(ctx, caller, room, ManageHooks); err != nil {
		return err
	}
	told, err := s.Hooks.DeleteIncoming(ctx, room, id, caller.User.ID, roleFor(ManageHooks))
	if err != nil {
		return s.hiding(ctx, caller, room, err)
	}
	s.announce(told)
	return nil
}

// HookPost is what a program asks a webhook to say.
type HookPost struct {
	Text string
	CID  string // "" for none
	Key  string // the Idempotency-Key, "" for none; counts where there is no CID
}

// PostByHook says something in the room of an incoming webhook. It is a send of
// the hook's bot, with everything that holds for sends.
func (s *Service) PostByHook(ctx context.Context, token string, p HookPost) (m Message, fresh bool, err error) {
	hook, bot, err := s.Hooks.IncomingByToken(ctx, TokenHash(token))
	if err != nil {
		return Message{}, false, err
	}
	if hook.Paused {
		return Message{}, false, Fault(Forbidden, "This webhook is paused, because its maker no longer manages webhooks in the room. An admin of the room can resume it.")
	}
	return s.SendMessage(ctx, Caller{User: bot}, Send{Room: hook.RoomID, CID: p.cid(), Text: p.Text})
}

// hookKeys is the namespace of the cids that are made of keys.
var hookKeys = uuid.MustParse("5a0c2c1e-0d0b-4b6f-9a67-3f0f5d7b1c42")

// cid is the caller's, or made of its key, so that the same key is the same send;
// without either, every post is a new one.
func (p HookPost) cid() string {
	switch {
	case p.CID != "":
		return p.CID
	case p.Key != "":
		return uuid.NewSHA1(hookKeys, []byte(p.Key)).String()
	}
	return uuid.NewString()
}

// CreateOutgoingHook makes a webhook that tells a program at url every change of a
// room from now on. The secret, with which the program knows our requests from
// others', is told this once.
func (s *Service) CreateOutgoingHook(ctx context.Context, caller Caller, room RoomID, url string) (OutgoingHook, string, error) {
	if err := mayOwnHooks(caller); err != nil {
		return OutgoingHook{}, "", err
	}
	url, err := s.Targets.Check(url)
	if err != nil {
		return OutgoingHook{}, "", err
	}
	if err := s.mayCreate(ctx, caller, room, ManageHooks); err != nil {
		return OutgoingHook{}, "", err
	}
	secret, _ := NewToken()
	hook, err := s.Hooks.CreateOutgoing(ctx, NewOutgoingHook{Room: room, URL: url, Secret: secret}, caller.User.ID, roleFor(ManageHooks))
	if err != nil {
		return OutgoingHook{}, "", s.hiding(ctx, caller, room, err)
	}
	return hook, secret, nil
}

// OutgoingHooks returns the outgoing webhooks of a room to its admins.
func (s *Service) OutgoingHooks(ctx context.Context, caller Caller, room RoomID) ([]OutgoingHook, error) {
	if err := s.entitled(ctx, caller, room, ManageHooks); err != nil {
		return nil, err
	}
	return s.Hooks.Outgoing(ctx, room)
}

// DeleteOutgoingHook ends a webhook. A request that is under way may still arrive.
func (s *Service) DeleteOutgoingHook(ctx context.Context, caller Caller, room RoomID, id HookID) error {
	if err := s.mayModerate(ctx, caller, room, ManageHooks); err != nil {
		return err
	}
	return s.hiding(ctx, caller, room, s.Hooks.DeleteOutgoing(ctx, room, id, caller.User.ID, roleFor(ManageHooks)))
}

// ResumeIncomingHook makes caller answer for a webhook, so that it works again.
func (s *Service) ResumeIncomingHook(ctx context.Context, caller Caller, room RoomID, id HookID) (IncomingHook, error) {
	if err := mayOwnHooks(caller); err != nil {
		return IncomingHook{}, err
	}
	if err := s.mayModerate(ctx, caller, room, ManageHooks); err != nil {
		return IncomingHook{}, err
	}
	hook, err := s.Hooks.ResumeIncoming(ctx, room, id, caller.User.ID, roleFor(ManageHooks))
	return hook, s.hiding(ctx, caller, room, err)
}

// ResumeOutgoingHook makes caller answer for a webhook. Delivery goes on after the
// last change that was delivered, also if the receiver had been given up.
func (s *Service) ResumeOutgoingHook(ctx context.Context, caller Caller, room RoomID, id HookID) (OutgoingHook, error) {
	if err := mayOwnHooks(caller); err != nil {
		return OutgoingHook{}, err
	}
	if err := s.mayModerate(ctx, caller, room, ManageHooks); err != nil {
		return OutgoingHook{}, err
	}
	hook, err := s.Hooks.ResumeOutgoing(ctx, room, id, caller.User.ID, roleFor(ManageHooks))
	return hook, s.hiding(ctx, caller, room, err)
}

// maxPauses bounds one pass of NoticePauses.
const maxPauses = 100

// NoticePauses writes into each room whose webhooks or invites are paused that they
// are, and whose they were: the owner may resume or delete them. Every node may call
// it at any time.
func (s *Service) NoticePauses(ctx context.Context) error {
	pauses, err := s.Hooks.UnnoticedPauses(ctx, maxPauses)
	if err != nil {
		return err
	}
	var failed []error
	for _, p := range pauses {
		notice, err := s.Hooks.NoticePause(ctx, p)
		if err != nil && CodeOf(err) != NotFound { // NOT_FOUND: the room is deleted
			failed = append(failed, fmt.Errorf("notice pause in room %d: %w", p.Room, err))
		}
		s.announce(notice)
	}
	return errors.Join(failed...)
}

// mayOwnHooks keeps from guests what goes on when they are gone.
func mayOwnHooks(caller Caller) error {
	if caller.User.Guest {
		return Fault(Forbidden, "Guests cannot make webhooks: sign in with an account.")
	}
	return nil
}
