package config

import (
	"slices"
	"strings"

	"github.com/chillin-chat/chillin/internal/origin"
)

// origins reads exact web origins. It refuses wildcards and paths: with a pattern that matches too
// much, other sites could act as the user.
func (r *reader) origins(key string) []string {
	var origins []string
	for v := range strings.SplitSeq(r.value(key), ",") {
		v = strings.TrimSpace(v)
		if v == "" {
			continue
		}
		normal, ok := origin.Normalize(v)
		if !ok {
			r.addError(key, "%q is not an exact origin, such as https://chat.example.org or http://localhost:3000", v)
			continue
		}
		if !slices.Contains(origins, normal) {
			origins = append(origins, normal)
		}
	}
	return origins
}
