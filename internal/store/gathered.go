package store

import (
	"context"
	"database/sql"

	"github.com/chillin-chat/chillin/internal/batchload"
	"github.com/chillin-chat/chillin/internal/chat"
)

// gathered are the questions that everybody asks who connects and joins a room. When
// many do at once, as after the loss of a node, they are asked together: a storm is
// some statements for all of them, and most connections stay free for the others.
type gathered struct {
	callers *batchload.Loader[string, chat.Caller] // by the hash of a token
	views   *batchload.Loader[place, view]
	heads   *batchload.Loader[chat.RoomID, chat.Seq]
	authors *batchload.Loader[chat.UserID, chat.Author]
	newest  *batchload.Loader[chat.RoomID, chat.Page]
	counts  *batchload.Loader[chat.RoomID, tally]
	// lists limits how many lists of own rooms are read at once. They are too large to be
	// read for many users together; the others wait here, and not for a connection.
	lists *semaphore
}

// Two reads at once: while one is under way a second may begin, and one that hangs is
// not everybody's. What is found by a key is a row, many rows of a list, or a page.
var (
	ofOne  = batchload.Options{Reads: 2, Keys: 128, Timeout: chat.RequestBudget}
	ofList = batchload.Options{Reads: 2, Keys: 1024, Timeout: chat.RequestBudget}
	ofPage = batchload.Options{Reads: 2, Keys: 16, Timeout: chat.RequestBudget}
)

const listsAtOnce = 4

func gatherFor(s *Store) gathered {
	return gathered{
		callers: batchload.New(ofOne, s.readCallers), views: batchload.New(ofOne, s.readViews),
		heads: batchload.New(ofList, s.readHeads), authors: batchload.New(ofList, s.readAuthors),
		newest: batchload.New(ofPage, s.readNewest), counts: batchload.New(ofPage, s.readTallies),
		lists: newSemaphore(listsAtOnce),
	}
}

func (g gathered) wait() {
	g.callers.Wait()
	g.views.Wait()
	g.heads.Wait()
	g.authors.Wait()
	g.newest.Wait()
	g.counts.Wait()
}

// askOne asks for one thing; sql.ErrNoRows tells that it is not there.
func askOne[K comparable, V any](ctx context.Context, r *batchload.Loader[K, V], key K) (V, error) {
	ctx, cancel := bound(ctx)
	defer cancel()
	all, err := r.Load(ctx, key)
	one, ok := all[key]
	if err == nil && !ok {
		err = sql.ErrNoRows
	}
	return one, err
}
