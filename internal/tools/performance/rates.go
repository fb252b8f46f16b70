package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/chillin-chat/chillin/internal/load"
)

// ratesRow is the row of the image of latency against rate.
const ratesRow = "rates"

// rising is workload B at several rates.
var rising = workload{name: ratesRow, nodes: 2, clients: 1000, rooms: 10}

const (
	risingRates = "50,100,200,300,400,500,600"
	risingTime  = 10 * time.Second
)

func measureRates(ctx context.Context, h *harness, row *Row) error {
	return h.withStack(row.Nodes, func(s *stack) error {
		// Without the metrics: the tool would measure the floor at each rate.
		arguments := append(rising.arguments(risingTime), "--rates", risingRates)
		_, err := s.runLoad(ctx, h.binary, nil, append(arguments, s.urls()...), &row.Rates)
		return err
	})
}

// plotRates writes an image of the latencies at the measured rates. Without rates it does nothing.
func plotRates(path string, all rows) error {
	row, found := all[ratesRow]
	if !found || len(row.Rates) == 0 {
		return nil
	}
	file, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("plot the rates: %w", err)
	}
	title := fmt.Sprintf("%s clients in %d rooms, %d nodes, %s", thousands(float64(row.Clients)), row.Rooms, row.Nodes, row.Machine.Date)
	if err := errors.Join(load.Plot(file, title, row.Rates), file.Close()); err != nil {
		return fmt.Errorf("plot the rates: %w", err)
	}
	return nil
}
