package store

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The plans of appends must not depend on the size of the tables when they were made.
func TestAppendsFindRowsByKey(t *testing.T) {
	s := openTestPostgres(t)
	alice := register(t, s, "alice")
	room := createRoom(t, s, alice, "Lobby")
	wantKeyPlans(t, s, "small tables")
	pool := s.dialect.(*postgresDialect).pool
	if _, err := pool.Exec(t.Context(), fmt.Sprintf(`
		SET statement_timeout = 0;
		INSERT INTO messages (room_id, seq, change_seq, kind, author_id, cid, send_hash, text, html, created_at)
		SELECT %d, n, n, 'text', %d, gen_random_uuid(), '', 'x', 'x', 1 FROM generate_series(2, 20000) AS n;
		ANALYZE`, room.ID, alice.User.ID)); err != nil {
		t.Fatal(err)
	}
	wantKeyPlans(t, s, "large tables")
}

func wantKeyPlans(t *testing.T, s *Store, when string) {
	t.Helper()
	conn, err := s.dialect.(*postgresDialect).appends.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	for _, query := range []string{
		lockRooms, selectMembers, selectKnown, selectReplied, lockUploads, updateHeads, insertMessages, insertMentions, attachUploads,
		takeNumber, selectSender, insertMessage, selectDirectMembers, selectDirectSender,
	} {
		params := slices.Compact(slices.Sorted(slices.Values(regexp.MustCompile(`\$\d+`).FindAllString(query, -1))))
		execute := `EXECUTE planned (` + strings.TrimSuffix(strings.Repeat("NULL, ", len(params)), ", ") + `)`
		if _, err := conn.Exec(t.Context(), `PREPARE planned AS `+query); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		rows, err := conn.Query(t.Context(), `EXPLAIN `+execute)
		if err != nil {
			t.Fatal(err)
		}
		var plan strings.Builder
		for rows.Next() {
			var line string
			if err := rows.Scan(&line); err != nil {
				t.Fatal(err)
			}
			plan.WriteString(line + "\n")
		}
		if _, err := conn.Exec(t.Context(), `DEALLOCATE planned`); err != nil {
			t.Fatal(err)
		}
		for _, slow := range []string{"Seq Scan", "Hash Join", "Merge Join"} {
			if strings.Contains(plan.String(), slow) {
				t.Errorf("with %s: %s in the plan of %s:\n%s", when, slow, query, plan.String())
			}
		}
	}
}
