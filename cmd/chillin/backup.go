package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/chillin-chat/chillin/internal/app"
	"github.com/chillin-chat/chillin/internal/backup"
	"github.com/chillin-chat/chillin/internal/config"
)

func backupCommand() *cobra.Command {
	var keep int
	var encrypt bool
	c := &cobra.Command{
		Use:   "backup FILE",
		Short: "Write a backup of everything into one file, while the server runs",
		Long: "Backup writes all rows and all files of the configured chat into one archive. Nodes may run.\n" +
			"FILE must not exist. If it is a folder, the archive gets a name with the time of the backup.\n" +
			"The archive is encrypted if BACKUP_PASSPHRASE or BACKUP_RECIPIENT is set, or with --encrypt.",
		Example: "  chillin backup /backups --keep 14\n  chillin backup chat.tar.zst.age --encrypt",
		Args:    arguments("FILE"),
		RunE: func(c *cobra.Command, args []string) error {
			return runBackup(c, "Backup written.", func(settings config.Config, keys backup.Keys) (r backup.Report, err error) {
				if encrypt && keys.Passphrase == "" && keys.Recipients == "" {
					if keys.Passphrase, err = askNewPassphrase(); err != nil {
						return r, err
					}
				}
				return app.Backup(c.Context(), settings, args[0], keep, keys)
			})
		},
	}
	c.Flags().IntVar(&keep, "keep", 0, "remove all but the newest `N` backups from the folder FILE; 0 removes none")
	c.Flags().BoolVar(&encrypt, "encrypt", false, "ask for a passphrase if none is set")
	c.AddCommand(backupCheckCommand())
	return c
}

func backupCheckCommand() *cobra.Command {
	var sqlite bool
	c := &cobra.Command{
		Use:   "check FILE",
		Short: "Restore a backup into a temporary database and compare",
		Long: "Check reads a whole backup, restores its rows into a temporary database and compares every row, the\n" +
			"heads of the rooms and the checksums of all files. The temporary database is a separate schema in the\n" +
			"configured Postgres, or a temporary SQLite file; it is removed afterwards. Nodes may run.",
		Args: arguments("FILE"),
		RunE: func(c *cobra.Command, args []string) error {
			return runBackup(c, "The backup is complete and can be restored.", func(settings config.Config, keys backup.Keys) (backup.Report, error) {
				return app.CheckBackup(c.Context(), settings, args[0], keys, sqlite)
			})
		},
	}
	c.Flags().BoolVar(&sqlite, "sqlite", false, "use a temporary SQLite file even if Postgres is configured")
	return c
}

func restoreCommand() *cobra.Command {
	var endSessions bool
	c := &cobra.Command{
		Use:   "restore FILE",
		Short: "Restore a backup into an empty database",
		Long: "Restore reads a whole backup, copies its files to the configured storage and loads its rows into the\n" +
			"configured database, which must be empty. Stop all nodes first. The database gets a new epoch, so that\n" +
			"clients reload what they have. A backup of SQLite can be restored into Postgres and vice versa.\n" +
			"Run an interrupted restore again to complete it.",
		Args: arguments("FILE"),
		RunE: func(c *cobra.Command, args []string) error {
			return runBackup(c, "The backup is restored. Start the nodes.", func(settings config.Config, keys backup.Keys) (backup.Report, error) {
				return app.RestoreBackup(c.Context(), settings, args[0], keys, endSessions)
			})
		},
	}
	c.Flags().BoolVar(&endSessions, "end-sessions", false, "end all sessions; bots need new tokens")
	return c
}

// runBackup runs a backup command with the configured settings and prints its report.
func runBackup(c *cobra.Command, headline string, work func(config.Config, backup.Keys) (backup.Report, error)) error {
	settings, err := settings()
	if err != nil {
		return err
	}
	began := time.Now()
	r, err := work(settings, backupKeys(settings))
	if err != nil {
		return err
	}
	return printBackup(c.OutOrStdout(), headline, r, time.Since(began))
}

func backupKeys(c config.Config) backup.Keys {
	return backup.Keys{
		Passphrase:   c.Backup.Passphrase.Reveal(),
		Recipients:   strings.Join(strings.Split(c.Backup.Recipient, ","), "\n"),
		IdentityFile: c.Backup.IdentityFile,
		Ask:          func() (string, error) { return askPassphrase("Passphrase of the backup: ") },
	}
}

func askNewPassphrase() (string, error) {
	passphrase, err := askPassphrase("Passphrase for the backup: ")
	if err != nil {
		return "", err
	}
	again, err := askPassphrase("Repeat the passphrase: ")
	switch {
	case err != nil:
		return "", err
	case passphrase == "":
		return "", errors.New("the passphrase is empty")
	case passphrase != again:
		return "", errors.New("the passphrases do not match")
	}
	return passphrase, nil
}

// askPassphrase reads a line from the terminal without echo.
func askPassphrase(prompt string) (string, error) {
	terminal, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return "", errors.New("no terminal to read the passphrase from: set BACKUP_PASSPHRASE_FILE")
	}
	defer terminal.Close()
	fmt.Fprint(terminal, prompt)
	passphrase, err := term.ReadPassword(int(terminal.Fd()))
	fmt.Fprintln(terminal)
	if err != nil {
		return "", fmt.Errorf("read passphrase: %w", err)
	}
	return string(passphrase), nil
}

func printBackup(out io.Writer, headline string, r backup.Report, took time.Duration) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, headline)
	fmt.Fprintf(table, "file\t%s, %s\n", r.Path, size(r.Bytes))
	fmt.Fprintf(table, "created\t%s, schema version %d\n", r.CreatedAt.UTC().Format("2006-01-02 15:04:05 UTC"), r.Schema)
	fmt.Fprintf(table, "rows\t%d: %d users, %d rooms, %d messages and other rows\n", r.Rows, r.Users, r.Rooms, r.Messages)
	fmt.Fprintf(table, "files\t%d, %s\n", r.Blobs, size(r.BlobBytes))
	if r.Missing > 0 {
		fmt.Fprintf(table, "warning\t%d files are not in the storage although messages or users refer to them\n", r.Missing)
	}
	if r.Resumed {
		fmt.Fprintf(table, "resumed\tan interrupted restore\n")
	}
	if r.Kept > 0 {
		fmt.Fprintf(table, "kept\t%d files were in the storage already\n", r.Kept)
	}
	for _, name := range r.Removed {
		fmt.Fprintf(table, "removed\t%s\n", name)
	}
	fmt.Fprintf(table, "took\t%s\n", took.Round(time.Millisecond))
	return table.Flush()
}

func size(bytes int64) string {
	switch {
	case bytes < 10<<10:
		return fmt.Sprintf("%d bytes", bytes)
	case bytes < 10<<20:
		return fmt.Sprintf("%d KiB", bytes>>10)
	}
	return fmt.Sprintf("%d MiB", bytes>>20)
}
