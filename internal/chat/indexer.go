package chat

import (
	"context"
	"log/slog"
	"time"
)

const (
	// indexEvery is how long messages gather: what is not indexed yet is found as it is.
	indexEvery = 5 * time.Second
	// indexRest is how many times as long as it worked an indexer rests, so that it is in
	// nobody's way: behind a storm of messages it takes a quarter of a processor.
	indexRest = 3
)

// Indexing is the store of messages as something that an index is made of.
type Indexing interface {
	// IndexMessages brings a bounded part of what was written since into the index by
	// which old messages are found, and tells whether there is more. Of several nodes
	// one does so at a time. It is called by one goroutine.
	IndexMessages(ctx context.Context) (more bool, err error)
}

// Indexer brings messages into the search index behind the senders' backs. Every node
// may run one.
type Indexer struct {
	Store Indexing
	Log   *slog.Logger
}

// Run indexes until ctx ends.
func (i *Indexer) Run(ctx context.Context) {
	for {
		wait := indexEvery
		began := time.Now()
		more, err := i.Store.IndexMessages(ctx)
		switch {
		case err != nil && ctx.Err() == nil:
			i.Log.WarnContext(ctx, "messages not indexed", "err", err)
		case more:
			wait = indexRest * time.Since(began)
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
	}
}
