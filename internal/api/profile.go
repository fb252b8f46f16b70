package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"

	"github.com/chillin-chat/chillin/internal/auth"
	"github.com/chillin-chat/chillin/internal/chat"
)

// UpdateProfileRequest is the body of updateProfile.
type UpdateProfileRequest struct {
	DisplayName   *string `json:"displayName,omitempty" doc:"An empty string restores the username."`
	StatusMessage *string `json:"statusMessage,omitempty" doc:"At most 100 characters."`
	TimeZone      *string `json:"timeZone,omitempty" maxLength:"64" doc:"An IANA name such as Europe/Berlin; an empty string removes it."`
}

type updateProfileInput struct {
	Body UpdateProfileRequest
}

func (a *API) mountProfile() {
	tags := []string{"users"}
	handle(a, huma.Operation{
		OperationID: "updateProfile", Method: http.MethodPatch, Path: "/users/me", Tags: tags, Security: authRequired,
		Summary: "Change the display name, status message and time zone of the current user",
	}, func(ctx context.Context, in *updateProfileInput) (*userOutput, error) {
		return newUserOutput(a.Service.ChangeProfile(ctx, auth.CallerIn(ctx), chat.ProfilePatch(in.Body)))
	})
	handleUpload(a, huma.Operation{
		OperationID: "setAvatar", Method: http.MethodPut, Path: "/users/me/avatar", Tags: tags, Security: authRequired,
		Summary: "Set the avatar of the current user: PNG, JPEG, GIF or WebP, at most 5 MiB",
	}, uploadTime, func(ctx context.Context, in *Form) (*userOutput, error) {
		caller := auth.CallerIn(ctx)
		done, err := a.Service.BeginAvatar(ctx, caller, a.describeUpload(in, chat.MaxAvatar))
		if err != nil {
			return nil, err
		}
		defer done()
		upload, closed, err := in.receive(chat.MaxAvatar)
		if err != nil {
			return nil, err
		}
		defer closed()
		return newUserOutput(a.Service.SetAvatar(ctx, caller, upload.Body))
	})
	handle(a, huma.Operation{
		OperationID: "deleteAvatar", Method: http.MethodDelete, Path: "/users/me/avatar", Tags: tags, Security: authRequired,
		Summary: "Remove the avatar of the current user", DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, _ *struct{}) (*struct{}, error) {
		return nil, a.Service.RemoveAvatar(ctx, auth.CallerIn(ctx))
	})
	handle(a, huma.Operation{
		OperationID: "downloadAvatar", Method: http.MethodGet, Path: "/avatars/{key}", Tags: tags,
		Summary: "Download an avatar by its random name",
	}, func(_ context.Context, in *struct {
		Key string `path:"key" maxLength:"64"`
	}) (*huma.StreamResponse, error) {
		return &huma.StreamResponse{Body: func(ctx huma.Context) { a.serveAvatar(ctx, in.Key) }}, nil
	})
}

// serveAvatar streams an avatar. Caches keep it permanently, because every picture has a different
// name.
func (a *API) serveAvatar(ctx huma.Context, key string) {
	r, w := humachi.Unwrap(ctx)
	avatar, err := a.Service.Avatar(r.Context(), key)
	if err != nil {
		a.WriteError(w, r, err)
		return
	}
	defer avatar.Body.Close()
	w.Header().Set("Content-Type", avatar.ContentType)
	w.Header().Set("Content-Security-Policy", filePolicy)
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	slow := &stallTimeoutWriter{w, http.NewResponseController(w)}
	defer slow.finish()
	http.ServeContent(slow, r, "", time.Time{}, avatar.Body)
}
