package doctor

import (
	"fmt"
	"time"

	"github.com/chillin-chat/chillin/internal/store/schema"
)

// gradeBackup reports the age of the last backup. It returns nothing for a database of a version that
// does not record backups.
func gradeBackup(f schema.Facts, now time.Time) []Finding {
	const (
		about = "backup"
		fix   = "run chillin backup FOLDER --keep 14, and schedule it nightly (docs/operating.md, Backup and restore). Backups by other programs are not detected"
	)
	last := f.LastBackup
	switch {
	case last == nil:
		return nil
	case last.FinishedAt == 0:
		return []Finding{warning(about, "there is no backup:  "+fix)}
	}
	text := fmt.Sprintf("the last backup is %s old and has %d messages and %d files", age(now.Sub(last.FinishedAt.Std())), last.Messages, last.Files)
	if last.Overdue(now) {
		return []Finding{warning(about, text+": "+fix)}
	}
	return []Finding{ok(about, text)}
}

// age formats a duration in whole minutes, hours or days.
func age(d time.Duration) string {
	switch {
	case d < 2*time.Hour:
		return fmt.Sprintf("%d minutes", max(d, 0)/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d hours", d/time.Hour)
	}
	return fmt.Sprintf("%d days", d/(24*time.Hour))
}
