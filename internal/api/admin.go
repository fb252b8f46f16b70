package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/chillin-chat/chillin/internal/auth"
	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/service"
)

// NameFilter is the query of a list that is filtered by name.
type NameFilter struct {
	Query string `query:"q" maxLength:"100" doc:"Part of a name."`
	PageQuery
}

// AccountList is a page of accounts, as returned by listUsers.
type AccountList struct {
	Users      []chat.Account `json:"users"`
	NextCursor string         `json:"nextCursor,omitempty"`
}

type accountListOutput struct {
	Body AccountList
}

// UpdateAccountRequest is the body of updateUser.
type UpdateAccountRequest struct {
	Role     *chat.Role `json:"role,omitempty" enum:"user,admin"`
	Disabled *bool      `json:"disabled,omitempty"`
}

type updateAccountInput struct {
	UserPath
	Body UpdateAccountRequest
}

// AccountResponse contains an account.
type AccountResponse struct {
	User chat.Account `json:"user"`
}

type accountOutput struct {
	Body AccountResponse
}

// ResetPasswordResponse contains the new password of a user.
type ResetPasswordResponse struct {
	Password string `json:"password" doc:"Returned only once."`
}

type resetPasswordOutput struct {
	Body ResetPasswordResponse
}

type listConnectionsInput struct {
	User chat.UserID `query:"userId" minimum:"1" doc:"Only connections of this user."`
	PageQuery
}

type listConnectionsOutput struct{ Body chat.ConnectionPage }

type limitsOutput struct{ Body chat.LimitsView }

type serverStateOutput struct{ Body chat.ServerState }

type listAuditLogInput struct {
	Before Optional[int64] `query:"before" minimum:"0" doc:"The id of the oldest entry already received."`
	Limit  int             `query:"limit" minimum:"1" maximum:"100" default:"50"`
}

// AuditLog is a page of the audit log.
type AuditLog struct {
	Entries []chat.AuditRecord `json:"entries"`
	HasMore bool               `json:"hasMore" doc:"Whether older entries exist."`
}

type auditLogOutput struct {
	Body AuditLog
}

type administratorKey struct{}

// adminOnly is the metadata key of operations that require the admin role.
const adminOnly = "adminOnly"

// authorizeAdmin refuses callers that are not admins before it reads anything else of the request. They
// receive NOT_FOUND.
func (a *API) authorizeAdmin(ctx context.Context, op *huma.Operation, caller chat.Caller) (context.Context, error) {
	if op.Metadata[adminOnly] == nil {
		return ctx, nil
	}
	admin, err := a.Service.RequireAdmin(ctx, caller)
	if err != nil && chat.CodeOf(err) == chat.NotFound {
		auth.LogSecurityEvent(ctx, a.Log, "permission denied", "not an admin")
	}
	return context.WithValue(ctx, administratorKey{}, admin), err
}

// handleAdmin registers an operation that requires the admin role.
func handleAdmin[In, Out any](a *API, op huma.Operation, handler func(ctx context.Context, admin service.Administrator, in *In) (*Out, error)) {
	op.Path = "/admin" + op.Path
	op.Tags, op.Security, op.Metadata = []string{"administration"}, authRequired, map[string]any{adminOnly: true}
	handle(a, op, func(ctx context.Context, in *In) (*Out, error) {
		admin, ok := ctx.Value(administratorKey{}).(service.Administrator)
		if !ok {
			return nil, chat.ErrNotFound()
		}
		out, err := handler(ctx, admin, in)
		if op.Method != http.MethodGet {
			a.logAdminAction(ctx, err)
		}
		return out, err
	})
}

func (a *API) mountAdministration() {
	a.mountAdminUsers()
	a.mountAdminRooms()
	a.mountAdminServer()
	a.mountAdminSettings()
}

func (a *API) mountAdminUsers() {
	handleAdmin(a, huma.Operation{
		OperationID: "listUsers", Method: http.MethodGet, Path: "/users", Summary: "List all users by username",
	}, func(ctx context.Context, admin service.Administrator, in *NameFilter) (*accountListOutput, error) {
		users, next, err := admin.Accounts(ctx, chat.AccountQuery{Text: in.Query, Limit: in.Limit, Cursor: in.Cursor})
		out := &accountListOutput{}
		out.Body.Users, out.Body.NextCursor = users, next
		return out, err
	})
	handleAdmin(a, huma.Operation{
		OperationID: "updateUser", Method: http.MethodPatch, Path: "/users/{id}",
		Summary: "Change a user's role, or disable or enable the account", Description: "The last admin cannot be demoted or disabled.",
	}, func(ctx context.Context, admin service.Administrator, in *updateAccountInput) (*accountOutput, error) {
		account, err := admin.ChangeAccount(ctx, in.ID, chat.AccountChange{Role: in.Body.Role, Disabled: in.Body.Disabled})
		out := &accountOutput{}
		out.Body.User = account
		return out, err
	})
	handleAdmin(a, huma.Operation{
		OperationID: "resetPassword", Method: http.MethodPost, Path: "/users/{id}/password",
		Summary: "Reset a user's password to a random one and end all its sessions",
	}, func(ctx context.Context, admin service.Administrator, in *UserPath) (*resetPasswordOutput, error) {
		password, err := admin.ResetPassword(ctx, in.ID)
		out := &resetPasswordOutput{}
		out.Body.Password = password
		return out, err
	})
}

func (a *API) mountAdminRooms() {
	handleAdmin(a, huma.Operation{
		OperationID: "listAllRooms", Method: http.MethodGet, Path: "/rooms", Summary: "List all rooms, private ones included, by name",
	}, func(ctx context.Context, admin service.Administrator, in *NameFilter) (*roomListOutput, error) {
		rooms, next, err := admin.Rooms(ctx, chat.RoomQuery{Text: in.Query, Sort: chat.ByName, Limit: in.Limit, Cursor: in.Cursor})
		out := &roomListOutput{}
		out.Body.Rooms, out.Body.NextCursor = append([]chat.Room{}, rooms...), next
		return out, err
	})
	handleAdmin(a, huma.Operation{
		OperationID: "deleteAnyRoom", Method: http.MethodDelete, Path: "/rooms/{id}", DefaultStatus: http.StatusNoContent,
		Summary: "Delete any room and its content",
	}, func(ctx context.Context, admin service.Administrator, in *RoomPath) (*struct{}, error) {
		return nil, admin.DeleteRoom(ctx, in.ID)
	})
}

func (a *API) mountAdminServer() {
	handleAdmin(a, huma.Operation{
		OperationID: "listConnections", Method: http.MethodGet, Path: "/connections",
		Summary: "List the connections of all nodes, newest first",
	}, func(ctx context.Context, admin service.Administrator, in *listConnectionsInput) (*listConnectionsOutput, error) {
		page, err := admin.Connections(ctx, chat.ConnectionQuery{User: in.User, Limit: in.Limit, Cursor: in.Cursor})
		return &listConnectionsOutput{page}, err
	})
	handleAdmin(a, huma.Operation{
		OperationID: "closeConnection", Method: http.MethodDelete, Path: "/connections/{id}", DefaultStatus: http.StatusNoContent,
		Summary: "Close a connection; its client may reconnect",
	}, func(ctx context.Context, admin service.Administrator, in *struct {
		ID string `path:"id" maxLength:"40"`
	}) (*struct{}, error) {
		return nil, admin.CloseConnection(ctx, in.ID)
	})
	handleAdmin(a, huma.Operation{
		OperationID: "getServerState", Method: http.MethodGet, Path: "/server", Summary: "Get the state of the server",
	}, func(ctx context.Context, admin service.Administrator, _ *struct{}) (*serverStateOutput, error) {
		state, err := admin.ServerState(ctx)
		return &serverStateOutput{state}, err
	})
	handleAdmin(a, huma.Operation{
		OperationID: "getLimits", Method: http.MethodGet, Path: "/limits", Summary: "Get the effective limits",
	}, func(_ context.Context, admin service.Administrator, _ *struct{}) (*limitsOutput, error) {
		return &limitsOutput{admin.Limits()}, nil
	})
	handleAdmin(a, huma.Operation{
		OperationID: "updateLimits", Method: http.MethodPatch, Path: "/limits",
		Summary: "Set limits for all nodes; 0 restores the default of the environment",
	}, func(ctx context.Context, admin service.Administrator, in *struct{ Body chat.LimitsPatch }) (*limitsOutput, error) {
		view, err := admin.ChangeLimits(ctx, in.Body)
		return &limitsOutput{view}, err
	})
	handleAdmin(a, huma.Operation{
		OperationID: "listAuditLog", Method: http.MethodGet, Path: "/audit", Summary: "List audit log entries, newest first",
	}, func(ctx context.Context, admin service.Administrator, in *listAuditLogInput) (*auditLogOutput, error) {
		entries, more, err := admin.Audit(ctx, in.Before.pointer(), in.Limit)
		out := &auditLogOutput{}
		out.Body.Entries, out.Body.HasMore = entries, more
		return out, err
	})
}
