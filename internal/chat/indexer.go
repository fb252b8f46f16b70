package chat

import (
	"context"
	"log/slog"
	"time"

	"github.com/chillin-chat/chillin/internal/markup"
)

const (
	// indexEvery is how long messages gather: a search reads what is not indexed yet.
	indexEvery = 5 * time.Second
	// indexRest is how many times as long as it worked an indexer rests, so that it slows
	// nobody down: during a storm of messages it takes a quarter of a processor.
	indexRest = 3
)

// Folding makes of a text what searches compare. The index stores Version with each text:
// texts that an older version folded are folded again.
type Folding struct {
	Version int
	Fold    func(text string) string
}

// SearchFolding is the folding of this binary.
var SearchFolding = Folding{Version: markup.FoldingVersion, Fold: markup.Fold}

// Indexing is the part of the store that fills the search index.
type Indexing interface {
	// IndexMessages brings a bounded number of messages into the index: edited ones, new
	// ones, and those that an older version of the folding wrote. One node at a time does
	// so; the others do nothing. It is called by one goroutine.
	IndexMessages(ctx context.Context, folding Folding) (IndexProgress, error)
}

// IndexProgress is the outcome of one call of IndexMessages.
type IndexProgress struct {
	More bool // messages are left
	// Skipped are the panics of the folding. The index does not find these messages.
	Skipped []error
}

// Indexer fills the search index in the background. Every node runs one.
type Indexer struct {
	Store Indexing
	Log   *slog.Logger
	// Report counts and logs a panic.
	Report func(ctx context.Context, err error) bool
}

// Run indexes until ctx ends.
func (i *Indexer) Run(ctx context.Context) {
	for {
		wait := indexEvery
		began := time.Now()
		progress, err := i.Store.IndexMessages(ctx, SearchFolding)
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
