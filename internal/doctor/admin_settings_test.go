package doctor

import (
	"maps"
	"testing"

	"github.com/chillin-chat/chillin/internal/chat"
)

func TestAdminSettings(t *testing.T) {
	local := map[string]string{"HOST": "127.0.0.1"}
	for name, c := range map[string]struct {
		env    map[string]string
		stored *chat.StoredSettings
		want   []string
	}{
		"open, no one chose":        {nil, nil, []string{"warning SIGNUP: everyone", "Administration"}},
		"an older schema":           {map[string]string{"HOST": "::1"}, nil, []string{"!SIGNUP"}},
		"reachable from here only":  {local, &chat.StoredSettings{}, []string{"!SIGNUP"}},
		"behind a proxy":            {map[string]string{"HOST": "127.0.0.1", "TRUST_PROXY": "loopback"}, nil, []string{"warning SIGNUP"}},
		"behind TLS":                {map[string]string{"HOST": "localhost", "CLIENT_ORIGIN": "https://chat.example.org"}, nil, []string{"warning SIGNUP"}},
		"the operator chose open":   {map[string]string{"SIGNUP": "open"}, nil, []string{"!SIGNUP"}},
		"the operator chose closed": {map[string]string{"SIGNUP": "closed"}, nil, []string{"!SIGNUP"}},
		"an admin chose open":       {nil, &chat.StoredSettings{Texts: map[string]string{"SIGNUP": "open"}}, []string{"!SIGNUP"}},
		"an invalid choice":         {nil, &chat.StoredSettings{Texts: map[string]string{"SIGNUP": "ajar"}}, []string{"warning SIGNUP: an admin has set a value", "warning SIGNUP: everyone"}},
		"an admin overrides":        {map[string]string{"HOST": "::1", "MAX_UPLOAD_SIZE": "20", "GUESTS": "true"}, &chat.StoredSettings{Limits: map[string]int{"maxUploadSize": 3 << 19}, Texts: map[string]string{"GUESTS": "true"}}, []string{"ok MAX_UPLOAD_SIZE: 1.5, which an admin has set; the environment's 20 is ignored", "!GUESTS", "!warning"}},
		"of a newer version":        {local, &chat.StoredSettings{Limits: map[string]int{"moonsPerHour": 3}, Texts: map[string]string{"MOON": "full"}}, []string{"warning MOON: ", "warning moonsPerHour: ", "!full"}},
	} {
		t.Run(name, func(t *testing.T) {
			env := map[string]string{}
			maps.Copy(env, c.env)
			wantWords(t, format(gradeSettings(load(t, env), c.stored)...), c.want...)
		})
	}
}
