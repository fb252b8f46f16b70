package store

import (
	"context"
	"database/sql"

	"github.com/chillin-chat/chillin/internal/chat"
)

// userColumns are the columns that scanUser reads, from a table named u.
const userColumns = `u.id, u.username, u.display_name, u.avatar_key, u.guest, u.role, u.status_message, u.created_at, u.time_zone`

// activeUser is the condition that a user u may act. A bot is active only while its owner is.
const activeUser = `u.deleted_at IS NULL AND u.disabled_at IS NULL AND NOT EXISTS
	(SELECT 1 FROM users o WHERE o.id = u.owner_id AND (o.deleted_at IS NOT NULL OR o.disabled_at IS NOT NULL))`

// queryUsers returns the users of a query, which selects userColumns.
func (s *Store) queryUsers(ctx context.Context, query string, args ...any) ([]chat.User, error) {
	return queryAll(ctx, s.read, func(r row) (chat.User, error) { return scanUser(r) }, query, args...)
}

func scanUser(r row, more ...any) (chat.User, error) {
	var u chat.User
	var avatar string
	dest := append([]any{&u.ID, &u.Username, &u.DisplayName, &avatar, &u.Guest, &u.Role, &u.StatusMessage, &u.CreatedAt, &u.TimeZone}, more...)
	err := r.Scan(dest...)
	u.AvatarURL, u.Status = avatarURL(avatar), chat.Offline
	return u, err
}

// authorColumns are the columns that scanAuthor reads, from a table named u.
const authorColumns = `u.id, u.username, u.display_name, u.avatar_key`

func scanAuthor(dest *chat.Author) func(r row) error {
	return func(r row) error {
		var avatar string
		err := r.Scan(&dest.ID, &dest.Username, &dest.DisplayName, &avatar)
		dest.AvatarURL = avatarURL(avatar)
		return err
	}
}

func avatarURL(key string) string {
	if key == "" {
		return ""
	}
	return "/api/v1/avatars/" + key
}

// Register creates a user and its first session.
func (s *Store) Register(ctx context.Context, a chat.NewAccount, n chat.NewSession) (chat.Caller, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	var caller chat.Caller
	var first []stmt
	if !a.Guest { // a guest does not become the admin, and many enter at the same time
		first = append(first, lockInstanceStmt)
	}
	first = append(first, queryRow(func(r row) (err error) {
		caller.User, err = scanUser(r)
		return err
	}, `
		INSERT INTO users (username, display_name, email, password, guest, role, created_at, expires_at)
		VALUES ($1, $2, NULLIF($3, ''), NULLIF($4, ''), $5,
			CASE WHEN $5 OR EXISTS (SELECT 1 FROM users WHERE NOT guest) THEN 'user' ELSE 'admin' END,
			$6, NULLIF($7, CAST(0 AS bigint)))
		RETURNING `+returnedUser,
		a.Username, a.DisplayName, a.Email, string(a.PasswordHash), a.Guest, int64(s.clock()), int64(a.ExpiresAt)))
	err := s.batchTx(ctx, first, func() ([]stmt, error) {
		if a.OnlyFirst && caller.User.Role != chat.Admin {
			return nil, chat.ErrSignUpClosed()
		}
		return []stmt{s.insertSession(&caller, n)}, nil
	})
	if err != nil {
		return chat.Caller{}, s.fail("register", err)
	}
	return caller, nil
}

// HasAccount reports whether there is, or was, an account that is not a guest.
func (s *Store) HasAccount(ctx context.Context) (bool, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	var has bool
	err := s.read.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM users WHERE NOT guest)`).Scan(&has)
	return has, s.fail("find an account", err)
}

// lockInstance locks the row of the instance. The lock ensures that only one account becomes
// the first one, and that the last two admins cannot leave at the same time.
func lockInstance(ctx context.Context, tx *sql.Tx) error { return execAll(ctx, tx, lockInstanceStmt) }

var lockInstanceStmt = exec(`UPDATE instance SET epoch = epoch`)

func (s *Store) startSession(ctx context.Context, tx *sql.Tx, id chat.UserID, n chat.NewSession) (chat.Caller, error) {
	user, err := scanUser(tx.QueryRowContext(ctx, `SELECT `+userColumns+` FROM users u WHERE u.id = $1`, int64(id)))
	if err != nil {
		return chat.Caller{}, err
	}
	caller := chat.Caller{User: user}
	err = execAll(ctx, tx, s.insertSession(&caller, n))
	return caller, err
}

// insertSession inserts a session of the user of dest.
func (s *Store) insertSession(dest *chat.Caller, n chat.NewSession) stmt {
	dest.Expires = n.ExpiresAt
	return queryRow(func(r row) error { return r.Scan(&dest.Session) }, `
		INSERT INTO sessions (user_id, token_hash, user_agent, ip, created_at, last_seen_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $5, $6) RETURNING id`,
		int64(dest.User.ID), n.TokenHash, n.UserAgent, n.IP, int64(s.clock()), int64(n.ExpiresAt))
}

// Credentials returns the user with a username or email address, and its password hash.
func (s *Store) Credentials(ctx context.Context, login string) (chat.User, chat.PasswordHash, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	var hash chat.PasswordHash
	user, err := scanUser(s.read.QueryRowContext(ctx, `
		SELECT `+userColumns+`, COALESCE(u.password, '') FROM users u
		WHERE (u.username = $1 OR u.email = $1) AND `+activeUser, login), &hash)
	return user, hash, s.fail("find credentials", err)
}

// StartSession creates a session for an existing user.
func (s *Store) StartSession(ctx context.Context, id chat.UserID, n chat.NewSession) (chat.Caller, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	var caller chat.Caller
	err := s.tx(ctx, func(tx *sql.Tx) error {
		// Lock the user's row: if the user is disabled or the password is reset at the same
		// time, no session remains.
		var allowed bool
		err := tx.QueryRowContext(ctx, `SELECT disabled_at IS NULL AND deleted_at IS NULL AND ($2 = '' OR password = $2)
			FROM users WHERE id = $1`+s.dialect.forUpdate(), int64(id), string(n.VerifiedHash)).Scan(&allowed)
		if err == nil && !allowed {
			err = sql.ErrNoRows
		}
		if err != nil {
			return err
		}
		caller, err = s.startSession(ctx, tx, id, n)
		return err
	})
	return caller, s.fail("start session", err)
}

// CallerByToken returns the caller with a token hash.
func (s *Store) CallerByToken(ctx context.Context, hash []byte) (chat.Caller, error) {
	caller, err := loadOne(ctx, s.callers, string(hash))
	return caller, s.fail("find session", err)
}

// CallerBySession returns the caller of a session.
func (s *Store) CallerBySession(ctx context.Context, id chat.SessionID) (chat.Caller, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	caller, _, err := scanCaller(s.read.QueryRowContext(ctx, selectCallers+`s.id = $2`, int64(s.clock()), int64(id)))
	return caller, s.fail("find session", err)
}

// selectCallers selects active sessions, for scanCaller.
const selectCallers = `SELECT ` + userColumns + `, s.id, s.expires_at, s.token_hash
	FROM sessions s JOIN users u ON u.id = s.user_id
	WHERE s.ended_at IS NULL AND s.expires_at > $1 AND ` + activeUser + ` AND `

func scanCaller(r row) (caller chat.Caller, hash []byte, err error) {
	caller.User, err = scanUser(r, &caller.Session, &caller.Expires, &hash)
	return caller, hash, err
}

func (s *Store) readCallers(ctx context.Context, hashes []string) (map[string]chat.Caller, error) {
	callers := make(map[string]chat.Caller, len(hashes))
	tokenHashes := make([][]byte, len(hashes))
	for i, hash := range hashes {
		tokenHashes[i] = []byte(hash)
	}
	err := forEachRow(ctx, s.byKey, func(r row) error {
		caller, hash, err := scanCaller(r)
		callers[string(hash)] = caller
		return err
	}, selectCallers+s.dialect.in("s.token_hash", 2, byteaList), int64(s.clock()), s.dialect.list(tokenHashes))
	return callers, err
}

// EndSession ends a session. It does nothing if the session has ended.
func (s *Store) EndSession(ctx context.Context, id chat.SessionID) error {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	_, err := s.write.ExecContext(ctx, `UPDATE sessions SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL`,
		int64(id), int64(s.clock()))
	return s.fail("end session", err)
}

// Sessions returns the active sessions of a user.
func (s *Store) Sessions(ctx context.Context, user chat.UserID) ([]chat.Session, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	sessions, err := queryAll(ctx, s.read, func(r row) (n chat.Session, err error) {
		err = r.Scan(&n.ID, &n.CreatedAt, &n.LastSeenAt, &n.UserAgent, &n.IP)
		return n, err
	}, `SELECT id, created_at, last_seen_at, user_agent, ip FROM sessions
		WHERE user_id = $1 AND ended_at IS NULL AND expires_at > $2 ORDER BY last_seen_at DESC, id DESC`,
		int64(user), int64(s.clock()))
	return sessions, s.fail("list sessions", err)
}

// EndUserSession ends one session of a user.
func (s *Store) EndUserSession(ctx context.Context, user chat.UserID, id chat.SessionID) error {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	return s.fail("end session", requireAffected(s.write.ExecContext(ctx,
		`UPDATE sessions SET ended_at = $3 WHERE id = $1 AND user_id = $2 AND ended_at IS NULL`,
		int64(id), int64(user), int64(s.clock()))))
}

// SetPassword replaces the password hash of a user and ends its sessions except keep. It
// returns NOT_FOUND if the current hash is not old.
func (s *Store) SetPassword(ctx context.Context, user chat.UserID, old, hash chat.PasswordHash, keep chat.SessionID) error {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	err := s.tx(ctx, func(tx *sql.Tx) error {
		err := requireAffected(tx.ExecContext(ctx, `UPDATE users SET password = $2 WHERE id = $1 AND password = $3 AND deleted_at IS NULL`,
			int64(user), string(hash), string(old)))
		if err != nil {
			return err
		}
		return s.endSessions(ctx, tx, user, keep)
	})
	return s.fail("set password", err)
}

// endSessions ends the sessions of a user except keep.
func (s *Store) endSessions(ctx context.Context, tx *sql.Tx, user chat.UserID, keep chat.SessionID) error {
	_, err := tx.ExecContext(ctx, `UPDATE sessions SET ended_at = $3 WHERE user_id = $1 AND id <> $2 AND ended_at IS NULL`,
		int64(user), int64(keep), int64(s.clock()))
	return err
}

// EndedSessions returns the ids whose sessions have ended.
func (s *Store) EndedSessions(ctx context.Context, ids []chat.SessionID) ([]chat.SessionID, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	live := make(map[chat.SessionID]bool, len(ids))
	err := forEachRow(ctx, s.read, func(r row) error {
		var id chat.SessionID
		err := r.Scan(&id)
		live[id] = true
		return err
	}, `SELECT s.id FROM sessions s JOIN users u ON u.id = s.user_id
		WHERE `+s.dialect.in("s.id", 1, bigintList)+` AND s.ended_at IS NULL AND s.expires_at > $2
			AND `+activeUser, s.dialect.list(int64s(ids)), int64(s.clock()))
	if err != nil {
		return nil, s.fail("find ended sessions", err)
	}
	var ended []chat.SessionID
	for _, id := range ids {
		if !live[id] {
			ended = append(ended, id)
		}
	}
	return ended, nil
}

// TouchSessions records that sessions are in use. It skips rows that another transaction has
// locked, so that it never waits.
func (s *Store) TouchSessions(ctx context.Context, ids []chat.SessionID) error {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	now := s.clock()
	unlocked := `SELECT id FROM sessions WHERE ` + s.dialect.in("id", 1, bigintList) + ` AND last_seen_at <= $3 AND ended_at IS NULL` + s.dialect.skipLocked("")
	err := forEachRow(ctx, s.write, func(row) error { return nil },
		`UPDATE sessions SET last_seen_at = $2 WHERE id IN (`+unlocked+`) RETURNING id`, s.dialect.list(int64s(ids)), int64(now), int64(now-60_000))
	return s.fail("update last seen", err)
}

// User returns a user.
func (s *Store) User(ctx context.Context, id chat.UserID) (chat.User, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	user, err := scanUser(s.read.QueryRowContext(ctx, `SELECT `+userColumns+` FROM users u WHERE u.id = $1`, int64(id)))
	return user, s.fail("find user", err)
}
