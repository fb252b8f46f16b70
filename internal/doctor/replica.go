package doctor

import (
	"context"
	"fmt"

	"github.com/chillin-chat/chillin/internal/config"
	"github.com/chillin-chat/chillin/internal/store/schema"
)

// replica checks the replica of the database.
func replica(ctx context.Context, c config.Config) []Finding {
	const about = "replica"
	if c.Database.Replica == "" {
		return nil
	}
	address := c.Database.ReplicaAddress()
	f, err := schema.InspectReplica(ctx, c.Database.DSN.Reveal(), address.DSN.Reveal(), c.Database.Pooled)
	if err != nil {
		return []Finding{warning(about, fmt.Sprintf("at %s cannot be used, so that nodes read from the primary. %s (%s)", host(address.DSN), PostgresCause(address, err), hidden(c, err)))}
	}
	return []Finding{gradeReplica(f, host(address.DSN))}
}

// muchBehind is how many bytes of the log a replica may be behind without a warning: less than a busy
// primary writes in a second.
const muchBehind = 16 << 20

func gradeReplica(f schema.ReplicaFacts, at string) Finding {
	const about = "replica"
	behind := fmt.Sprintf("%.1f MiB of the log behind", float64(f.BehindBytes)/(1<<20))
	switch {
	case !f.SameDatabase:
		return wrong(about, at+" is not a replica of this database: set DATABASE_REPLICA_URL to a physical standby of the same server, with the same database name")
	case !f.Standby:
		return warning(about, at+" accepts writes, so that nodes do not read from it: it is the primary itself, or was promoted")
	case f.Paused:
		return warning(about, at+" does not replay the log ("+behind+"): SELECT pg_wal_replay_resume()")
	case !f.Receiving:
		return warning(about, at+" is not connected to the primary ("+behind+"): compare its primary_conninfo and its log")
	case f.BehindBytes > muchBehind:
		return warning(about, at+" is "+behind+": as long as it is, nodes read from the primary")
	}
	return ok(about, at+" is a standby of this database, "+behind)
}
