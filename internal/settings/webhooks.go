package settings

var webhooks = Area{
	Name:    "Webhooks",
	Summary: "lets outgoing webhooks reach private and local addresses; off by default",
	Settings: []Setting{
		{
			Name: "WEBHOOK_ALLOW_PRIVATE", Type: Boolean, Default: "false",
			Description: "Allow outgoing webhooks to private and local addresses (10.0.0.0/8, localhost, …): true or " +
				"false. Every admin of a room can choose the targets: allow this only if all of them may access " +
				"everything that this server can reach.",
		},
	},
}
