package chat

// Backup describes a backup that finished.
type Backup struct {
	FinishedAt Time // 0 if there has been none
	Messages   int64
	Files      int64
	Bytes      int64 // of the archive
}
