package service

import (
	"context"
	"strings"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/markup"
)

// People returns users that the caller may write to, first those that share a room with the
// caller. text is a search for names, or "" for all. Guests find only users that share a room
// with them, and are found only by those. The status is unknown.
func (s *Service) People(ctx context.Context, caller chat.Caller, text string, limit int) ([]chat.User, error) {
	q := chat.PeopleQuery{Viewer: caller.User.ID, Limit: limit, Everyone: !caller.User.Guest}
	if strings.TrimSpace(text) != "" {
		names, err := parseNameQuery(text)
		if err != nil {
			return nil, err
		}
		q.Rank = names.Rank
		q.Username, _ = markup.Username(strings.TrimPrefix(strings.TrimSpace(text), "@")) // "" if it cannot be one
	}
	end, err := s.beginNameSearch(ctx, caller)
	if err != nil {
		return nil, err
	}
	defer end()
	return withoutPresence(s.Rooms.People(ctx, q))
}

// withoutPresence sets the status of users without a known presence.
func withoutPresence(users []chat.User, err error) ([]chat.User, error) {
	for i := range users {
		users[i].Status = chat.Unknown
	}
	return users, err
}

// beginNameSearch counts a search for names and waits until the caller's other one has ended.
func (s *Service) beginNameSearch(ctx context.Context, caller chat.Caller) (end func(), err error) {
	if err := allow(s.NameSearchRate, caller.User.ID); err != nil {
		return nil, err
	}
	return s.nameSearches.acquire(ctx, caller.User.ID)
}

// CommonRooms returns the rooms in which both the caller and another user are members, without
// direct rooms. It returns NOT_FOUND if the user is unknown.
func (s *Service) CommonRooms(ctx context.Context, caller chat.Caller, user chat.UserID) ([]chat.Room, error) {
	if _, err := s.Accounts.User(ctx, user); err != nil {
		return nil, err
	}
	rooms, err := s.Rooms.CommonRooms(ctx, caller.User.ID, user, chat.MaxCommonRooms)
	if err != nil {
		return nil, err
	}
	return s.withOnlineAll(ctx, rooms), nil
}
