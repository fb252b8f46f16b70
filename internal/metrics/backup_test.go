package metrics

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestAgeOfTheLastBackup(t *testing.T) {
	m := New()
	if got := scrape(t, m); !strings.Contains(got, "chillin_backup_age_seconds NaN\n") {
		t.Error("before the first backup the age is not NaN")
	}
	age := func() float64 {
		t.Helper()
		match := regexp.MustCompile(`(?m)^chillin_backup_age_seconds (\S+)$`).FindStringSubmatch(scrape(t, m))
		if match == nil {
			t.Fatal("the metrics lack chillin_backup_age_seconds")
		}
		seconds, err := strconv.ParseFloat(match[1], 64)
		if err != nil {
			t.Fatal(err)
		}
		return seconds
	}
	m.LastBackup(time.Now().Add(-time.Hour))
	first := age()
	if first < 3600 || first > 7200 {
		t.Errorf("age = %v s, want an hour", first)
	}
	// The age also grows while the database is unavailable, so that an old backup is noticed.
	time.Sleep(2 * time.Millisecond)
	if second := age(); second <= first {
		t.Errorf("later the age = %v s, want more than %v", second, first)
	}
	m.LastBackup(time.Now())
	if newest := age(); newest > 1800 {
		t.Errorf("after another backup the age = %v s, want almost none", newest)
	}
}
