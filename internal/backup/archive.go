// Package backup writes a whole chat to one archive, checks it and restores it, while nodes run, with
// little memory.
//
// An archive is a tar file (PAX), compressed with zstd, and optionally encrypted with age
// (https://age-encryption.org/v1). Its entries are, in this order:
//
//	chillin-backup.json         Header: the version of this format and of the schema, the tables
//	tables/NAME/000001.jsonl    rows of a table, one JSON array per line, in the order of the columns
//	blobs/KEY                   a file or an avatar, with its content type in CHILLIN.type
//	manifest.json               Manifest: counts and digests of all other entries
//
// Every entry has its SHA-256 in the PAX record CHILLIN.sha256. An archive without a manifest is
// incomplete. Rows are the same for both engines: integers, strings, booleans, numbers, null, and
// base64 for bytes.
package backup

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"math/big"

	"github.com/chillin-chat/chillin/internal/store"
)

// FormatVersion is the version of the archives that this chillin writes and reads.
const FormatVersion = 1

const (
	formatName   = "chillin-backup"
	headerName   = "chillin-backup.json"
	manifestName = "manifest.json"
	tablePrefix  = "tables/"
	blobPrefix   = "blobs/"

	recordSHA256 = "CHILLIN.sha256"
	recordType   = "CHILLIN.type"
)

// The limits protect readers of an archive. A writer stays far below them.
const (
	chunkSize = 1 << 20  // approximate size of the entries with rows of a table
	maxChunk  = 64 << 20 // maximum size of such an entry, which has at least one row
	maxBlob   = 2 << 30  // MAX_UPLOAD_SIZE is at most 1 GiB
	maxJSON   = 1 << 20  // of the header and the manifest
	maxWindow = 8 << 20  // of zstd: the memory that an archive can require
)

// Header is the first entry.
type Header struct {
	Format    string        `json:"format"`
	Version   int           `json:"version"`
	ID        string        `json:"id"`
	CreatedAt int64         `json:"createdAt"` // Unix milliseconds
	Schema    uint          `json:"schema"`
	Epoch     string        `json:"epoch"`
	Tables    []store.Table `json:"tables"`
}

// Manifest is the last entry.
type Manifest struct {
	Tables map[string]TableSum `json:"tables"`
	// RowBytes is the size of all entries with rows.
	RowBytes  int64 `json:"rowBytes"`
	Blobs     int64 `json:"blobs"`
	BlobBytes int64 `json:"blobBytes"`
	// Missing is the number of blobs that a row refers to and that the storage did not have.
	Missing int64 `json:"missing"`
	// Digest is the SHA-256 over the names and sums of all other entries.
	Digest string `json:"digest"`
}

// TableSum describes the rows of a table.
type TableSum struct {
	Rows int64 `json:"rows"`
	// Digest is the sum of the SHA-256 of all lines, modulo 2^256. It does not depend on the order of
	// the rows.
	Digest string `json:"digest"`
}

// rowSum computes a TableSum.
type rowSum struct {
	rows int64
	sum  big.Int
	one  big.Int
}

func (s *rowSum) add(line []byte) {
	hash := sha256.Sum256(line)
	s.sum.Add(&s.sum, s.one.SetBytes(hash[:]))
	s.rows++
}

func (s *rowSum) total() TableSum {
	var modulus, rest big.Int
	modulus.Lsh(big.NewInt(1), 256)
	return TableSum{Rows: s.rows, Digest: hex.EncodeToString(rest.Mod(&s.sum, &modulus).FillBytes(make([]byte, 32)))}
}

// chain computes the digest of a manifest.
type chain struct{ hash hash.Hash }

func newChain() chain { return chain{sha256.New()} }

func (c chain) add(name, contentType, sum string) {
	_, _ = io.WriteString(c.hash, name+"\n"+contentType+"\n"+sum+"\n") // never fails
}

func (c chain) total() string { return hex.EncodeToString(c.hash.Sum(nil)) }
