package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/chillin-chat/chillin/internal/config"
)

// disk is a file system.
type disk struct {
	kind string // nfs, ext4, …; "" if unknown
	free uint64 // bytes
}

// folderFacts describe the data folder.
type folderFacts struct {
	path  string
	there bool
	err   error // of writing to it, or to the folder that would contain it
	disk  disk
}

func folder(_ context.Context, c config.Config) []Finding {
	if c.Database.Engine != config.SQLite && c.Storage.Kind != config.Disk {
		return nil
	}
	path, err := filepath.Abs(c.DataDir)
	if err != nil {
		path = c.DataDir
	}
	f := folderFacts{path: path, there: true}
	at := path
	for {
		_, err := os.Stat(at)
		if !errors.Is(err, fs.ErrNotExist) || at == filepath.Dir(at) {
			break
		}
		f.there, at = false, filepath.Dir(at)
	}
	f.err = tryFolder(at)
	f.disk = diskOf(at)
	return []Finding{gradeFolder(f, c.Database.Engine == config.SQLite)}
}

func tryFolder(path string) error {
	file, err := os.CreateTemp(path, ".chillin-doctor-")
	if err != nil {
		return err
	}
	return errors.Join(file.Close(), os.Remove(file.Name()))
}

const (
	littleSpace = 1 << 30
	noSpace     = 64 << 20
)

// remote are the file systems on which SQLite's locks and flushes are not reliable.
var remote = map[string]bool{"nfs": true, "smb": true, "9p": true, "ceph": true, "afs": true, "fuse": true}

func gradeFolder(f folderFacts, sqlite bool) Finding {
	const about = "DATA_DIR"
	text := fmt.Sprintf("%s, %s, %.1f GiB free", f.path, f.disk.kind, float64(f.disk.free)/(1<<30))
	if f.disk.kind == "" {
		text = f.path
	}
	switch {
	case f.err != nil:
		return wrong(about, fmt.Sprintf("%s cannot be written to: %v. Make the user that runs chillin its owner", f.path, f.err))
	case f.disk.kind != "" && f.disk.free < noSpace:
		return wrong(about, text+": free space")
	case sqlite && remote[f.disk.kind]:
		return wrong(about, text+": SQLite is not reliable on network file systems. Use a local disk, or Postgres (DB_HOST)")
	case f.disk.kind == "tmpfs":
		return warning(about, text+": memory, which is lost when the machine restarts")
	case f.disk.kind == "overlay":
		return warning(about, text+": the container's own layer, which is deleted with the container. Mount a volume there")
	case f.disk.kind != "" && f.disk.free < littleSpace:
		return warning(about, text+": free space soon")
	case !f.there:
		return ok(about, text+": it is created at the first start")
	}
	return ok(about, text)
}

func files(context.Context, config.Config) []Finding {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return nil
	}
	return []Finding{gradeFiles(limit.Max)} // Go raises its own limit to the hard limit
}

// ownFiles is the number of files that a node needs besides its sockets: connections to engines,
// uploads in progress, the database.
const ownFiles = 200

func gradeFiles(limit uint64) Finding {
	const about, enough = "open files", 8192
	people := max(int64(min(limit, 1<<30))-ownFiles, 0)
	switch {
	case people == 0:
		return wrong(about, fmt.Sprintf("the limit is %d, which is not enough to start: raise it (ulimit -n, LimitNOFILE, ulimits)", limit))
	case limit < enough:
		return warning(about, fmt.Sprintf("the limit is %d, enough for about %d connections: raise it if you expect more (ulimit -n, LimitNOFILE, ulimits)", limit, people))
	}
	return ok(about, fmt.Sprintf("the limit is %d; each socket needs one", limit))
}

func ports(ctx context.Context, c config.Config) []Finding {
	all := []Finding{gradePort("PORT", c.Addr(), tryPort(ctx, c.Addr()))}
	if report, err := askNode(ctx, c.Addr()); err == nil {
		all = append(all, gradeWarnings(report.Warnings)...)
	}
	if c.MetricsAddr != "" {
		all = append(all, gradePort("METRICS_ADDR", c.MetricsAddr, tryPort(ctx, c.MetricsAddr)))
	}
	return all
}

var errOurs = errors.New("used by a running chillin")

// tryPort returns nil if addr is free, errOurs if a node uses it, or the error of listening on it.
func tryPort(ctx context.Context, addr string) error {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", addr)
	if err == nil {
		return l.Close()
	}
	if errors.Is(err, syscall.EADDRINUSE) {
		if _, asked := askNode(ctx, addr); asked == nil {
			return errOurs
		}
	}
	return err
}

// nodeReport is the part of a node's /health/ready that is read.
type nodeReport struct {
	Checks   map[string]any `json:"checks"`
	Warnings []string       `json:"warnings"`
}

// askNode reads the health report at addr. No other program has one in this form.
func askNode(ctx context.Context, addr string) (report nodeReport, err error) {
	host, port, _ := net.SplitHostPort(addr)
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/health/ready", http.NoBody)
	if err != nil {
		return report, err
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Do(request)
	if err != nil {
		return report, err
	}
	defer answer.Body.Close()
	err = json.NewDecoder(io.LimitReader(answer.Body, 64<<10)).Decode(&report)
	if err == nil && report.Checks["database"] == nil {
		err = errors.New("not a chillin")
	}
	return report, err
}

// gradeWarnings explains the warnings of the running node: see health.Warning.
func gradeWarnings(warnings []string) (all []Finding) {
	for _, w := range warnings {
		switch w {
		case "untrusted_proxy":
			all = append(all, warning("TRUST_PROXY", "the running node received a request through a proxy that TRUST_PROXY does not name (its log has the address): if it is your proxy, add it. Otherwise all clients behind it share one address and its limits"))
		case "second_node_without_redis":
			all = append(all, wrong("REDIS_URL", "another node uses the database of the running node, and without Redis their users do not receive each other's messages immediately: set it on all nodes, or stop all but one"))
		default:
			all = append(all, warning("running node", w))
		}
	}
	return all
}

// tempFolder checks the folder to which uploads are written before they are stored.
func tempFolder(context.Context, config.Config) []Finding {
	path := os.TempDir()
	return []Finding{gradeTempFolder(folderFacts{path: path, err: tryFolder(path), disk: diskOf(path)})}
}

func gradeTempFolder(f folderFacts) Finding {
	const about = "temporary folder"
	text := fmt.Sprintf("%s, %s, %.1f GiB free", f.path, f.disk.kind, float64(f.disk.free)/(1<<30))
	switch {
	case f.err != nil:
		return wrong(about, fmt.Sprintf("%s cannot be written to: %v. Uploads need it: correct it, or set TMPDIR to another folder", f.path, f.err))
	case f.disk.kind == "":
		return ok(about, f.path)
	case f.disk.free < noSpace:
		return wrong(about, text+": free space, or set TMPDIR to another folder")
	case f.disk.free < littleSpace/4:
		return warning(about, text+": free space soon, or set TMPDIR to another folder")
	}
	return ok(about, text)
}

func gradePort(about, addr string, err error) Finding {
	_, port, _ := net.SplitHostPort(addr)
	number, _ := strconv.Atoi(port)
	switch {
	case errors.Is(err, errOurs):
		return ok(about, addr+": used by a running chillin")
	case errors.Is(err, syscall.EADDRINUSE):
		return wrong(about, addr+" is used by another program: stop it, or use another port")
	case errors.Is(err, syscall.EACCES) && number < 1024:
		return wrong(about, addr+" requires root: use a port above 1023 behind a proxy, or give the binary CAP_NET_BIND_SERVICE")
	case err != nil:
		return wrong(about, fmt.Sprintf("cannot listen on %s: %v", addr, err))
	case number == 0:
		return ok(about, "any free port")
	}
	return ok(about, addr+" is free")
}
