package service

import (
	"github.com/chillin-chat/chillin/internal/chat"
)

// LoginAttempt is the key of attempts to sign in by one name from one network.
type LoginAttempt struct {
	Name string // whether it exists or not
	IP   string
}

// LoginLimits limit how often a password can be guessed. None of them keeps out an address from which
// no sign-in by that name has failed, or a device on which the user has signed in before: otherwise
// anyone could lock out a user. docs/decisions.md explains the numbers.
type LoginLimits struct {
	// PerAddress counts the attempts by one name from one network.
	PerAddress chat.Limiter[LoginAttempt]
	// Failures counts failed attempts by one name from all networks. When they are used up, Strikes
	// decides.
	Failures chat.Budget[string]
	// Strikes counts the failed attempts by one name from one network, for about a day.
	Strikes chat.Budget[LoginAttempt]
	// PerDevice counts the attempts of a device on which the user has signed in before.
	PerDevice chat.Limiter[string]
}

const tooManyLogins = "Too many attempts for this name."

// allow counts an attempt of a device that the user has not used before.
func (l LoginLimits) allow(attempt LoginAttempt) error {
	if err := allowOr(tooManyLogins, l.PerAddress, attempt); err != nil {
		return err
	}
	after, ok := l.Failures.Ready(attempt.Name)
	if ok {
		return nil
	}
	strike, ok := l.Strikes.Ready(attempt)
	if ok {
		return nil
	}
	return chat.ErrRateLimited(tooManyLogins, min(after, strike))
}

// fail counts a failed attempt.
func (l LoginLimits) fail(attempt LoginAttempt) {
	_, _ = l.Failures.Allow(attempt.Name)
	_, _ = l.Strikes.Allow(attempt)
}
