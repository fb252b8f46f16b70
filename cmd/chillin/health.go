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
		Long:  "Health is a health check for images without curl: it asks the node at HOST and PORT\nand exits with 0 if the node is ready, else with 1.",
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

// nodeAddr returns the address at which this machine reaches a node with these settings. A node that
// listens on :: also listens on IPv4.
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
	// Do not use a proxy: the node is on this machine.
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
