package settings

var logs = Area{
	Name:    "Log",
	Summary: "level and format (text or JSON) of the logs",
	Settings: []Setting{
		{
			Name: "LOG_LEVEL", Type: Choice, Default: "info", Choices: []string{"info", "debug", "warn", "error"},
			Description: "debug, info, warn or error.",
		},
		{
			Name: "LOG_FORMAT", Type: Choice, Default: "text", Choices: []string{"text", "json"},
			Description: "text or json.",
		},
	},
}
