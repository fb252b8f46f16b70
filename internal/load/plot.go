package load

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"strings"
)

// The layout of a plot, in units of its viewBox.
const (
	plotWidth, plotHeight = 780, 460
	plotLeft, plotRight   = 80, 190 // the legend is at the right
	plotTop, plotBottom   = 52, 64
	labelWidth            = 44 // of a rate at the horizontal axis
)

// The styles follow the reader's color scheme. Kinds of latency differ in color, quantiles in the
// pattern of their line.
const plotStyle = `
svg { color-scheme: light dark; background: #fff; font: 13px system-ui, sans-serif; }
text { fill: #1c1c1e; } .grid { stroke: #d8d8dc; } .axis { stroke: #6b6b70; }
.name { font-size: 15px; font-weight: 600; }
.first { stroke: #0b57d0; color: #0b57d0; } .second { stroke: #b3470e; color: #b3470e; }
polyline, .sample { fill: none; stroke-width: 2; } circle { fill: currentColor; stroke: none; }
.p99 { stroke-dasharray: 8 4; } .p999 { stroke-dasharray: 2 4; }
@media (prefers-color-scheme: dark) {
svg { background: #17171a; } text { fill: #f0f0f2; } .grid { stroke: #39393e; } .axis { stroke: #9a9aa0; }
.first { stroke: #8ab4f8; color: #8ab4f8; } .second { stroke: #f0a868; color: #f0a868; }
}
`

// quantiles are the lines of each kind of latency.
var quantiles = []struct {
	name, class string
	of          func(l Latency) float64
}{
	{"p50", "p50", func(l Latency) float64 { return l.P50 }},
	{"p99", "p99", func(l Latency) float64 { return l.P99 }},
	{"p99.9", "p999", func(l Latency) float64 { return l.P999 }},
}

var plotClasses = []string{"first", "second"}

// plot is a drawing of latency (logarithmic) against rate (linear, from 0).
type plot struct {
	bytes.Buffer
	reports   []*Report
	low, high float64 // powers of ten of the lowest and highest latency
}

// Plot writes an SVG image of the latencies of the reports, of which there is at least one, against their
// rates, which ascend. The image needs no other file, and its description contains the figures.
func Plot(out io.Writer, title string, reports []*Report) error {
	p := &plot{reports: reports}
	p.setRange()
	p.add(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" aria-labelledby="title desc">`, plotWidth, plotHeight)
	p.add("\n<title id=\"title\">%s</title>\n<desc id=\"desc\">%s</desc>\n<style>%s</style>\n", escape(title), escape(p.description()), plotStyle)
	p.text(plotLeft, 28, "start", "name", title)
	p.addLatencyAxis()
	p.addRateAxis()
	for series := range p.names() {
		for _, q := range quantiles {
			p.addLine(series, q.class, q.name, q.of)
		}
	}
	p.addLegend()
	p.add("</svg>\n")
	_, err := p.WriteTo(out)
	return err
}

// plotted returns the kinds of latency that are drawn.
func (r *Report) plotted() []namedLatency {
	if r.History != nil {
		return r.History.latencies()
	}
	return []namedLatency{{"confirmed", r.Confirmed}, {"delivered", r.Delivered}}
}

func (p *plot) names() (names []string) {
	for _, l := range p.reports[0].plotted() {
		names = append(names, l.name)
	}
	return names
}

// setRange sets the powers of ten that contain all latencies.
func (p *plot) setRange() {
	lowest, highest := math.Inf(1), 0.0
	for _, r := range p.reports {
		for _, l := range r.plotted() {
			for _, q := range quantiles {
				if ms := q.of(l.Latency); ms > 0 {
					lowest, highest = min(lowest, ms), max(highest, ms)
				}
			}
		}
	}
	if highest == 0 {
		lowest, highest = 1, 10
	}
	p.low, p.high = math.Floor(math.Log10(lowest)), math.Ceil(math.Log10(highest))
	if p.low == p.high {
		p.high++
	}
}

// x returns the position of a rate.
func (p *plot) x(rate float64) float64 {
	return plotLeft + rate/p.reports[len(p.reports)-1].Rate*(plotWidth-plotLeft-plotRight)
}

// y returns the position of a latency in milliseconds.
func (p *plot) y(ms float64) float64 {
	share := 0.0
	if ms > 0 {
		share = max(0, (math.Log10(ms)-p.low)/(p.high-p.low))
	}
	return plotHeight - plotBottom - share*(plotHeight-plotTop-plotBottom)
}

func (p *plot) addLatencyAxis() {
	for power := p.low; power <= p.high; power++ {
		for _, digit := range []float64{1, 2, 5} {
			ms := digit * math.Pow(10, power)
			if power == p.high && digit > 1 {
				break
			}
			p.add(`<line class="grid" x1="%d" x2="%d" y1="%.1f" y2="%.1f"/>`+"\n", plotLeft, plotWidth-plotRight, p.y(ms), p.y(ms))
			if digit == 1 || p.high-p.low <= 2 {
				p.text(plotLeft-8, p.y(ms)+4, "end", "", fmt.Sprintf("%.6g", ms))
			}
		}
	}
	middle := (plotTop + plotHeight - plotBottom) / 2
	p.add(`<g transform="translate(20 %d) rotate(-90)">`, middle)
	p.text(0, 0, "middle", "", "latency in ms, logarithmic")
	p.add("</g>\n")
}

func (p *plot) addRateAxis() {
	const bottom = plotHeight - plotBottom
	p.add(`<path class="axis" fill="none" d="M%d %d V%d H%d"/>`+"\n", plotLeft, plotTop, bottom, plotWidth-plotRight)
	free := math.Inf(-1) // where the next label may begin
	for _, r := range p.reports {
		x := p.x(r.Rate)
		p.add(`<line class="axis" x1="%.1f" x2="%.1f" y1="%d" y2="%d"/>`+"\n", x, x, bottom, bottom+5)
		if x-labelWidth/2 >= free {
			p.text(x, bottom+20, "middle", "", fmt.Sprintf("%g", r.Rate))
			free = x + labelWidth/2
		}
	}
	what := "messages"
	if p.reports[0].History != nil {
		what = "pages"
	}
	p.text((plotLeft+plotWidth-plotRight)/2, plotHeight-18, "middle", "", what+" per second")
}

// addLine draws one quantile of one kind of latency, with a point for each report.
func (p *plot) addLine(series int, class, quantile string, of func(Latency) float64) {
	var points, circles strings.Builder
	for _, r := range p.reports {
		l := r.plotted()[series]
		x, y := p.x(r.Rate), p.y(of(l.Latency))
		fmt.Fprintf(&points, "%.1f,%.1f ", x, y)
		fmt.Fprintf(&circles, `<circle cx="%.1f" cy="%.1f" r="3"><title>%s</title></circle>`, x, y,
			escape(fmt.Sprintf("%g per second: %s %s %.2f ms", r.Rate, l.name, quantile, of(l.Latency))))
	}
	p.add(`<g class="%s"><polyline class="%s" points="%s"/>%s</g>`+"\n", plotClasses[series], class, strings.TrimSpace(points.String()), circles.String())
}

func (p *plot) addLegend() {
	const x = plotWidth - plotRight + 16
	y := plotTop + 8
	for series, name := range p.names() {
		for _, q := range quantiles {
			p.add(`<g class="%s"><line class="sample %s" x1="%d" x2="%d" y1="%d" y2="%d"/></g>`, plotClasses[series], q.class, x, x+34, y, y)
			p.text(x+42, float64(y)+4, "start", "", name+" "+q.name)
			y += 22
		}
		y += 10
	}
}

// description returns all figures as text.
func (p *plot) description() string {
	var text strings.Builder
	text.WriteString("Latency in milliseconds as p50, p99 and p99.9.")
	for _, r := range p.reports {
		var kinds []string
		for _, l := range r.plotted() {
			kinds = append(kinds, fmt.Sprintf("%s %.2f, %.2f, %.2f", l.name, l.P50, l.P99, l.P999))
		}
		fmt.Fprintf(&text, " At %g per second: %s.", r.Rate, strings.Join(kinds, "; "))
	}
	return text.String()
}

func (p *plot) text(x, y float64, anchor, class, text string) {
	if class != "" {
		class = fmt.Sprintf(` class="%s"`, class)
	}
	p.add(`<text x="%.1f" y="%.1f" text-anchor="%s"%s>%s</text>`+"\n", x, y, anchor, class, escape(text))
}

func (p *plot) add(format string, args ...any) { fmt.Fprintf(p, format, args...) }

func escape(text string) string {
	var out strings.Builder
	_ = xml.EscapeText(&out, []byte(text)) // never fails: a Builder does not
	return out.String()
}
