package main

import (
	"fmt"
	"log/slog"
	"os"

	"github.com/chillin-chat/chillin/internal/config"
)

// settings reads the configuration from the environment and .env.
func settings() (config.Config, error) {
	env, err := config.Environment(".env")
	if err != nil {
		return config.Config{}, err
	}
	c, err := config.Load(env.Lookup)
	if err != nil {
		return c, fmt.Errorf("invalid settings:\n%w", err)
	}
	return c, nil
}

func newLog(c config.Config) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.LogLevel}
	if c.LogFormat == config.LogJSON {
		return slog.New(slog.NewJSONHandler(os.Stderr, options))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, options))
}
