package load

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// processMetrics are the metrics of the server's process.
type processMetrics struct {
	cpu      time.Duration
	resident float64 // bytes
}

// readProcessMetrics reads the metrics at url, if it is not empty.
func readProcessMetrics(ctx context.Context, url string) (v processMetrics, err error) {
	if url == "" {
		return v, nil
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	body, err := fetch(ctx, url)
	if err != nil {
		return v, fmt.Errorf("--metrics: %w", err)
	}
	defer body.Close()
	found := map[string]float64{}
	lines := bufio.NewScanner(body)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), " ")
		if number, err := strconv.ParseFloat(value, 64); err == nil {
			found[name] = number
		}
	}
	seconds, known := found["process_cpu_seconds_total"]
	if !known || lines.Err() != nil {
		return v, errors.Join(lines.Err(), fmt.Errorf("--metrics: %s has no process_cpu_seconds_total", url))
	}
	return processMetrics{time.Duration(seconds * float64(time.Second)), found["process_resident_memory_bytes"]}, nil
}

// fetch returns the body of a successful response.
func fetch(ctx context.Context, url string) (io.ReadCloser, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		_ = answer.Body.Close()
		return nil, fmt.Errorf("%s answers %s", url, answer.Status)
	}
	return answer.Body, nil
}

// compare returns the cost of the run to the server, and the cost of plain writes if it can be
// measured: that requires two files per client, and Linux.
func (o Options) compare(ctx context.Context, p plan, d Deliveries, alone, before, after processMetrics) *Server {
	s := &Server{
		Micros:    per(micros(after.cpu-before.cpu), float64(d.Count)),
		ConnBytes: per(before.resident-alone.resident, float64(o.Clients)),
	}
	o.progress("measuring the floor: plain writes of %d bytes to %d sockets", d.Bytes, p.clients)
	floor, err := measureFloor(ctx, p, d.Bytes)
	if err != nil {
		o.progress("no floor: %v", err)
		return s
	}
	s.FloorMicros = micros(floor)
	s.Ratio = per(s.Micros, s.FloorMicros)
	return s
}
