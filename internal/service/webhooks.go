package service

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	"github.com/chillin-chat/chillin/internal/chat"
)

// CreateIncomingWebhook makes a webhook by which whoever knows its token may post in a
// room. The token is told this once.
func (s *Service) CreateIncomingWebhook(ctx context.Context, caller chat.Caller, room chat.RoomID, name string) (chat.IncomingWebhook, string, error) {
	if err := requireAccount(caller); err != nil {
		return chat.IncomingWebhook{}, "", err
	}
	name, err := chat.CleanLine(name, chat.MaxDisplayName, "name")
	if err != nil {
		return chat.IncomingWebhook{}, "", err
	}
	if name == "" {
		return chat.IncomingWebhook{}, "", chat.Errorf(chat.Empty, "A webhook needs a name.").WithField("name")
	}
	if err := s.allowCreation(ctx, caller, room, chat.ManageWebhooks); err != nil {
		return chat.IncomingWebhook{}, "", err
	}
	token, hash := chat.NewToken()
	hook, told, err := s.Webhooks.CreateIncoming(ctx, chat.NewIncomingWebhook{
		Room: room, Bot: chat.NewAccount{Username: webhookUsername(), DisplayName: name}, TokenHash: hash,
	}, caller.User.ID, chat.RequirePermission(chat.ManageWebhooks))
	if err != nil {
		return chat.IncomingWebhook{}, "", s.maskNotMember(ctx, caller, room, err)
	}
	s.publishMessage(told)
	return hook, token, nil
}

// webhookUsername is one of 32^15: two hooks meet as good as never, and the store
// would refuse the second.
func webhookUsername() string { return "hook-" + strings.ToLower(rand.Text()[:15]) }

// IncomingWebhooks returns the incoming webhooks of a room to its admins.
func (s *Service) IncomingWebhooks(ctx context.Context, caller chat.Caller, room chat.RoomID) ([]chat.IncomingWebhook, error) {
	if err := s.requirePermission(ctx, caller, room, chat.ManageWebhooks); err != nil {
		return nil, err
	}
	return s.Webhooks.Incoming(ctx, room)
}

// DeleteIncomingWebhook ends a webhook: its token is refused at once.
func (s *Service) DeleteIncomingWebhook(ctx context.Context, caller chat.Caller, room chat.RoomID, id chat.WebhookID) error {
	if err := s.allowModeration(ctx, caller, room, chat.ManageWebhooks); err != nil {
		return err
	}
	told, err := s.Webhooks.DeleteIncoming(ctx, room, id, caller.User.ID, chat.RequirePermission(chat.ManageWebhooks))
	if err != nil {
		return s.maskNotMember(ctx, caller, room, err)
	}
	s.publishMessage(told)
	return nil
}

// PostByWebhook says something in the room of an incoming webhook. It is a send of
// the hook's bot, with everything that holds for sends.
func (s *Service) PostByWebhook(ctx context.Context, token string, p chat.WebhookPost) (m chat.Message, fresh bool, err error) {
	hook, bot, err := s.Webhooks.IncomingByToken(ctx, chat.TokenHash(token))
	if err != nil {
		return chat.Message{}, false, err
	}
	if hook.Paused {
		return chat.Message{}, false, chat.Errorf(chat.Forbidden, "This webhook is paused, because its maker no longer manages webhooks in the room. An admin of the room can resume it.")
	}
	return s.SendMessage(ctx, chat.Caller{User: bot}, chat.Send{Room: hook.RoomID, CID: p.SendCID(), Text: p.Text})
}

// CreateOutgoingWebhook makes a webhook that tells a program at url every change of a
// room from now on. The secret, with which the program knows our requests from
// others', is told this once.
func (s *Service) CreateOutgoingWebhook(ctx context.Context, caller chat.Caller, room chat.RoomID, url string) (chat.OutgoingWebhook, string, error) {
	if err := requireAccount(caller); err != nil {
		return chat.OutgoingWebhook{}, "", err
	}
	url, err := s.Targets.Check(url)
	if err != nil {
		return chat.OutgoingWebhook{}, "", err
	}
	if err := s.allowCreation(ctx, caller, room, chat.ManageWebhooks); err != nil {
		return chat.OutgoingWebhook{}, "", err
	}
	secret, _ := chat.NewToken()
	hook, err := s.Webhooks.CreateOutgoing(ctx, chat.NewOutgoingWebhook{Room: room, URL: url, Secret: secret}, caller.User.ID, chat.RequirePermission(chat.ManageWebhooks))
	if err != nil {
		return chat.OutgoingWebhook{}, "", s.maskNotMember(ctx, caller, room, err)
	}
	return hook, secret, nil
}

// OutgoingWebhooks returns the outgoing webhooks of a room to its admins.
func (s *Service) OutgoingWebhooks(ctx context.Context, caller chat.Caller, room chat.RoomID) ([]chat.OutgoingWebhook, error) {
	if err := s.requirePermission(ctx, caller, room, chat.ManageWebhooks); err != nil {
		return nil, err
	}
	return s.Webhooks.Outgoing(ctx, room)
}

// DeleteOutgoingWebhook ends a webhook. A request that is under way may still arrive.
func (s *Service) DeleteOutgoingWebhook(ctx context.Context, caller chat.Caller, room chat.RoomID, id chat.WebhookID) error {
	if err := s.allowModeration(ctx, caller, room, chat.ManageWebhooks); err != nil {
		return err
	}
	return s.maskNotMember(ctx, caller, room, s.Webhooks.DeleteOutgoing(ctx, room, id, caller.User.ID, chat.RequirePermission(chat.ManageWebhooks)))
}

// ResumeIncomingWebhook makes caller answer for a webhook, so that it works again.
func (s *Service) ResumeIncomingWebhook(ctx context.Context, caller chat.Caller, room chat.RoomID, id chat.WebhookID) (chat.IncomingWebhook, error) {
	if err := requireAccount(caller); err != nil {
		return chat.IncomingWebhook{}, err
	}
	if err := s.allowModeration(ctx, caller, room, chat.ManageWebhooks); err != nil {
		return chat.IncomingWebhook{}, err
	}
	hook, err := s.Webhooks.ResumeIncoming(ctx, room, id, caller.User.ID, chat.RequirePermission(chat.ManageWebhooks))
	return hook, s.maskNotMember(ctx, caller, room, err)
}

// ResumeOutgoingWebhook makes caller answer for a webhook. Delivery goes on after the
// last change that was delivered, also if the receiver had been given up.
func (s *Service) ResumeOutgoingWebhook(ctx context.Context, caller chat.Caller, room chat.RoomID, id chat.WebhookID) (chat.OutgoingWebhook, error) {
	if err := requireAccount(caller); err != nil {
		return chat.OutgoingWebhook{}, err
	}
	if err := s.allowModeration(ctx, caller, room, chat.ManageWebhooks); err != nil {
		return chat.OutgoingWebhook{}, err
	}
	hook, err := s.Webhooks.ResumeOutgoing(ctx, room, id, caller.User.ID, chat.RequirePermission(chat.ManageWebhooks))
	return hook, s.maskNotMember(ctx, caller, room, err)
}

// maxPauses bounds one pass of NoticePauses.
const maxPauses = 100

// NoticePauses writes into each room whose webhooks or invites are paused that they
// are, and whose they were: the owner may resume or delete them. Every node may call
// it at any time.
func (s *Service) NoticePauses(ctx context.Context) error {
	pauses, err := s.Webhooks.UnnoticedPauses(ctx, maxPauses)
	if err != nil {
		return err
	}
	var failed []error
	for _, p := range pauses {
		notice, err := s.Webhooks.WritePauseNotice(ctx, p)
		if err != nil && chat.CodeOf(err) != chat.NotFound { // NOT_FOUND: the room is deleted
			failed = append(failed, fmt.Errorf("notice pause in room %d: %w", p.Room, err))
		}
		s.publishMessage(notice)
	}
	return errors.Join(failed...)
}

// requireAccount keeps from guests what goes on when they are gone.
func requireAccount(caller chat.Caller) error {
	if caller.User.Guest {
		return chat.Errorf(chat.Forbidden, "Guests cannot make webhooks: sign in with an account.")
	}
	return nil
}
