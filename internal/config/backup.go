package config

// Backup says how backups are encrypted; with nothing set they are not.
type Backup struct {
	Passphrase   Secret // BACKUP_PASSPHRASE
	Recipient    string // BACKUP_RECIPIENT: public keys of age, comma separated
	IdentityFile string // BACKUP_IDENTITY_FILE: private keys of age, to check and restore
}

func (r *reader) backup() Backup {
	b := Backup{
		Passphrase: r.secret("BACKUP_PASSPHRASE"), Recipient: r.lookup("BACKUP_RECIPIENT"), IdentityFile: r.lookup("BACKUP_IDENTITY_FILE"),
	}
	if b.Passphrase != "" && b.Recipient != "" {
		r.fault("BACKUP_RECIPIENT", "cannot be combined with BACKUP_PASSPHRASE")
	}
	return b
}
