package store

import (
	"context"
	"database/sql"
	"errors"
	"testing"

	"github.com/chillin-chat/chillin/internal/chat"
)

// When the time of a unit of work is over, database/sql rolls back beside it, and its
// next statement hears no more than that the transaction is done.
func TestATransactionOutOfTimeIsUnavailable(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		ctx, cancel := context.WithCancel(t.Context())
		err := s.inTx(ctx, func(tx *sql.Tx) error {
			cancel()
			for {
				if _, err := tx.ExecContext(t.Context(), `SELECT 1`); errors.Is(err, sql.ErrTxDone) {
					return err
				}
			}
		})
		if err = s.fail("work", err); chat.CodeOf(err) != chat.Unavailable {
			t.Errorf("%v, want UNAVAILABLE", err)
		}
	})
}
