package chat

import (
	"strings"
	"testing"
)

func TestCheckTimeZone(t *testing.T) {
	for _, name := range []string{
		"", "UTC", "Europe/Berlin", "Europe/Kyiv", "America/Argentina/Buenos_Aires", "America/Port-au-Prince", "Africa/Dar_es_Salaam",
		"America/North_Dakota/New_Salem", "Etc/GMT+5", "Etc/GMT-14", "GMT", "EST5EDT", "Asia/Calcutta", "Asia/Kathmandu", "Antarctica/DumontDUrville",
	} {
		if err := CheckTimeZone(name); err != nil {
			t.Errorf("CheckTimeZone(%q) = %v, want nil", name, err)
		}
	}
	for _, name := range []string{
		"Local", "Factory", "Europe/Nowhere", "Nowhere", "europe/berlin", "EUROPE/BERLIN", "Europe/berlin", "utc", " UTC", "UTC ", "Europe/Berlin\n",
		"/etc/localtime", "../UTC", "Europe/../UTC", "Europe//Berlin", "Europe/", "Europe", "./UTC", `Europe\Berlin`, "right/UTC", "posix/UTC", "posixrules",
		"localtime", "leapseconds", "zone.tab", "+01:00", "CET+1", "Europe/Berlin\x00", strings.Repeat("A", 65), "Europe/" + strings.Repeat("a", 10_000),
	} {
		if err := CheckTimeZone(name); err == nil || CodeOf(err) != BadRequest {
			t.Errorf("CheckTimeZone(%.40q) = %v, want BAD_REQUEST", name, err)
		}
	}
}
