package app

import (
	"context"
	"errors"
	"time"

	"github.com/chillin-chat/chillin/internal/backup"
	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/config"
	"github.com/chillin-chat/chillin/internal/store"
)

// Backup writes a backup of the configured chat to a file, or to a new file in a folder. In a folder it
// keeps only the newest backups if keep is not 0. Nodes may run.
func Backup(ctx context.Context, c config.Config, path string, keep int, keys backup.Keys) (r backup.Report, err error) {
	e := &engines{}
	defer func() { err = errors.Join(err, e.close()) }()
	if e.store, err = openDatabase(ctx, c, store.Options{Shared: true}); err != nil {
		return r, err
	}
	e.closers = append(e.closers, e.store.Close)
	if err := e.openBlobs(c); err != nil {
		return r, err
	}
	snapshot := func(ctx context.Context) (*store.Snapshot, error) {
		if c.Database.Engine == config.Postgres {
			return store.PostgresSnapshot(ctx, c.Database.DirectAddress().DSN.Reveal())
		}
		return store.SQLiteSnapshot(ctx, c.DataDir)
	}
	return backup.Create(ctx, backup.Source{Store: e.store, Snapshot: snapshot, Blobs: e.blobs, Now: time.Now}, path, keep, keys)
}

// CheckBackup restores a backup into a temporary database and removes it again: a schema in the
// configured Postgres, or a temporary SQLite file. Nodes may run.
func CheckBackup(ctx context.Context, c config.Config, path string, keys backup.Keys, sqlite bool) (backup.Report, error) {
	return backup.Check(ctx, path, keys, func(ctx context.Context) (*store.Restore, error) {
		if c.Database.Engine == config.Postgres && !sqlite {
			return store.ScratchPostgres(ctx, c.Database.DirectAddress().DSN.Reveal())
		}
		return store.ScratchSQLite(ctx)
	})
}

// RestoreBackup restores a backup into the configured database and storage. The database must be empty,
// and no node may use it.
func RestoreBackup(ctx context.Context, c config.Config, path string, keys backup.Keys, endSessions bool) (r backup.Report, err error) {
	e := &engines{}
	defer func() { err = errors.Join(err, e.close()) }()
	return backup.Restore(ctx, path, keys, backup.Target{
		Database: func(ctx context.Context) (*store.Restore, error) {
			if c.Database.Engine == config.Postgres {
				return store.RestorePostgres(ctx, c.Database.DirectAddress().DSN.Reveal())
			}
			return store.RestoreSQLite(c.DataDir)
		},
		Blobs: func() (chat.Blobs, error) {
			err := e.openBlobs(c)
			return e.blobs, err
		},
		EndSessions: endSessions,
	})
}

// readLastBackupEvery is how often a node reads the time of the last backup from the database.
const readLastBackupEvery = time.Minute

// watchBackups updates the metric of the last backup until ctx ends. If the database does not answer,
// the metric keeps its value.
func (a *App) watchBackups(ctx context.Context) {
	tick := time.NewTicker(readLastBackupEvery)
	defer tick.Stop()
	for {
		if last, err := a.engines.store.LastBackup(ctx); err == nil && last.FinishedAt > 0 {
			a.metrics.LastBackup(last.FinishedAt.Std())
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
