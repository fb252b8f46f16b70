package store

import (
	"context"
	"database/sql"

	"github.com/chillin-chat/chillin/internal/chat"
)

var _ chat.Bots = (*Store)(nil)

// CreateBot creates a bot of owner and its token.
func (s *Store) CreateBot(ctx context.Context, owner chat.UserID, a chat.NewAccount, n chat.NewSession) (chat.User, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	var bot chat.User
	err := s.tx(ctx, func(tx *sql.Tx) error {
		// The lock on the owner's row makes the count exact.
		var count int
		if err := tx.QueryRowContext(ctx, `SELECT 1 FROM users WHERE id = $1`+s.dialect.forUpdate(), int64(owner)).Scan(&count); err != nil {
			return err
		}
		err := tx.QueryRowContext(ctx, `SELECT count(*) FROM users u WHERE u.owner_id = $1 AND u.deleted_at IS NULL`, int64(owner)).Scan(&count)
		if err != nil {
			return err
		}
		if count >= chat.MaxBots {
			return chat.Errorf(chat.Forbidden, "An account can have at most %d bots.", chat.MaxBots)
		}
		id, err := s.addBot(ctx, tx, owner, a)
		if err != nil {
			return err
		}
		caller, err := s.startSession(ctx, tx, id, n)
		bot = caller.User
		return err
	})
	return bot, s.fail("create bot", err)
}

// addBot creates a user with the role bot. owner is 0 for the bot of a webhook.
func (s *Store) addBot(ctx context.Context, tx *sql.Tx, owner chat.UserID, a chat.NewAccount) (id chat.UserID, err error) {
	err = tx.QueryRowContext(ctx, `
		INSERT INTO users (username, display_name, role, owner_id, created_at)
		VALUES ($1, $2, 'bot', NULLIF($3, CAST(0 AS bigint)), $4) RETURNING id`,
		a.Username, a.DisplayName, int64(owner), int64(s.clock())).Scan(&id)
	return id, err
}

// Bots returns the bots of owner.
func (s *Store) Bots(ctx context.Context, owner chat.UserID) ([]chat.User, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	bots, err := s.queryUsers(ctx, `SELECT `+userColumns+` FROM users u WHERE u.owner_id = $1 AND u.deleted_at IS NULL ORDER BY u.username`, int64(owner))
	return bots, s.fail("list bots", err)
}

// OwnBot returns a bot of owner.
func (s *Store) OwnBot(ctx context.Context, owner, bot chat.UserID) (chat.User, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	user, err := s.ownBot(ctx, s.read, owner, bot, "")
	return user, s.fail("find bot", err)
}

func (s *Store) ownBot(ctx context.Context, from querier, owner, bot chat.UserID, lock string) (chat.User, error) {
	return scanUser(from.QueryRowContext(ctx, `SELECT `+userColumns+` FROM users u
		WHERE u.id = $1 AND u.owner_id = $2 AND u.deleted_at IS NULL`+lock, int64(bot), int64(owner)))
}

// RotateBotToken replaces the token of a bot of owner.
func (s *Store) RotateBotToken(ctx context.Context, owner, bot chat.UserID, n chat.NewSession) (chat.Caller, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	var caller chat.Caller
	err := s.tx(ctx, func(tx *sql.Tx) error {
		if _, err := s.ownBot(ctx, tx, owner, bot, s.dialect.forUpdate()); err != nil {
			return err
		}
		if err := s.endSessions(ctx, tx, bot, 0); err != nil {
			return err
		}
		var err error
		caller, err = s.startSession(ctx, tx, bot, n)
		return err
	})
	return caller, s.fail("rotate bot token", err)
}
