package load

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// vitals are what the server's process tells of itself.
type vitals struct {
	cpu      time.Duration
	resident float64 // bytes
}

// look asks the metrics at url, if there is one.
func look(ctx context.Context, url string) (v vitals, err error) {
	if url == "" {
		return v, nil
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return v, fmt.Errorf("--metrics: %w", err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return v, fmt.Errorf("--metrics: %w", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return v, fmt.Errorf("--metrics: %s answers %s", url, answer.Status)
	}
	found := map[string]float64{}
	lines := bufio.NewScanner(answer.Body)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), " ")
		if number, err := strconv.ParseFloat(value, 64); err == nil {
			found[name] = number
		}
	}
	seconds, known := found["process_cpu_seconds_total"]
	if !known || lines.Err() != nil {
		return v, errors.Join(lines.Err(), fmt.Errorf("--metrics: %s tells no process_cpu_seconds_total", url))
	}
	return vitals{time.Duration(seconds * float64(time.Second)), found["process_resident_memory_bytes"]}, nil
}

// compare tells what the run cost the server, beside what bare writes cost where
// that can be measured: it needs two files for each client, and Linux.
func (o Options) compare(ctx context.Context, p plan, d Deliveries, alone, before, after vitals) *Server {
	s := &Server{
		Micros:    per(micros(after.cpu-before.cpu), float64(d.Count)),
		ConnBytes: per(before.resident-alone.resident, float64(o.Clients)),
	}
	o.say("measuring the floor: bare writes of %d bytes to %d sockets", d.Bytes, p.clients)
	floor, err := measureFloor(ctx, p, d.Bytes)
	if err != nil {
		o.say("no floor: %v", err)
		return s
	}
	s.FloorMicros = micros(floor)
	s.Ratio = per(s.Micros, s.FloorMicros)
	return s
}
