package load

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"strings"
	"testing"
)

// drawing is what the tests read of a plot.
type drawing struct {
	XMLName xml.Name `xml:"http://www.w3.org/2000/svg svg"`
	Title   string   `xml:"title"`
	Desc    string   `xml:"desc"`
	Texts   []string `xml:"text"`
	Groups  []struct {
		Lines []struct {
			Class  string `xml:"class,attr"`
			Points string `xml:"points,attr"`
		} `xml:"polyline"`
		Texts []string `xml:"text"`
	} `xml:"g"`
}

func draw(t *testing.T, title string, reports []*Report) drawing {
	t.Helper()
	var out bytes.Buffer
	if err := Plot(&out, title, reports); err != nil {
		t.Fatal(err)
	}
	decoder := xml.NewDecoder(bytes.NewReader(out.Bytes()))
	for {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("%v in %s", err, &out)
		}
	}
	var d drawing
	if err := xml.Unmarshal(out.Bytes(), &d); err != nil {
		t.Fatalf("%v in %s", err, &out)
	}
	return d
}

func TestPlotDrawsEveryRate(t *testing.T) {
	latency := func(scale float64) Latency {
		return Latency{P50: scale, P99: 10 * scale, P999: 20 * scale, Max: 30 * scale}
	}
	messages := []*Report{
		{Rate: 50, Confirmed: latency(1.5), Delivered: latency(2)},
		{Rate: 100, Confirmed: latency(2), Delivered: latency(3)},
		{Rate: 400, Confirmed: latency(20), Delivered: latency(0)}, // nothing was delivered
	}
	pages := []*Report{
		{Rate: 10, History: &History{Newest: PageLatency{5, latency(0.3)}, Random: PageLatency{5, latency(2)}}},
		{Rate: 20, History: &History{Newest: PageLatency{10, latency(0.4)}, Random: PageLatency{10, latency(3)}}},
	}
	for _, c := range []struct {
		name    string
		reports []*Report
		want    []string // texts
	}{
		{"messages", messages, []string{"messages per second", "50", "400", "1", "1000", "confirmed p99", "delivered p99.9"}},
		{"pages", pages, []string{"pages per second", "10", "20", "0.1", "newest page p50", "random page p99"}},
		{"no latency", []*Report{{Rate: 5}}, []string{"5"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			const title = `load of <a> & "b"`
			d := draw(t, title, c.reports)
			if d.Title != title || d.Texts[0] != title {
				t.Errorf("title = %q, first text = %q, want %q", d.Title, d.Texts[0], title)
			}
			for _, want := range c.want {
				if !strings.Contains("\n"+strings.Join(d.Texts, "\n")+"\n", "\n"+want+"\n") {
					t.Errorf("texts = %q, want %q among them", d.Texts, want)
				}
			}
			lines := 0
			for _, g := range d.Groups {
				for _, line := range g.Lines {
					lines++
					checkPoints(t, line.Class, line.Points, len(c.reports))
				}
			}
			if lines != 6 {
				t.Errorf("%d lines, want 6: three quantiles of two kinds", lines)
			}
		})
	}
	if d := draw(t, "x", messages); !strings.Contains(d.Desc, "At 100 per second: confirmed 2.00, 20.00, 40.00; delivered 3.00") {
		t.Errorf("description = %q, want the figures", d.Desc)
	}
}

// checkPoints checks that the points are in the image, from left to right.
func checkPoints(t *testing.T, class, points string, want int) {
	t.Helper()
	all := strings.Fields(points)
	if len(all) != want {
		t.Errorf("line %s has %d points, want %d", class, len(all), want)
	}
	last := 0.0
	for _, point := range all {
		left, top, _ := strings.Cut(point, ",")
		x, errX := strconv.ParseFloat(left, 64)
		y, errY := strconv.ParseFloat(top, 64)
		if err := errors.Join(errX, errY); err != nil || x <= last || x > plotWidth-plotRight || y < plotTop || y > plotHeight-plotBottom {
			t.Errorf("line %s has the point %s after x = %g, %v, want one to the right and inside of the axes", class, point, last, err)
		}
		last = x
	}
}
