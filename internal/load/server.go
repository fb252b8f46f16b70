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

// readProcessMetrics reads the metrics at all urls and returns their sum.
func readProcessMetrics(ctx context.Context, urls []string) (total processMetrics, err error) {
	for _, url := range urls {
		v, err := readProcess(ctx, url)
		if err != nil {
			return total, err
		}
		total.cpu += v.cpu
		total.resident += v.resident
	}
	return total, nil
}

func readProcess(ctx context.Context, url string) (v processMetrics, err error) {
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

// compare returns the cost of the run to the servers, and the cost of plain writes if the scenario
// compares them and it can be measured: that requires two files per client, and Linux.
func (r *run) compare(ctx context.Context, report *Report, before, after processMetrics) *Server {
	d := report.Deliveries
	s := &Server{
		Micros:        per(micros(after.cpu-before.cpu), float64(d.Count)),
		MessageMicros: per(micros(after.cpu-before.cpu), float64(report.Messages.Confirmed)),
		CPUSeconds:    (after.cpu - before.cpu).Seconds(),
		ConnBytes:     per(before.resident-r.alone.resident, float64(r.Clients)),
	}
	if !r.kind.floor || d.Count == 0 {
		return s
	}
	r.progress("measuring the floor: plain writes of %d bytes to %d sockets", d.Bytes, r.plan.clients)
	floor, err := measureFloor(ctx, r.plan, d.Bytes)
	if err != nil {
		r.progress("no floor: %v", err)
		return s
	}
	s.FloorMicros = micros(floor)
	s.Ratio = per(s.Micros, s.FloorMicros)
	return s
}
