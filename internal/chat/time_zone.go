package chat

import (
	"regexp"
	"time"
	_ "time/tzdata" // the same names on every system, also without a database of time zones
)

// maxTimeZone is the maximum length of the name of a time zone. The longest one has 32 bytes.
const maxTimeZone = 64

// timeZoneName matches names of the IANA database. It excludes the other files that some
// systems have beside them, such as "posixrules" and "right/UTC".
var timeZoneName = regexp.MustCompile(`^[A-Z][A-Za-z0-9_+-]*(/[A-Z][A-Za-z0-9_+-]*){0,2}$`)

// CheckTimeZone returns BAD_REQUEST unless name is "" or the name of an IANA time zone in its
// own spelling: "Europe/Berlin", not "europe/berlin".
func CheckTimeZone(name string) error {
	if name == "" {
		return nil
	}
	known := len(name) <= maxTimeZone && timeZoneName.MatchString(name) && name != "Local" && name != "Factory"
	if known {
		_, err := time.LoadLocation(name)
		known = err == nil
	}
	if !known {
		return Errorf(BadRequest, "This is not the name of a time zone, such as Europe/Berlin.").WithField("timeZone")
	}
	return nil
}
