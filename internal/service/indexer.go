package service

import (
	"context"
	"log/slog"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

// indexEvery is how long messages gather: a search reads what is not indexed yet.
const indexEvery = 5 * time.Second

// indexRest is how many times as long as it worked an indexer rests, so that it slows
// nobody down: during a storm of messages it takes a quarter of a processor.
const indexRest = 3

// Indexer fills the search index in the background. Every node runs one.
type Indexer struct {
	Store chat.Indexing
	Log   *slog.Logger
	// Report counts and logs a panic.
	Report func(ctx context.Context, err error) bool
}

// Run indexes until ctx ends.
func (i *Indexer) Run(ctx context.Context) {
	for {
		wait := indexEvery
		began := time.Now()
		progress, err := i.Store.IndexMessages(ctx, chat.SearchFolding)
		for _, skipped := range progress.Skipped {
			i.Report(ctx, skipped)
		}
		switch {
		case err != nil && ctx.Err() == nil:
			i.Log.WarnContext(ctx, "index messages failed", "err", err)
		case progress.More:
			wait = indexRest * time.Since(began)
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
	}
}
