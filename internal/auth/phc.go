package auth

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// phc is a stored hash in the PHC string format, https://github.com/P-H-C/phc-string-format
type phc struct {
	cost      Cost
	salt, key []byte
}

// Bounds of the cost in a stored string. An imported row must not be able to use a gigabyte at each
// login.
const (
	maxMemory  = 256 * 1024 // KiB
	maxPasses  = 10
	maxThreads = 8
)

var errPHC = errors.New("stored hash is not an argon2id PHC string within bounds")

// raw is unpadded base64 that refuses nonzero trailing bits.
var raw = base64.RawStdEncoding.Strict()

func (p phc) String() string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version,
		p.cost.Memory, p.cost.Passes, p.cost.Threads, raw.EncodeToString(p.salt), raw.EncodeToString(p.key))
}

func parsePHC(s string) (p phc, err error) {
	parts := strings.Split(s, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return phc{}, errPHC
	}
	var memory, passes, threads int
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &memory, &passes, &threads); err != nil {
		return phc{}, errPHC
	}
	if memory < 8*threads || memory > maxMemory || passes < 1 || passes > maxPasses || threads < 1 || threads > maxThreads {
		return phc{}, errPHC
	}
	p.cost = Cost{Memory: uint32(memory), Passes: uint32(passes), Threads: uint8(threads)}
	if p.salt, err = raw.DecodeString(parts[4]); err != nil || len(p.salt) < 8 || len(p.salt) > 64 {
		return phc{}, errPHC
	}
	if p.key, err = raw.DecodeString(parts[5]); err != nil || len(p.key) < 16 || len(p.key) > 64 {
		return phc{}, errPHC
	}
	if p.String() != s { // accept only the canonical form: no "m=+1", no trailing text
		return phc{}, errPHC
	}
	return p, nil
}
