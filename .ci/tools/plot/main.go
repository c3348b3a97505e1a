// Command plot draws the table that `chat bench fanout` prints, read from standard input, as SVG files in a directory.
package main

import (
	"bufio"
	"fmt"
	"image/color"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

func main() {
	if err := run(os.Stdin, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "plot:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("usage: plot DIRECTORY <TABLE")
	}
	rows, err := read(in)
	if err != nil {
		return err
	}
	for file, prefix := range map[string]string{
		"saturated": "1 chat x 1,000 subscribers, 16 in flight", "single": "1 chat x 1,000 subscribers, one at a time",
		"chats": "500 chats x 4 subscribers",
	} {
		if err := bars(filepath.Join(args[0], "fanout-"+file+".svg"), prefix, rows); err != nil {
			return err
		}
	}
	for file, what := range map[string]string{
		"subscribers": "subscribers of a chat", "number-of-chats": "chats of 4 subscribers",
		"group": "members of a group", "history": "messages before in a chat",
	} {
		if err := line(filepath.Join(args[0], "growth-"+file+".svg"), what, rows); err != nil {
			return err
		}
	}
	return nil
}

// read takes the cells of each line apart, which two spaces or more part.
func read(in io.Reader) (rows [][]string, err error) {
	apart := regexp.MustCompile(`\s{2,}`)
	for lines := bufio.NewScanner(in); lines.Scan(); {
		rows = append(rows, apart.Split(strings.TrimSpace(lines.Text()), -1))
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("the table is empty")
	}
	return rows, nil
}

// bars compares what a million deliveries cost each server.
func bars(path, prefix string, rows [][]string) error {
	p := plot.New()
	p.Title.Text, p.X.Label.Text = prefix, "CPU seconds of the server per million deliveries"
	p.X.Min = 0
	var names []string
	var costs plotter.Values
	for n := len(rows) - 1; n >= 0; n-- {
		if r := rows[n]; len(r) > 3 && strings.HasPrefix(r[0], prefix) {
			cost, err := strconv.ParseFloat(r[3], 64)
			if err != nil {
				return fmt.Errorf("%s: %w", r, err)
			}
			names, costs = append(names, r[1]), append(costs, cost)
		}
	}
	if len(costs) == 0 {
		return fmt.Errorf("the table has no row %q", prefix)
	}
	b, err := plotter.NewBarChart(costs, vg.Points(16))
	if err != nil {
		return fmt.Errorf("draw %s: %w", path, err)
	}
	b.Horizontal, b.Color, b.LineStyle.Width = true, color.RGBA{R: 62, G: 104, B: 160, A: 255}, 0
	p.Add(b)
	p.NominalY(names...)
	return save(p, path, vg.Points(40)*vg.Length(len(names))+vg.Points(60))
}

// line shows how a cost follows a size.
func line(path, what string, rows [][]string) error {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = "", what, "CPU s of the server per 1M"
	p.Y.Min = 0
	var points plotter.XYs
	for _, r := range rows {
		if len(r) < 4 || r[0] != what {
			continue
		}
		x, err := strconv.ParseFloat(r[1], 64)
		if err != nil {
			return fmt.Errorf("%s: %w", r, err)
		}
		y, err := strconv.ParseFloat(r[3], 64)
		if err != nil {
			return fmt.Errorf("%s: %w", r, err)
		}
		points = append(points, plotter.XY{X: max(x, 1), Y: y})
	}
	if len(points) == 0 {
		return fmt.Errorf("the table has no row %q", what)
	}
	l, dots, err := plotter.NewLinePoints(points)
	if err != nil {
		return fmt.Errorf("draw %s: %w", path, err)
	}
	p.Add(plotter.NewGrid(), l, dots)
	p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
	return save(p, path, vg.Points(200))
}

func save(p *plot.Plot, path string, height vg.Length) error {
	if err := p.Save(vg.Points(520), height, path); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
