package config

// Backup configures the encryption of backups. Without any setting they are not encrypted.
type Backup struct {
	Passphrase   Secret // BACKUP_PASSPHRASE
	Recipient    string // BACKUP_RECIPIENT: age public keys, comma separated
	IdentityFile string // BACKUP_IDENTITY_FILE: age private keys, to check and restore backups
}

func (r *reader) backup() Backup {
	b := Backup{
		Passphrase: r.secret("BACKUP_PASSPHRASE"), Recipient: r.value("BACKUP_RECIPIENT"), IdentityFile: r.value("BACKUP_IDENTITY_FILE"),
	}
	if b.Passphrase != "" && b.Recipient != "" {
		r.addError("BACKUP_RECIPIENT", "cannot be combined with BACKUP_PASSPHRASE")
	}
	return b
}
