package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/chillin-chat/chillin/internal/chat"
)

var _ chat.Administration = (*Store)(nil)

// accountColumns are the columns that scanAccount reads, from a table named u. $1 is the
// current time.
const accountColumns = userColumns + `, COALESCE(u.email, ''), u.disabled_at IS NOT NULL,
	COALESCE((SELECT max(s.last_seen_at) FROM sessions s WHERE s.user_id = u.id), 0),
	(SELECT count(*) FROM sessions s WHERE s.user_id = u.id AND s.ended_at IS NULL AND s.expires_at > $1)`

func scanAccount(r row) (a chat.Account, err error) {
	a.User, err = scanUser(r, &a.Email, &a.Disabled, &a.LastSeenAt, &a.Sessions)
	return a, err
}

// Accounts returns a page of accounts, ordered by username.
func (s *Store) Accounts(ctx context.Context, q chat.AccountQuery) ([]chat.Account, string, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	after, err := nameAfter(q.Cursor)
	if err != nil {
		return nil, "", err
	}
	accounts, err := queryAll(ctx, s.read, scanAccount, `SELECT `+accountColumns+` FROM users u
		WHERE u.deleted_at IS NULL AND u.username > $2 AND (u.username LIKE $3 ESCAPE '\' OR u.email LIKE $3 ESCAPE '\')
		ORDER BY u.username LIMIT $4`, int64(s.clock()), after, "%"+escapeLike(q.Text)+"%", q.Limit+1)
	page, next := pageByName(accounts, q.Limit, func(a chat.Account) string { return a.Username })
	return page, next, s.fail("list accounts", err)
}

// AccountByName returns the account with a username.
func (s *Store) AccountByName(ctx context.Context, username string) (chat.Account, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	account, err := scanAccount(s.read.QueryRowContext(ctx, `SELECT `+accountColumns+` FROM users u
		WHERE u.username = $2 AND u.deleted_at IS NULL`, int64(s.clock()), username))
	return account, s.fail("find account", err)
}

// ChangeAccount changes the role of an account, or disables or enables it.
func (s *Store) ChangeAccount(ctx context.Context, by, id chat.UserID, c chat.AccountChange) (chat.Account, error) {
	var after chat.Account
	err := s.asAdmin(ctx, by, id, func(ctx context.Context, tx *sql.Tx, before chat.Account) error {
		after = before
		if c.Role != nil {
			after.Role = *c.Role
		}
		if c.Disabled != nil {
			after.Disabled = *c.Disabled
		}
		other, err := s.otherAdmin(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := before.CheckChange(after, other); err != nil {
			return err
		}
		if after.Role != before.Role {
			if err := s.setServerRole(ctx, tx, by, before, after.Role); err != nil {
				return err
			}
		}
		if after.Disabled != before.Disabled {
			if err := s.setDisabled(ctx, tx, by, id, after.Disabled); err != nil {
				return err
			}
		}
		after, err = s.account(ctx, tx, id)
		return err
	})
	return after, s.fail("change account", err)
}

// asAdmin runs fn on an account for the admin by. It locks the row of the instance, so that
// two admins cannot demote each other at the same time, and the row of the user, so that no
// session of the user can start at the same time.
func (s *Store) asAdmin(ctx context.Context, by, id chat.UserID, fn func(ctx context.Context, tx *sql.Tx, a chat.Account) error) error {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	return s.tx(ctx, func(tx *sql.Tx) error {
		if err := lockInstance(ctx, tx); err != nil {
			return err
		}
		if err := s.requireAdmin(ctx, tx, by); err != nil {
			return err
		}
		account, err := s.account(ctx, tx, id)
		if err != nil {
			return err
		}
		return fn(ctx, tx, account)
	})
}

// requireAdmin returns NOT_FOUND unless by is an admin of the server, which then holds until
// the transaction ends. The caller may have lost the role while it waited for a lock. 0 is
// the operator on the command line.
func (s *Store) requireAdmin(ctx context.Context, tx *sql.Tx, by chat.UserID) error {
	if by == 0 {
		return nil
	}
	account, err := s.account(ctx, tx, by)
	if err == nil && (account.Role != chat.Admin || account.Disabled) {
		return chat.ErrNotFound()
	}
	return err
}

func (s *Store) account(ctx context.Context, tx *sql.Tx, id chat.UserID) (chat.Account, error) {
	return scanAccount(tx.QueryRowContext(ctx, `SELECT `+accountColumns+` FROM users u
		WHERE u.id = $2 AND u.deleted_at IS NULL`+s.dialect.forUpdate(), int64(s.clock()), int64(id)))
}

// otherAdmin reports whether a user other than id can administer the server.
func (s *Store) otherAdmin(ctx context.Context, tx *sql.Tx, id chat.UserID) (other bool, err error) {
	err = tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM users
		WHERE role = 'admin' AND id <> $1 AND disabled_at IS NULL AND deleted_at IS NULL)`, int64(id)).Scan(&other)
	return other, err
}

func (s *Store) setServerRole(ctx context.Context, tx *sql.Tx, by chat.UserID, a chat.Account, role chat.Role) error {
	if _, err := tx.ExecContext(ctx, `UPDATE users SET role = $2 WHERE id = $1`, int64(a.ID), string(role)); err != nil {
		return err
	}
	return s.audit(ctx, tx, chat.AuditEntry{Actor: by, Action: chat.AuditServerRole, User: a.ID, Detail: fmt.Sprintf("%s → %s", a.Role, role)})
}

func (s *Store) setDisabled(ctx context.Context, tx *sql.Tx, by, id chat.UserID, disabled bool) error {
	if !disabled {
		if _, err := tx.ExecContext(ctx, `UPDATE users SET disabled_at = NULL WHERE id = $1`, int64(id)); err != nil {
			return err
		}
		return s.audit(ctx, tx, chat.AuditEntry{Actor: by, Action: chat.AuditEnabled, User: id})
	}
	if _, err := tx.ExecContext(ctx, `UPDATE users SET disabled_at = $2 WHERE id = $1`, int64(id), int64(s.clock())); err != nil {
		return err
	}
	if err := s.endSessions(ctx, tx, id, 0); err != nil {
		return err
	}
	return s.audit(ctx, tx, chat.AuditEntry{Actor: by, Action: chat.AuditDisabled, User: id})
}

// ResetPassword sets the password of an account and ends all its sessions.
func (s *Store) ResetPassword(ctx context.Context, by, id chat.UserID, hash chat.PasswordHash) error {
	err := s.asAdmin(ctx, by, id, func(ctx context.Context, tx *sql.Tx, a chat.Account) error {
		if err := a.CheckHasPassword(); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE users SET password = $2 WHERE id = $1`, int64(id), string(hash)); err != nil {
			return err
		}
		if err := s.endSessions(ctx, tx, id, 0); err != nil {
			return err
		}
		return s.audit(ctx, tx, chat.AuditEntry{Actor: by, Action: chat.AuditPasswordReset, User: id})
	})
	return s.fail("reset password", err)
}
