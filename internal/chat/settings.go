package chat

import "context"

// SettingStore stores the settings that admins have set for all nodes.
type SettingStore interface {
	// Settings returns what is set.
	Settings(ctx context.Context) (StoredSettings, error)
	// SetSettings sets the given settings; 0 or "" removes one. by is the actor. It returns NOT_FOUND
	// unless by is an admin of the server.
	SetSettings(ctx context.Context, by UserID, change StoredSettings) error
}

// StoredSettings are settings as they are stored. Limits have the names of the fields of Limits, because
// nodes of older versions read and write them; everything else has the names of variables.
type StoredSettings struct {
	Limits map[string]int
	Texts  map[string]string
}

// SettingSource says where the value of a setting comes from.
type SettingSource string

// The sources. A later one has precedence.
const (
	FromDefault     SettingSource = "default"
	FromEnvironment SettingSource = "environment" // of the node that responds
	FromAdmin       SettingSource = "admin"
)

// SettingView is a setting as admins see it. Its values are texts, as in the environment; "" is none.
type SettingView struct {
	Name        string        `json:"name" doc:"The variable of the environment."`
	Area        string        `json:"area" doc:"The group of settings, for people."`
	Label       string        `json:"label" doc:"For people; the name if admins cannot change it."`
	Description string        `json:"description"`
	Type        string        `json:"type" enum:"text,list,number,size,boolean,choice" doc:"A size is a number of MiB, which can have a fraction. A list is separated by commas."`
	Value       string        `json:"value" doc:"The value in force on the node that responds."`
	Default     string        `json:"default"`
	Environment string        `json:"environment,omitempty" doc:"The value in the environment of the node that responds."`
	Source      SettingSource `json:"source" enum:"default,environment,admin"`
	ChangedBy   string        `json:"changedBy" enum:"admin,operator" doc:"Settings of the operator can only be changed in the environment, and need a restart."`
	Minimum     *int          `json:"minimum,omitempty"`
	Maximum     *int          `json:"maximum,omitempty" doc:"Of a number or size; the greatest length of a text."`
	Choices     []string      `json:"choices,omitempty"`
	Unit        string        `json:"unit,omitempty"`
	Limit       string        `json:"limit,omitempty" doc:"Its name in /admin/limits."`
}

// SettingList contains all settings except secrets, by area.
type SettingList struct {
	Settings []SettingView `json:"settings"`
}

// ServerInfo is what everyone may know about the server, also without a session.
type ServerInfo struct {
	Name          string           `json:"name" doc:"For people."`
	Version       string           `json:"version" doc:"The version of the node that responds."`
	SignUp        string           `json:"signup" enum:"open,closed" doc:"Whether new accounts can be created; more values may be added."`
	Guests        bool             `json:"guests" doc:"Whether guests can join."`
	PasswordLogin bool             `json:"passwordLogin" doc:"Whether users can sign in by password."`
	Mail          bool             `json:"mail" doc:"Whether the server sends mail."`
	Providers     []SignInProvider `json:"providers" doc:"Other ways to sign in; none so far."`
	Passkeys      bool             `json:"passkeys" doc:"Whether users can sign in by passkey."`
}

// SignInProvider is a provider of single sign-on.
type SignInProvider struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}
