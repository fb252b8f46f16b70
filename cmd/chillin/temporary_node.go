package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"

	"github.com/chillin-chat/chillin/internal/load"
)

// measureTemporaryNode starts a node and measures it. The node is a separate process, so that its cost
// can be measured, on a free port, with its own data and default settings.
func measureTemporaryNode(ctx context.Context, o load.Options) (_ []*load.Report, err error) {
	dir, err := os.MkdirTemp("", "chillin-load-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	metrics, err := freeAddr()
	if err != nil {
		return nil, err
	}
	life, end := context.WithCancel(context.WithoutCancel(ctx)) // outlives ctx, so that the rooms can be removed
	node, err := temporaryNode(life, dir, metrics, o.Profiles != "")
	defer end()
	if err != nil {
		return nil, err
	}
	stdout, err := node.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := node.Start(); err != nil {
		return nil, fmt.Errorf("start a node: %w", err)
	}
	defer func() {
		end()           // kill: its data is not needed
		_ = node.Wait() // always an error, because of the kill
	}()
	url, err := waitForGreeting(stdout)
	if err != nil {
		return nil, err
	}
	o.URLs, o.Metrics = []string{url}, []string{"http://" + metrics + "/metrics"}
	return load.RunSeries(ctx, o)
}

// temporaryNode returns the command of such a node: this program, with very high rate limits.
func temporaryNode(ctx context.Context, dir, metrics string, pprof bool) (*exec.Cmd, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	node := exec.CommandContext(ctx, program, "serve")
	node.Dir = dir // so that no .env is read
	node.Env = []string{
		"HOST=127.0.0.1", "PORT=0", "DATA_DIR=" + dir, "METRICS_ADDR=" + metrics, fmt.Sprintf("PPROF=%t", pprof), "LOG_LEVEL=error",
		"RATE_LIMIT_MESSAGES=1000000", "RATE_LIMIT_AUTH=1000000", "RATE_LIMIT_JOINS=1000000", "RATE_LIMIT_ROOMS=1000000",
	}
	for _, v := range os.Environ() {
		if strings.HasPrefix(v, "GO") { // GOGC, GOMAXPROCS, …
			node.Env = append(node.Env, v)
		}
	}
	node.Stderr = os.Stderr
	node.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C must not reach the node
	return node, nil
}

// greeting matches the address that a node prints when its port is open.
var greeting = regexp.MustCompile(`http://localhost(:\d+)`)

// waitForGreeting returns the address in the node's greeting. Later output is not read: the node prints
// nothing more.
func waitForGreeting(stdout io.Reader) (string, error) {
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if found := greeting.FindStringSubmatch(lines.Text()); found != nil {
			return "http://127.0.0.1" + found[1], nil
		}
	}
	return "", errors.Join(errors.New("node did not start"), lines.Err())
}

// freeAddr returns an unused loopback address.
func freeAddr() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	return listener.Addr().String(), listener.Close()
}
