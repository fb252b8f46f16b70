// Package migrations embeds the schema of both engines for golang-migrate. A
// file that has shipped is never edited; every change is a new pair of files in
// both folders.
package migrations

import "embed"

// FS holds postgres/ and sqlite/.
//
//go:embed postgres/*.sql sqlite/*.sql
var FS embed.FS
