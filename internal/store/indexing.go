package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/chillin-chat/chillin/internal/chat"
)

var _ chat.Indexing = (*Store)(nil)

// IndexMessages brings the messages after the cursor into the index, in the order of
// their ids. The cursor moves in the same transaction: a crash loses nothing and
// indexes nothing twice. A change of what is in the index is written into it by a
// trigger of the database, with the change.
func (s *Store) IndexMessages(ctx context.Context) (more bool, err error) {
	ctx, cancel := bound(ctx)
	defer cancel()
	settled, err := s.engine.settled(ctx)
	if err != nil {
		return false, s.fail("find settled messages", err)
	}
	err = s.inTx(ctx, func(tx *sql.Tx) error {
		var done, last chat.MessageID
		var n int
		err := tx.QueryRowContext(ctx, `SELECT indexed FROM search_cursor`+s.engine.lockIdle()).Scan(&done)
		if errors.Is(err, sql.ErrNoRows) {
			return nil // another node is at it
		}
		if err != nil || done >= settled {
			return err
		}
		err = tx.QueryRowContext(ctx, `SELECT count(*), COALESCE(max(id), 0) FROM
			(SELECT id FROM messages WHERE id > $1 AND id <= $2 ORDER BY id LIMIT $3) AS next`, done, settled, indexedAtOnce).Scan(&n, &last)
		if err != nil || n == 0 {
			return err
		}
		more = n == indexedAtOnce
		if _, err := tx.ExecContext(ctx, s.engine.indexMessages(), done, last); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE search_cursor SET indexed = $1`, last)
		return err
	})
	return more, s.fail("index messages", err)
}

// indexed returns up to which message all are in the index.
func (s *Store) indexed(ctx context.Context) (upTo chat.MessageID, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT indexed FROM search_cursor`).Scan(&upTo)
	return upTo, err
}
