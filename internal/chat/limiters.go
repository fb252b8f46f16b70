package chat

import "time"

// Limiter counts what a key does. Where it is too much, it says when to come
// again.
type Limiter[K comparable] interface {
	Allow(key K) (retryAfter time.Duration, ok bool)
}

// Budget is a Limiter of what is counted once it has happened: Ready tells
// whether anything is left for key, and takes nothing.
type Budget[K comparable] interface {
	Limiter[K]
	Ready(key K) (retryAfter time.Duration, ok bool)
}

// allow counts one deed of key, or refuses it.
func allow[K comparable](l Limiter[K], key K) error {
	if after, ok := l.Allow(key); !ok {
		return limited(after)
	}
	return nil
}

func limited(after time.Duration) *Error {
	return &Error{Code: RateLimited, Text: "That was too much at once. Please wait a moment.", RetryAfter: after}
}

// Guess is whose tries at which room's password are counted.
type Guess struct {
	Room RoomID
	User UserID // 0: of all users together
}

// Guesses limits the tries at room passwords.
type Guesses struct {
	OfUser Limiter[Guess] // in one room
	OfRoom Limiter[Guess] // by everybody
}

func (g Guesses) allow(room RoomID, user UserID) error {
	if err := allow(g.OfUser, Guess{room, user}); err != nil {
		return err
	}
	return allow(g.OfRoom, Guess{Room: room})
}
