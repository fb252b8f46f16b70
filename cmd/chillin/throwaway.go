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

// onThrowaway measures a node that is started for it: a process of its own, so that
// what it costs is known, on a free port, with nobody's settings and data.
func onThrowaway(ctx context.Context, o load.Options) (_ *load.Report, err error) {
	dir, err := os.MkdirTemp("", "chillin-load-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	metrics, err := freeAddr()
	if err != nil {
		return nil, err
	}
	life, end := context.WithCancel(context.WithoutCancel(ctx)) // it outlives ctx, for the rooms to be removed
	node, err := throwaway(life, dir, metrics)
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
		end()           // kills: nothing of it is kept
		_ = node.Wait() // tells of the kill
	}()
	if o.URL, err = greeted(stdout); err != nil {
		return nil, err
	}
	o.Metrics = "http://" + metrics + "/metrics"
	return load.Run(ctx, o)
}

// throwaway is the command of such a node: this program, with limits that do not
// limit.
func throwaway(ctx context.Context, dir, metrics string) (*exec.Cmd, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	node := exec.CommandContext(ctx, program, "serve")
	node.Dir = dir // no .env
	node.Env = []string{
		"HOST=127.0.0.1", "PORT=0", "DATA_DIR=" + dir, "METRICS_ADDR=" + metrics, "LOG_LEVEL=error",
		"RATE_LIMIT_MESSAGES=1000000", "RATE_LIMIT_AUTH=1000000", "RATE_LIMIT_JOINS=1000000", "RATE_LIMIT_ROOMS=1000000",
	}
	for _, v := range os.Environ() {
		if strings.HasPrefix(v, "GO") { // GOGC, GOMAXPROCS, …
			node.Env = append(node.Env, v)
		}
	}
	node.Stderr = os.Stderr
	node.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is for us
	return node, nil
}

// greeting is the address in what a node says when its port is open.
var greeting = regexp.MustCompile(`http://localhost(:\d+)`)

// greeted waits for it. What the node says later nobody reads: it says no more.
func greeted(stdout io.Reader) (string, error) {
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if found := greeting.FindStringSubmatch(lines.Text()); found != nil {
			return "http://127.0.0.1" + found[1], nil
		}
	}
	return "", errors.Join(errors.New("the node has not started"), lines.Err())
}

// freeAddr is a loopback address at which nobody listens now.
func freeAddr() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	return listener.Addr().String(), listener.Close()
}
