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
	// startPatience is how long a node waits at its start for a database that is not
	// there yet, as when all parts of a stack start together.
	startPatience = 30 * time.Second
	// lookAgain is how soon it looks again, and a word of waiting comes after the first
	// second and then each wordEvery.
	lookAgain = 500 * time.Millisecond
	wordEvery = 10 * time.Second
)

// MigrateUp brings the schema to the newest version. It waits up to half a minute for
// a Postgres that is not there yet, and for another process that moves the schema as
// long as that lives and ctx lasts.
func MigrateUp(ctx context.Context, c config.Config, log *slog.Logger) error {
	return migrateUp(ctx, c, &health.Stage{}, log)
}

func migrateUp(ctx context.Context, c config.Config, stage *health.Stage, log *slog.Logger) error {
	deadline, word := time.Now().Add(startPatience), time.Now().Add(time.Second)
	var reported time.Time // when the log last said that the database does not answer
	for {
		stage.Set("connecting")
		migrator, err := OpenSchema(ctx, c)
		found := err == nil
		if found {
			stage.Set("migrating")
			err = errors.Join(moveUp(ctx, migrator, log), migrator.Close())
		}
		busy, wait := errors.AsType[*schema.BusyError](err)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case wait:
			deadline = time.Now().Add(startPatience)
			if time.Now().After(word) {
				log.Info("another process brings the schema up: waiting for it",
					"connection", busy.PID, "address", busy.Address, "for", busy.For.String(), "index", busy.Phase)
				word = time.Now().Add(wordEvery)
			}
		case found, c.Database.Engine != config.Postgres:
			return err
		case time.Now().After(deadline):
			return fmt.Errorf("%s: %w", doctor.PostgresCause(c.Database, err), err)
		case doctor.PostgresCause(c.Database, err).Permanent:
			return fmt.Errorf("%s: %w", doctor.PostgresCause(c.Database, err), err)
		case time.Since(reported) >= wordEvery:
			log.Warn("waiting for the database", "for", time.Until(deadline).Round(time.Second).String(),
				"cause", doctor.PostgresCause(c.Database, err).String(), "err", err)
			reported = time.Now()
		}
		select {
		case <-time.After(lookAgain):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// moveUp is Schema.Up with a word when it is done, and one before where it takes longer
// than a moment.
func moveUp(ctx context.Context, migrator *schema.Migrator, log *slog.Logger) error {
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
		log.Info("bringing the schema up: on a large database this takes minutes", "from", before, "to", newest)
	})
	defer lasting.Stop()
	if err := migrator.Up(ctx); err != nil {
		return err
	}
	log.Info("schema brought up", "from", before, "to", newest, "took", time.Since(began).Round(time.Millisecond).String())
	return nil
}

// OpenSchema opens the schema of the configured database.
func OpenSchema(ctx context.Context, c config.Config) (*schema.Migrator, error) {
	if c.Database.Engine == config.Postgres {
		return schema.OpenPostgres(ctx, c.Database.DSN.Reveal())
	}
	return schema.OpenSQLite(ctx, c.DataDir)
}
