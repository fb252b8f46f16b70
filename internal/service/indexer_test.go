package service

import (
	"context"
	"log/slog"
	"testing"

	"github.com/chillin-chat/chillin/internal/chat"
)

// backlog is a store that has something to index for so many calls.
type backlog struct {
	left int
	done context.CancelFunc
}

func (b *backlog) IndexMessages(context.Context, chat.Folding) (chat.IndexProgress, error) {
	if b.left--; b.left == 0 {
		b.done()
	}
	return chat.IndexProgress{More: b.left > 0}, nil
}

func TestABacklogIsIndexedWithoutWaitingForMore(t *testing.T) {
	ctx, done := context.WithTimeout(t.Context(), indexEvery)
	defer done()
	b := &backlog{left: 20, done: done}
	(&Indexer{Store: b, Log: slog.Default()}).Run(ctx)
	if ctx.Err() == context.DeadlineExceeded || b.left != 0 {
		t.Fatalf("%d parts are left after %v, want none", b.left, indexEvery)
	}
}
