package load

import (
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sync/errgroup"
)

// profiled calls fn and, if o.Profiles is set, writes profiles of the first server: cpu.pprof of the time
// of fn, then heap.pprof and mutex.pprof. They are served beside the metrics, with PPROF=true.
func (o Options) profiled(ctx context.Context, fn func(context.Context) error) error {
	if o.Profiles == "" {
		return fn(ctx)
	}
	if err := os.MkdirAll(o.Profiles, 0o755); err != nil {
		return fmt.Errorf("--profiles: %w", err)
	}
	both, running := errgroup.WithContext(ctx)
	both.Go(func() error {
		return o.writeProfile(running, "cpu", fmt.Sprintf("profile?seconds=%.0f", math.Ceil(o.For.Seconds())))
	})
	both.Go(func() error { return fn(running) })
	if err := both.Wait(); err != nil {
		return err
	}
	for _, kind := range []string{"heap", "mutex"} {
		if err := o.writeProfile(ctx, kind, kind); err != nil {
			return err
		}
	}
	o.progress("profiles are in %s: go tool pprof -http=: %s", o.Profiles, filepath.Join(o.Profiles, "cpu.pprof"))
	return nil
}

func (o Options) writeProfile(ctx context.Context, kind, query string) error {
	body, err := fetch(ctx, strings.TrimSuffix(o.Metrics[0], "/metrics")+"/debug/pprof/"+query)
	if err != nil {
		return fmt.Errorf("--profiles: %w (the server needs PPROF=true)", err)
	}
	defer body.Close()
	profile, err := io.ReadAll(body)
	if err != nil {
		return fmt.Errorf("--profiles: %w", err)
	}
	if err := os.WriteFile(filepath.Join(o.Profiles, kind+".pprof"), profile, 0o644); err != nil {
		return fmt.Errorf("--profiles: %w", err)
	}
	return nil
}
