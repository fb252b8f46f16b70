// Package migrations embeds the schema migrations of both engines for golang-migrate. A
// released file is never edited. Every change of the schema is a new pair of files in both
// folders.
package migrations

import "embed"

// FS contains the folders postgres and sqlite.
//
//go:embed postgres/*.sql sqlite/*.sql
var FS embed.FS
