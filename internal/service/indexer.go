package service

import (
	"context"
	"log/slog"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

// indexInterval is the time between two runs. A search also reads messages that are not
// indexed yet.
const indexInterval = 5 * time.Second

// indexPauseFactor is the ratio of pause to work while there is more to index: the indexer
// uses at most a quarter of a processor.
const indexPauseFactor = 3

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
		wait := indexInterval
		began := time.Now()
		progress, err := i.Store.IndexMessages(ctx, chat.SearchFolding)
		for _, skipped := range progress.Skipped {
			i.Report(ctx, skipped)
		}
		switch {
		case err != nil && ctx.Err() == nil:
			i.Log.WarnContext(ctx, "index messages failed", "err", err)
		case progress.More:
			wait = indexPauseFactor * time.Since(began)
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
	}
}
