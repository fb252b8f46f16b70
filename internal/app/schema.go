package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/chillin-chat/chillin/internal/config"
	"github.com/chillin-chat/chillin/internal/doctor"
	"github.com/chillin-chat/chillin/internal/health"
	"github.com/chillin-chat/chillin/internal/store/schema"
)

const (
	// databaseTimeout is how long a starting node waits for the database, for example when all parts of
	// a stack start together.
	databaseTimeout = 30 * time.Second
	// retryEvery is the interval between attempts. Waiting is logged after the first second and then
	// every reportEvery.
	retryEvery  = 500 * time.Millisecond
	reportEvery = 10 * time.Second
)

// MigrateUp migrates the schema to the newest version. It waits up to half a minute for Postgres to
// start. It waits for a migration by another process until that process ends or ctx ends.
func MigrateUp(ctx context.Context, c config.Config, log *slog.Logger) error {
	return migrateUp(ctx, c, &health.Stage{}, log)
}

func migrateUp(ctx context.Context, c config.Config, stage *health.Stage, log *slog.Logger) error {
	deadline, nextReport := time.Now().Add(databaseTimeout), time.Now().Add(time.Second)
	var reported time.Time // when the log last reported that the database does not answer
	for {
		stage.Set("connecting")
		migrator, err := OpenSchema(ctx, c)
		found := err == nil
		if found {
			stage.Set("migrating")
			err = errors.Join(migrate(ctx, migrator, log), migrator.Close())
		}
		busy, wait := errors.AsType[*schema.BusyError](err)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case wait:
			deadline = time.Now().Add(databaseTimeout)
			if time.Now().After(nextReport) {
				log.Info("waiting for another process to migrate the schema",
					"connection", busy.PID, "address", busy.Address, "for", busy.For.String(), "index", busy.Phase)
				nextReport = time.Now().Add(reportEvery)
			}
		case found, c.Database.Engine != config.Postgres:
			return err
		case time.Now().After(deadline):
			return fmt.Errorf("%s: %w", doctor.PostgresCause(c.Database.DirectAddress(), err), err)
		case doctor.PostgresCause(c.Database.DirectAddress(), err).Permanent:
			return fmt.Errorf("%s: %w", doctor.PostgresCause(c.Database.DirectAddress(), err), err)
		case time.Since(reported) >= reportEvery:
			log.Warn("waiting for the database", "for", time.Until(deadline).Round(time.Second).String(),
				"cause", doctor.PostgresCause(c.Database.DirectAddress(), err).String(), "err", err)
			reported = time.Now()
		}
		select {
		case <-time.After(retryEvery):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// migrate runs Migrator.Up. It logs the result, and also the start if the migration takes more than a
// second.
func migrate(ctx context.Context, migrator *schema.Migrator, log *slog.Logger) error {
	newest, err := schema.Newest()
	if err != nil {
		return err
	}
	before, _, err := migrator.Version(ctx)
	if err != nil || before == newest {
		return errors.Join(err, migrator.Up(ctx))
	}
	began := time.Now()
	lasting := time.AfterFunc(time.Second, func() {
		log.Info("migrating the schema, which takes minutes on a large database", "from", before, "to", newest)
	})
	defer lasting.Stop()
	if err := migrator.Up(ctx); err != nil {
		return err
	}
	log.Info("schema migrated", "from", before, "to", newest, "took", time.Since(began).Round(time.Millisecond).String())
	return nil
}

// OpenSchema opens the schema of the configured database.
func OpenSchema(ctx context.Context, c config.Config) (*schema.Migrator, error) {
	if c.Database.Engine == config.Postgres {
		return schema.OpenPostgres(ctx, c.Database.DirectAddress().DSN.Reveal())
	}
	return schema.OpenSQLite(ctx, c.DataDir)
}
