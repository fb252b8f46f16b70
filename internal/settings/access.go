package settings

// The settings about who may come in.
const (
	ServerName = "SERVER_NAME"
	SignUp     = "SIGNUP"
	Guests     = "GUESTS"
)

// The choices of SignUp.
const (
	SignUpOpen   = "open"
	SignUpClosed = "closed"
)

var access = Area{
	Name:    "Access",
	Summary: "the name of the server, and who may come in",
	Text: "Admins can change these at run time, under Administration. What they set applies on all nodes and has " +
		"precedence over the environment.",
	Settings: []Setting{
		{
			Name: ServerName, Type: Text, Default: "Chillin", Max: 60, Admin: true,
			Label:       "Name of the server",
			Description: "The name that the sign-in page shows.",
		},
		{
			Name: SignUp, Type: Choice, Default: SignUpOpen, Choices: []string{SignUpOpen, SignUpClosed}, Admin: true,
			Label: "Who can create an account",
			Description: "open: everyone who can reach the server. closed: no one; the first account of a server can " +
				"be created all the same. Choose one if the server can be reached from the internet.",
		},
		{
			Name: Guests, Type: Boolean, Default: "true", Admin: true,
			Label: "Guests",
			Description: "Whether everyone can join as a guest, without an account. A guest expires " +
				"after 24 hours.",
		},
	},
}
