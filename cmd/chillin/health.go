package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/chillin-chat/chillin/internal/config"
)

func healthCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "health",
		Short: "Ask the node at HOST and PORT whether it is ready",
		Long:  "Health is the health check of images that have no curl: it asks the node at HOST and PORT\nand exits with 0 if it is ready, else with 1.",
		Args:  arguments(),
		RunE: func(c *cobra.Command, _ []string) error {
			settings, err := settings()
			if err != nil {
				return err
			}
			if err := askReady(c.Context(), nodeAddr(settings)); err != nil {
				return err
			}
			fmt.Fprintln(c.OutOrStdout(), "ready")
			return nil
		},
	}
}

// nodeAddr is where a node with these settings can be reached from this machine. A node
// that listens on :: listens on IPv4, too.
func nodeAddr(c config.Config) string {
	host := c.Host
	if addr, err := netip.ParseAddr(host); err == nil && addr.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, strconv.Itoa(c.Port))
}

func askReady(ctx context.Context, addr string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/health/ready", http.NoBody)
	if err != nil {
		return err
	}
	// No proxy: the node is on this machine.
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("not ready: %s", answer.Status)
	}
	return nil
}
