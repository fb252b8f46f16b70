package settings

var backups = Area{
	Name:    "Backups",
	Summary: "keys that encrypt and decrypt backups",
	Settings: []Setting{
		{
			Name: "BACKUP_PASSPHRASE", Type: Secret,
			Description: "Encrypt backups with this passphrase.",
		},
		{
			Name: "BACKUP_RECIPIENT", Type: List,
			Description: "Encrypt backups for public keys of age (age1…, comma separated), in place of a passphrase. " +
				"Such a backup cannot be read on this machine, not even by this server.",
		},
		{
			Name: "BACKUP_IDENTITY_FILE", Type: Text,
			Description: "The file with the private keys of age, needed to check and restore such backups.",
		},
	},
}
