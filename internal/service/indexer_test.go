package service

import (
	"context"
	"log/slog"
	"testing"

	"github.com/chillin-chat/chillin/internal/chat"
)

// backlog is a store that reports More until left calls have been made.
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

func TestABacklogIsIndexedWithoutWaitingForTheInterval(t *testing.T) {
	ctx, done := context.WithTimeout(t.Context(), indexInterval)
	defer done()
	b := &backlog{left: 20, done: done}
	(&Indexer{Store: b, Log: slog.Default()}).Run(ctx)
	if ctx.Err() == context.DeadlineExceeded || b.left != 0 {
		t.Fatalf("calls left after %v = %d, want none", indexInterval, b.left)
	}
}
