package backup

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// output is the file of an archive. It gets its final name only when it is complete.
type output struct {
	*bufio.Writer
	file *os.File
	path string
}

const partialSuffix = ".partial"

// createOutput creates the file path.partial, readable only by its owner.
func createOutput(path string) (*output, error) {
	if err := mustNotExist(path); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path+partialSuffix, os.O_CREATE|os.O_WRONLY|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, fmt.Errorf("create backup: %w", err)
	}
	if err := claim(file); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &output{bufio.NewWriterSize(file, 1<<20), file, path}, nil
}

// claim locks the file and truncates what a killed backup left in it. It returns an error if another
// backup uses it, or has renamed or removed it after it was opened.
func claim(file *os.File) error {
	err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err != nil || !hasName(file) {
		return fmt.Errorf("another backup is writing %s", file.Name())
	}
	if err := errors.Join(file.Truncate(0), file.Chmod(0o600)); err != nil {
		return fmt.Errorf("create backup: %w", err)
	}
	return nil
}

// hasName reports whether the file still has the name under which it was opened.
func hasName(file *os.File) bool {
	opened, err := file.Stat()
	if err != nil {
		return false
	}
	named, err := os.Lstat(file.Name())
	return err == nil && os.SameFile(opened, named)
}

func mustNotExist(path string) error {
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("%s already exists: a backup never overwrites a file", path)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("create backup: %w", err)
	}
	return nil
}

// publish renames the complete file to its final name, durably.
func (o *output) publish() (size int64, err error) {
	if err := errors.Join(o.Flush(), o.file.Sync()); err != nil {
		return 0, fmt.Errorf("write backup: %w", err)
	}
	info, err := o.file.Stat()
	if err == nil {
		err = mustNotExist(o.path)
	}
	if err == nil {
		err = os.Rename(o.file.Name(), o.path)
	}
	if err != nil {
		return 0, fmt.Errorf("write backup: %w", err)
	}
	dir, err := os.Open(filepath.Dir(o.path))
	if err != nil {
		return 0, fmt.Errorf("write backup: %w", err)
	}
	return info.Size(), errors.Join(dir.Sync(), dir.Close(), o.file.Close())
}

// discard removes the file of a failed backup.
func (o *output) discard() error { return errors.Join(os.Remove(o.file.Name()), o.file.Close()) }

// The names of archives in a folder sort by time.
const (
	namePrefix  = "chillin-"
	nameTime    = "20060102-150405"
	plainSuffix = ".tar.zst"
	sealSuffix  = ".tar.zst.age"
)

// fileIn returns the name for a backup in a folder.
func fileIn(dir string, at time.Time, sealed bool) string {
	suffix := plainSuffix
	if sealed {
		suffix = sealSuffix
	}
	return filepath.Join(dir, namePrefix+at.UTC().Format(nameTime)+suffix)
}

// isArchiveName reports whether name has the form of fileIn.
func isArchiveName(name string) bool {
	rest, is := strings.CutPrefix(name, namePrefix)
	rest, encrypted := strings.CutSuffix(rest, sealSuffix)
	if !encrypted {
		var plain bool
		if rest, plain = strings.CutSuffix(rest, plainSuffix); !plain {
			return false
		}
	}
	_, err := time.Parse(nameTime, rest)
	return is && err == nil
}

// prune removes all archives in a folder except the newest ones, and the remains of killed backups. It
// only removes files with names of fileIn, and never made, the new archive, whose name may not be the
// newest if the clock was wrong before.
func prune(dir, made string, keep int) (removed []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("remove old backups: %w", err)
	}
	var archives []string
	for _, e := range entries {
		name, partial := strings.CutSuffix(e.Name(), partialSuffix)
		switch {
		case !isArchiveName(name) || !e.Type().IsRegular():
		case partial:
			if abandoned(filepath.Join(dir, e.Name())) {
				removed = append(removed, e.Name())
			}
		default:
			archives = append(archives, name)
		}
	}
	slices.Sort(archives)
	if keep > 0 && len(archives) > keep {
		old := archives[:len(archives)-keep]
		removed = append(removed, slices.DeleteFunc(old, func(name string) bool { return name == filepath.Base(made) })...)
	}
	for _, name := range removed {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			return nil, fmt.Errorf("remove old backups: %w", err)
		}
	}
	return removed, nil
}

// abandoned reports whether no process writes the file.
func abandoned(path string) bool {
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return false
	}
	defer file.Close()
	return syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil
}
