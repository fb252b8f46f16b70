package service

import (
	"context"

	"github.com/chillin-chat/chillin/internal/chat"
)

// Connections returns a page of the live connections of all nodes.
func (a Administrator) Connections(ctx context.Context, q chat.ConnectionQuery) (chat.ConnectionPage, error) {
	return a.service.Connections.Connections(ctx, q)
}

// CloseConnection closes a connection.
func (a Administrator) CloseConnection(ctx context.Context, id string) error {
	closed, err := a.service.Connections.CloseConnection(ctx, id)
	if err != nil {
		return err
	}
	return a.service.Administration.WriteAudit(ctx, chat.AuditEntry{
		Actor: a.caller.User.ID, Action: chat.AuditClosed, User: closed.User.ID, Detail: "connection " + id,
	})
}
