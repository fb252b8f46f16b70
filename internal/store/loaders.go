package store

import (
	"context"
	"database/sql"

	"github.com/chillin-chat/chillin/internal/batchload"
	"github.com/chillin-chat/chillin/internal/chat"
)

// loaders batch the reads that every client needs when it connects and joins a room. When
// many clients connect at the same time, for example after the loss of a node, a few
// statements answer all of them, and most connections stay free for other work.
type loaders struct {
	callers *batchload.Loader[string, chat.Caller] // by token hash
	views   *batchload.Loader[memberKey, view]
	heads   *batchload.Loader[chat.RoomID, chat.Seq]
	authors *batchload.Loader[chat.UserID, chat.Author]
	newest  *batchload.Loader[pageKey, chat.Page]
	tallies *batchload.Loader[chat.RoomID, tally]
	blocks  *batchload.Loader[chat.UserID, []chat.UserID]
	// lists limits the concurrent reads of room lists. A list is too large to be read for
	// many users in one batch; callers wait here and not for a connection.
	lists *semaphore
}

// The loaders run two reads at a time, so that a read that hangs does not block all
// callers. They differ in what a key returns: one row, many rows, or a page.
var (
	rowOptions  = batchload.Options{Reads: 2, Keys: 128, Timeout: chat.RequestBudget}
	listOptions = batchload.Options{Reads: 2, Keys: 1024, Timeout: chat.RequestBudget}
	pageOptions = batchload.Options{Reads: 2, Keys: 16, Timeout: chat.RequestBudget}
)

const concurrentLists = 4

func newLoaders(s *Store) loaders {
	return loaders{
		callers: batchload.New(rowOptions, s.readCallers), views: batchload.New(rowOptions, s.readViews),
		heads: batchload.New(listOptions, s.readHeads), authors: batchload.New(listOptions, s.readAuthors),
		newest: batchload.New(pageOptions, s.readNewest), tallies: batchload.New(pageOptions, s.readTallies),
		blocks: batchload.New(pageOptions, s.readBlocks),
		lists:  newSemaphore(concurrentLists),
	}
}

func (l loaders) wait() {
	l.callers.Wait()
	l.views.Wait()
	l.heads.Wait()
	l.authors.Wait()
	l.newest.Wait()
	l.tallies.Wait()
	l.blocks.Wait()
}

// loadOne loads the value of key. It returns sql.ErrNoRows if there is none.
func loadOne[K comparable, V any](ctx context.Context, l *batchload.Loader[K, V], key K) (V, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	values, err := l.Load(ctx, key)
	value, ok := values[key]
	if err == nil && !ok {
		err = sql.ErrNoRows
	}
	return value, err
}
