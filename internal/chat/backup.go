package chat

import (
	"time"
)

// OldBackup is the age from which a backup is overdue. The alert ChillinBackupOld has the
// same.
const OldBackup = 48 * time.Hour

// Backup describes a backup that finished.
type Backup struct {
	FinishedAt Time  `json:"finishedAt" format:"date-time"` // 0 if there has been none
	Messages   int64 `json:"messages"`
	Files      int64 `json:"files"`
	Bytes      int64 `json:"bytes" doc:"The size of the archive."`
}

// Overdue reports whether a newer backup than b should exist.
func (b Backup) Overdue(now time.Time) bool {
	return b.FinishedAt == 0 || now.Sub(b.FinishedAt.Std()) > OldBackup
}

// ServerState is what admins see of the server as a whole.
type ServerState struct {
	LastBackup    *Backup `json:"lastBackup,omitempty" doc:"Missing if chillin backup has not made one."`
	BackupOverdue bool    `json:"backupOverdue" doc:"Whether there is no backup or the last one is older than two days."`
}
