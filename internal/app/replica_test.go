package app_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/chillin-chat/chillin/internal/store"
	testenv "github.com/chillin-chat/chillin/internal/test/env"
)

// A node works through PgBouncer, and without its replica as well as with it.
func TestNodeBehindPgBouncerWithReplica(t *testing.T) {
	var standby *testenv.PostgresServer
	s := startWithOwnEngines(t, func(s *ownEngines, env map[string]string) {
		servers := testenv.New(t)
		primary, err := servers.Postgres(testenv.PostgresOptions{Settings: map[string]string{"synchronous_commit": "on"}})
		s.must(err)
		direct, err := primary.Create(t.Context())
		s.must(err)
		standby, err = servers.Standby(primary, testenv.PostgresOptions{})
		s.must(err)
		pooler, err := servers.PgBouncer(direct, testenv.PgBouncerOptions{Size: 6})
		s.must(err)
		env["DATABASE_URL"], err = pooler.Through(direct)
		s.must(err)
		env["DATABASE_REPLICA_URL"], err = standby.At(direct)
		s.must(err)
		env["DATABASE_POOLER"], env["DATABASE_DIRECT_URL"] = "transaction", direct
	})
	s.expectEngine("replica", "")
	s.must(standby.Kill())
	s.expectEngine("replica", "unreachable")
	s.must(standby.Start())
	s.expectEngine("replica", "")
	s.expectMetric("chillin_replica_lag_seconds 0")
}

func TestUndeclaredPoolerAndWrongReplicaPreventTheStart(t *testing.T) {
	pooled, direct := testenv.Pooled(t)
	if _, reason := startError(t, map[string]string{"DATABASE_URL": pooled}); !strings.Contains(reason.Error(), "DATABASE_POOLER=transaction") {
		t.Errorf("err = %v, want it to name the setting", reason)
	}
	other := testenv.Postgres(t)
	_, reason := startError(t, map[string]string{"DATABASE_URL": direct, "DATABASE_REPLICA_URL": other})
	if !errors.Is(reason, store.ErrOtherDatabase) || !strings.HasPrefix(reason.Error(), "DATABASE_REPLICA_URL: ") {
		t.Errorf("err = %v, want the variable of the replica", reason)
	}
	conn, err := pgx.Connect(t.Context(), direct)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	if _, err := conn.Exec(t.Context(), `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off', current_database()); END $$`); err != nil {
		t.Fatal(err)
	}
	_, reason = startError(t, map[string]string{"DATABASE_URL": pooled, "DATABASE_POOLER": "transaction", "DATABASE_DIRECT_URL": direct})
	if !errors.Is(reason, store.ErrNotDurable) {
		t.Errorf("err = %v, want %v", reason, store.ErrNotDurable)
	}
}
