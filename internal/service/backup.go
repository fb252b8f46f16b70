package service

import (
	"context"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

// ServerState returns the state of the server as a whole.
func (a Administrator) ServerState(ctx context.Context) (chat.ServerState, error) {
	last, err := a.service.Administration.LastBackup(ctx)
	if err != nil {
		return chat.ServerState{}, err
	}
	state := chat.ServerState{BackupOverdue: last.Overdue(time.Now())}
	if last.FinishedAt > 0 {
		state.LastBackup = &last
	}
	return state, nil
}
