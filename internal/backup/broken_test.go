package backup

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/chillin-chat/chillin/internal/store"
)

// item is an entry of a disassembled archive.
type item struct {
	tar.Header
	body []byte
}

func readArchive(t *testing.T, path string) (items []item) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	decoder, err := zstd.NewReader(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	defer decoder.Close()
	for in := tar.NewReader(decoder); ; {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return items
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		items = append(items, item{*h, body})
	}
}

func writeArchive(t *testing.T, items []item) []byte {
	t.Helper()
	var out bytes.Buffer
	encoder, err := zstd.NewWriter(&out)
	if err != nil {
		t.Fatal(err)
	}
	archive := tar.NewWriter(encoder)
	for _, i := range items {
		if err := archive.WriteHeader(&i.Header); err != nil {
			t.Fatal(err)
		}
		_, _ = archive.Write(i.body[:min(int64(len(i.body)), i.Size)]) // a zip bomb declares more than it has
	}
	if err := archive.Flush(); err == nil {
		err = archive.Close()
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := encoder.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func find(items []item, prefix string) int {
	return slices.IndexFunc(items, func(i item) bool { return strings.HasPrefix(i.Name, prefix) })
}

// with returns an entry with another body and its checksum.
func (i item) with(body []byte) item {
	sum := sha256.Sum256(body)
	i.Size, i.body, i.PAXRecords = int64(len(body)), body, maps.Clone(i.PAXRecords)
	i.PAXRecords[recordSHA256] = hex.EncodeToString(sum[:])
	return i
}

func (i item) named(name string) item {
	i.Name = name
	return i
}

// change edits the JSON of an entry.
func change[T any](t *testing.T, items []item, name string, edit func(*T)) {
	t.Helper()
	n := find(items, name)
	var value T
	if err := json.Unmarshal(items[n].body, &value); err != nil {
		t.Fatal(err)
	}
	edit(&value)
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	items[n] = items[n].with(text)
}

// signed replaces the manifest by the correct one for items, as a forger could.
func signed(t *testing.T, items []item) []item {
	t.Helper()
	change(t, items, manifestName, func(m *Manifest) {
		sums, total := map[string]*rowSum{}, newChain()
		m.RowBytes, m.Blobs, m.BlobBytes = 0, 0, 0
		for table := range m.Tables {
			sums[table] = &rowSum{}
		}
		for _, i := range items {
			if i.Name == manifestName {
				continue
			}
			total.add(i.Name, i.PAXRecords[recordType], i.PAXRecords[recordSHA256])
			if strings.HasPrefix(i.Name, blobPrefix) {
				m.Blobs++
				m.BlobBytes += i.Size
			}
			if rest, is := strings.CutPrefix(i.Name, tablePrefix); is {
				table, _, _ := strings.Cut(rest, "/")
				m.RowBytes += i.Size
				if sums[table] == nil {
					sums[table] = &rowSum{}
				}
				for line := range bytes.Lines(i.body) {
					sums[table].add(line)
				}
			}
		}
		for table, sum := range sums {
			m.Tables[table] = sum.total()
		}
		m.Digest = total.total()
	})
	return items
}

// refused fails unless check and restore reject the archive with want in the error, and the target is
// still empty.
func refused(t *testing.T, name string, archive []byte, want string) {
	t.Helper()
	path, dir := filepath.Join(t.TempDir(), "broken.tar.zst"), t.TempDir()
	if err := os.WriteFile(path, archive, 0o600); err != nil {
		t.Fatal(err)
	}
	target := place{dir: dir}
	_, checked := Check(t.Context(), path, Keys{}, target.scratch)
	_, restored := Restore(t.Context(), path, Keys{}, target.target(t))
	for what, err := range map[string]error{"check": checked, "restore": restored} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %s: %v, want an error with %q", name, what, err, want)
		}
	}
	left, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range left {
		if info, err := f.Info(); err != nil || f.IsDir() || info.Size() > 0 {
			t.Errorf("%s: the target has %s, %v, want only empty files", name, f.Name(), err)
		}
	}
}

func goodArchive(t *testing.T) []byte {
	t.Helper()
	from := newTestChat(t, places[0].make(t))
	from.fill(t, 30, 4)
	text, err := os.ReadFile(makeBackup(t, from.place, Keys{}))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestDamagedArchiveIsRefused(t *testing.T) {
	good := goodArchive(t)
	for _, n := range []int{0, 1, 10, len(good) / 3, len(good) / 2, len(good) - 100, len(good) - 5, len(good) - 1} {
		refused(t, "truncated", good[:n], "")
	}
	refused(t, "trailing data", append(slices.Clone(good), "more"...), errBroken.Error())
	refused(t, "twice", append(slices.Clone(good), good...), errBroken.Error())
	decoder, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer decoder.Close()
	content, err := decoder.DecodeAll(good, nil)
	if err != nil {
		t.Fatal(err)
	}
	const flips = 60
	for n := range flips {
		at := n * len(good) / flips
		flipped := slices.Clone(good)
		flipped[at] ^= 1 << (n % 8)
		if same, err := decoder.DecodeAll(flipped, nil); err == nil && bytes.Equal(same, content) {
			continue // zstd has unused bits
		}
		refused(t, "flipped", flipped, "")
	}
}

func TestForgedArchiveIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "good.tar.zst")
	if err := os.WriteFile(path, goodArchive(t), 0o600); err != nil {
		t.Fatal(err)
	}
	good := readArchive(t, path)
	blob, table, end := find(good, blobPrefix), find(good, tablePrefix+"users/"), find(good, manifestName)
	line := func(text string) func([]item) []item {
		return func(i []item) []item {
			i[table] = i[table].with([]byte(text + "\n"))
			return i
		}
	}
	renamed := func(at int, name string) func([]item) []item {
		return func(i []item) []item {
			i[at] = i[at].named(name)
			return i
		}
	}
	header := func(edit func(*Header)) func([]item) []item {
		return func(i []item) []item {
			change(t, i, headerName, edit)
			return i
		}
	}
	for name, c := range map[string]struct {
		edit  func([]item) []item
		fault fault
		want  string
	}{
		"a blob is missing":                            {func(i []item) []item { return slices.Delete(i, blob, blob+1) }, damaged, "3 files"},
		"a blob is missing, according to the manifest": {func(i []item) []item { return slices.Delete(i, blob, blob+1) }, incomplete, ""},
		"a duplicate blob":                             {func(i []item) []item { return slices.Insert(i, blob, i[blob]) }, damaged, ""},
		"a table is missing":                           {func(i []item) []item { return slices.Delete(i, table, table+1) }, damaged, "users"},
		"a duplicate table":                            {func(i []item) []item { return slices.Insert(i, table, i[table]) }, damaged, "out of order"},
		"blobs in another order":                       {func(i []item) []item { i[blob], i[blob+1] = i[blob+1], i[blob]; return i }, damaged, "differ from"},
		"tables in another order":                      {func(i []item) []item { i[table], i[table+1] = i[table+1], i[table]; return i }, damaged, "out of order"},
		"rows after blobs": {func(i []item) []item {
			return slices.Insert(slices.Delete(slices.Clone(i), table, table+1), blob+1, i[table])
		}, forged, "out of order"},
		"no manifest":             {func(i []item) []item { return i[:end] }, damaged, "ends without manifest.json"},
		"no header":               {func(i []item) []item { return i[1:] }, forged, "does not begin with"},
		"more after the manifest": {func(i []item) []item { return append(i, i[blob]) }, damaged, "has data"},
		"another manifest":        {func(i []item) []item { return append(i, i[end]) }, damaged, "has data"},
		"another body":            {func(i []item) []item { i[blob].body = bytes.ToUpper(i[blob].body); return i }, damaged, "checksum"},
		"no checksum":             {func(i []item) []item { i[blob].PAXRecords = nil; return i }, damaged, "no checksum"},
		"another type": {func(i []item) []item {
			i[blob].PAXRecords = maps.Clone(i[blob].PAXRecords)
			i[blob].PAXRecords[recordType] = "text/html"
			return i
		}, damaged, "differ from"},

		"path traversal":   {renamed(blob, "blobs/../../../tmp/chillin-was-here"), forged, "not the name of a file"},
		"an absolute path": {renamed(blob, "/tmp/chillin-was-here"), forged, "does not belong"},
		"an absolute key":  {renamed(blob, "blobs//tmp/chillin-was-here"), forged, "not the name of a file"},
		"a hidden name":    {renamed(blob, "blobs/.tmp/x"), forged, "not the name of a file"},
		"a table's path":   {renamed(table, "tables/users/../../x"), forged, "out of order"},
		"a system table":   {renamed(table, "tables/sqlite_master/000001.jsonl"), forged, "out of order"},
		"a symbolic link": {func(i []item) []item {
			i[blob].Header.Typeflag, i[blob].Linkname, i[blob].Size, i[blob].body = tar.TypeSymlink, "/etc/passwd", 0, nil
			return i
		}, forged, "not a plain file"},
		"a folder": {func(i []item) []item {
			i[blob].Header.Typeflag, i[blob].Size, i[blob].body = tar.TypeDir, 0, nil
			return i
		}, forged, ""},

		"a blob of a terabyte":   {func(i []item) []item { i[blob].Size = 1 << 40; return i[:blob+1] }, damaged, "bytes"},
		"rows of a gigabyte":     {func(i []item) []item { i[table].Size = 1 << 30; return i[:table+1] }, damaged, "bytes"},
		"a header of a gigabyte": {func(i []item) []item { i[0].Size = 1 << 30; return i[:1] }, damaged, "bytes"},

		"text instead of rows":  {line("hello"), meaning, "users"},
		"too few values":        {line("[1]"), meaning, "values"},
		"a string for a number": {line(strings.Replace(string(bytes.TrimSpace(good[table].body)), "[1,", `["1",`, 1)), meaning, "users"},
		"a list in a list":      {line(strings.Repeat("[", 100_000)), meaning, "users"},
		"no user":               {line(strings.Replace(string(bytes.TrimSpace(good[table].body)), "[1,", `[7,`, 1)), meaning, ""},

		"no id":          {header(func(h *Header) { h.ID = "" }), forged, "ID"},
		"another format": {header(func(h *Header) { h.Format = "x" }), forged, "format"},
		"a newer format": {header(func(h *Header) { h.Version = 2 }), forged, "use a newer chillin"},
		"a newer schema": {header(func(h *Header) { h.Schema = 9999 }), forged, "or a newer one"},
		"schema 0":       {header(func(h *Header) { h.Schema = 0 }), meaning, "schema"},
		"an unknown table": {header(func(h *Header) {
			h.Tables = append(h.Tables, store.Table{Name: "x; DROP TABLE users", Columns: h.Tables[0].Columns})
		}), meaning, ""},
		"a derived table": {header(func(h *Header) {
			h.Tables = append(h.Tables, store.Table{Name: "backups", Columns: h.Tables[0].Columns})
		}), meaning, ""},
		"an unknown column": {header(func(h *Header) { h.Tables[1].Columns[0].Name = "id) VALUES (1); DROP TABLE users; --" }), meaning, "column"},
	} {
		t.Run(name, func(t *testing.T) {
			items := c.edit(slices.Clone(good))
			if c.fault != damaged && find(items, manifestName) >= 0 {
				items = signed(t, items)
			}
			if archive := writeArchive(t, items); c.fault < meaning {
				refused(t, name, archive, c.want)
			} else {
				refusedLate(t, name, archive, c.want, c.fault)
			}
		})
	}
}

// fault is the kind of an invalid archive.
type fault int

const (
	damaged    fault = iota // the manifest is that of the good archive
	forged                  // the manifest is correct
	meaning                 // the manifest is correct, and only loading the rows detects the error
	incomplete              // only check detects the error
)

// refusedLate fails unless check rejects the archive, and a restore leaves no database.
func refusedLate(t *testing.T, name string, archive []byte, want string, f fault) {
	t.Helper()
	path, target := filepath.Join(t.TempDir(), "forged.tar.zst"), place{dir: t.TempDir()}
	if err := os.WriteFile(path, archive, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Check(t.Context(), path, Keys{}, target.scratch); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%s: check: %v, want an error with %q", name, err, want)
	}
	if f == incomplete {
		return // a missing file does not prevent a restore
	}
	if _, err := Restore(t.Context(), path, Keys{}, target.target(t)); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%s: restore: %v, want an error with %q", name, err, want)
	}
	if info, err := os.Stat(filepath.Join(target.dir, "chillin.db")); err == nil && info.Size() > 0 {
		t.Errorf("%s: the target has a database", name)
	}
}

// TestLargeWindowIsRefused limits the memory that a zstd archive can require for its window.
func TestLargeWindowIsRefused(t *testing.T) {
	var out bytes.Buffer
	encoder, err := zstd.NewWriter(&out, zstd.WithWindowSize(256<<20), zstd.WithSingleSegment(false))
	if err != nil {
		t.Fatal(err)
	}
	zeros := make([]byte, 1<<20)
	for range 300 {
		if _, err := encoder.Write(zeros); err != nil {
			t.Fatal(err)
		}
	}
	if err := encoder.Close(); err != nil {
		t.Fatal(err)
	}
	refused(t, "large window", out.Bytes(), "window size")
}

// atSchema creates a chat with an older schema.
func atSchema(t *testing.T, p place, version uint) {
	t.Helper()
	migrator, err := p.migrator(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err = migrator.Up(t.Context()); err == nil {
		err = migrator.Down(t.Context(), version)
	}
	if err := errors.Join(err, migrator.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestOlderSchemaIsMigrated restores a backup of an older chillin.
func TestOlderSchemaIsMigrated(t *testing.T) {
	const old = 8 // the newest schema without backups
	onBothEngines(t, func(t *testing.T, place func(t *testing.T) place) {
		from, to := place(t), place(t)
		atSchema(t, from, old)
		from.exec(t, `INSERT INTO users (username, display_name, password, created_at, old_avatar) VALUES ('alice', 'Alice', 'x', 1, 'face')`)
		path := filepath.Join(t.TempDir(), "old.tar.zst")
		if err := writeOld(t.Context(), from, path); err != nil {
			t.Fatal(err)
		}
		if _, err := Check(t.Context(), path, Keys{}, from.scratch); err != nil {
			t.Errorf("check: %v", err)
		}
		if _, err := Restore(t.Context(), path, Keys{}, to.target(t)); err != nil {
			t.Fatal(err)
		}
		s := to.open(t)
		if due, err := s.ClaimBlobDeletions(t.Context(), 10, 0); err != nil || !slices.Equal(due, []string{"avatars/face"}) {
			t.Errorf("due blobs = %q, %v, want the result of the migration of the rows", due, err)
		}
	})
}

// writeOld writes a backup without a store, because the current store does not open this schema.
func writeOld(ctx context.Context, p place, path string) (err error) {
	snapshot, err := p.snapshot(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, snapshot.Close()) }()
	out, err := createOutput(path)
	if err != nil {
		return err
	}
	w, err := NewWriter(out, Header{Format: formatName, Version: FormatVersion, ID: "old", Schema: snapshot.Schema, Tables: snapshot.Tables})
	if err != nil {
		return err
	}
	for _, t := range snapshot.Tables {
		if err := w.Table(t, func(yield func([]any) error) error { return snapshot.Rows(ctx, t, yield) }); err != nil {
			return err
		}
	}
	if _, err := w.Close(); err != nil {
		return err
	}
	_, err = out.publish()
	return err
}
