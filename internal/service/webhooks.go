package service

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	"github.com/chillin-chat/chillin/internal/chat"
)

// CreateIncomingWebhook creates a webhook: every program that knows its token can post in
// the room. The token is returned only here.
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
	webhook, systemMsg, err := s.Webhooks.CreateIncoming(ctx, chat.NewIncomingWebhook{
		Room: room, Bot: chat.NewAccount{Username: webhookUsername(), DisplayName: name}, TokenHash: hash,
	}, caller.User.ID, chat.RequirePermission(chat.ManageWebhooks))
	if err != nil {
		return chat.IncomingWebhook{}, "", s.maskNotMember(ctx, caller, room, err)
	}
	s.publishMessage(systemMsg)
	return webhook, token, nil
}

// webhookUsername returns one of 32^15 names. A collision is very unlikely; then the store
// returns USERNAME_TAKEN.
func webhookUsername() string { return "hook-" + strings.ToLower(rand.Text()[:15]) }

// IncomingWebhooks returns the incoming webhooks of a room. It needs the permission to
// manage webhooks.
func (s *Service) IncomingWebhooks(ctx context.Context, caller chat.Caller, room chat.RoomID) ([]chat.IncomingWebhook, error) {
	if err := s.requirePermission(ctx, caller, room, chat.ManageWebhooks); err != nil {
		return nil, err
	}
	return s.Webhooks.Incoming(ctx, room)
}

// DeleteIncomingWebhook deletes a webhook: its token is refused at once.
func (s *Service) DeleteIncomingWebhook(ctx context.Context, caller chat.Caller, room chat.RoomID, id chat.WebhookID) error {
	if err := s.allowModeration(ctx, caller, room, chat.ManageWebhooks); err != nil {
		return err
	}
	systemMsg, err := s.Webhooks.DeleteIncoming(ctx, room, id, caller.User.ID, chat.RequirePermission(chat.ManageWebhooks))
	if err != nil {
		return s.maskNotMember(ctx, caller, room, err)
	}
	s.publishMessage(systemMsg)
	return nil
}

// maxPostParts is how many messages one post of a webhook may take.
const maxPostParts = 64

// PostByWebhook sends a text in the room of an incoming webhook, as the webhook's bot and under the
// same rules as every other message. split cuts a text into parts of a number of characters, each of
// which becomes a message; m is the first one. If a part fails, a repeated post with the same CID or
// key continues.
func (s *Service) PostByWebhook(ctx context.Context, token string, p chat.WebhookPost, split func(text string, limit int) []string) (m chat.Message, fresh bool, err error) {
	webhook, bot, err := s.Webhooks.IncomingByToken(ctx, chat.TokenHash(token))
	if err != nil {
		return chat.Message{}, false, err
	}
	if webhook.Paused {
		return chat.Message{}, false, chat.Errorf(chat.Forbidden, "This webhook is paused because its creator can no longer manage webhooks in the room. A room admin can resume it.")
	}
	parts := []string{p.Text}
	text := withSender(p, webhook.Name)
	if text != "" {
		parts = split(text, s.Settings.Limits().MaxMessageLength)
	}
	if len(parts) > maxPostParts {
		return chat.Message{}, false, chat.Errorf(chat.TooLong, "The text is too long: it would take %d messages, and the limit is %d.", len(parts), maxPostParts).WithField("text")
	}
	caller, cid := chat.Caller{User: bot}, p.SendCID()
	m, fresh, err = s.SendMessage(ctx, caller, chat.Send{Room: webhook.RoomID, CID: cid, Text: parts[0]})
	for i := 1; i < len(parts) && err == nil; i++ {
		_, _ = s.MessageRate.Allow(bot.ID) // each counts, but only the first can be refused
		_, _, err = s.sendAllowed(ctx, caller, chat.PartCID(cid, i), chat.Send{Room: webhook.RoomID, Text: parts[i]})
	}
	return m, fresh, err
}

// withSender returns the text of a post with the name of its sender above it, unless the webhook has
// that name. The author of the message stays the bot of the webhook, so that a sender cannot pretend
// to be a member.
func withSender(p chat.WebhookPost, webhook string) string {
	text := strings.TrimSpace(p.Text)
	name, err := chat.CleanLine(p.Name, chat.MaxDisplayName, "username")
	if err != nil || name == "" || strings.EqualFold(name, webhook) || text == "" {
		return text
	}
	return "**" + strings.ReplaceAll(name, "*", "\u2217") + "**\n" + text
}

// CreateOutgoingWebhook creates a webhook that sends every later change of a room to url.
// The secret signs the requests and is returned only here.
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
	webhook, err := s.Webhooks.CreateOutgoing(ctx, chat.NewOutgoingWebhook{Room: room, URL: url, Secret: secret}, caller.User.ID, chat.RequirePermission(chat.ManageWebhooks))
	if err != nil {
		return chat.OutgoingWebhook{}, "", s.maskNotMember(ctx, caller, room, err)
	}
	return webhook, secret, nil
}

// OutgoingWebhooks returns the outgoing webhooks of a room. It needs the permission to
// manage webhooks.
func (s *Service) OutgoingWebhooks(ctx context.Context, caller chat.Caller, room chat.RoomID) ([]chat.OutgoingWebhook, error) {
	if err := s.requirePermission(ctx, caller, room, chat.ManageWebhooks); err != nil {
		return nil, err
	}
	return s.Webhooks.Outgoing(ctx, room)
}

// DeleteOutgoingWebhook deletes a webhook. A request that is already being sent may still
// arrive.
func (s *Service) DeleteOutgoingWebhook(ctx context.Context, caller chat.Caller, room chat.RoomID, id chat.WebhookID) error {
	if err := s.allowModeration(ctx, caller, room, chat.ManageWebhooks); err != nil {
		return err
	}
	return s.maskNotMember(ctx, caller, room, s.Webhooks.DeleteOutgoing(ctx, room, id, caller.User.ID, chat.RequirePermission(chat.ManageWebhooks)))
}

// ResumeIncomingWebhook makes the caller responsible for a webhook, so that it works again.
func (s *Service) ResumeIncomingWebhook(ctx context.Context, caller chat.Caller, room chat.RoomID, id chat.WebhookID) (chat.IncomingWebhook, error) {
	if err := requireAccount(caller); err != nil {
		return chat.IncomingWebhook{}, err
	}
	if err := s.allowModeration(ctx, caller, room, chat.ManageWebhooks); err != nil {
		return chat.IncomingWebhook{}, err
	}
	webhook, err := s.Webhooks.ResumeIncoming(ctx, room, id, caller.User.ID, chat.RequirePermission(chat.ManageWebhooks))
	return webhook, s.maskNotMember(ctx, caller, room, err)
}

// ResumeOutgoingWebhook makes the caller responsible for a webhook. Delivery continues after
// the last change that was delivered, also if the webhook was disabled after failures.
func (s *Service) ResumeOutgoingWebhook(ctx context.Context, caller chat.Caller, room chat.RoomID, id chat.WebhookID) (chat.OutgoingWebhook, error) {
	if err := requireAccount(caller); err != nil {
		return chat.OutgoingWebhook{}, err
	}
	if err := s.allowModeration(ctx, caller, room, chat.ManageWebhooks); err != nil {
		return chat.OutgoingWebhook{}, err
	}
	webhook, err := s.Webhooks.ResumeOutgoing(ctx, room, id, caller.User.ID, chat.RequirePermission(chat.ManageWebhooks))
	return webhook, s.maskNotMember(ctx, caller, room, err)
}

// maxPauses is how many pauses one call of NoticePauses handles.
const maxPauses = 100

// NoticePauses writes a system message in each room with newly paused webhooks or invites:
// it names their creator, so that the owner can resume or delete them. Every node may call
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

// requireAccount returns FORBIDDEN for guests: webhooks work longer than a guest exists.
func requireAccount(caller chat.Caller) error {
	if caller.User.Guest {
		return chat.Errorf(chat.Forbidden, "Guests cannot create webhooks. Sign in with an account.")
	}
	return nil
}
