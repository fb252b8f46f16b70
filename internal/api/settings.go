package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/service"
)

type settingListOutput struct{ Body chat.SettingList }

// UpdateSettingsRequest is the body of updateSettings.
type UpdateSettingsRequest struct {
	Values map[string]string `json:"values" doc:"Values by name, as in the environment. An empty value restores that of the environment, or the default."`
}

func (a *API) mountAdminSettings() {
	handleAdmin(a, huma.Operation{
		OperationID: "listSettings", Method: http.MethodGet, Path: "/settings", Summary: "List all settings except secrets, by area",
	}, func(_ context.Context, admin service.Administrator, _ *struct{}) (*settingListOutput, error) {
		return &settingListOutput{admin.Settings()}, nil
	})
	handleAdmin(a, huma.Operation{
		OperationID: "updateSettings", Method: http.MethodPatch, Path: "/settings",
		Summary: "Set settings for all nodes: all of the given ones, or none",
	}, func(ctx context.Context, admin service.Administrator, in *struct{ Body UpdateSettingsRequest }) (*settingListOutput, error) {
		list, err := admin.ChangeSettings(ctx, in.Body.Values)
		return &settingListOutput{list}, err
	})
}
