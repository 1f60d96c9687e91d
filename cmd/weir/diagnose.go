package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"

	"github.com/weirhq/weir/diagnostics"
)

// diagnoseCmd says what is wrong with calls, without a service or a database.
type diagnoseCmd struct {
	File    string `arg:"" optional:"" help:"Log entries, one JSON object a line: events of the type api_request, or bare records. Default: standard input." type:"existingfile"`
	Explain bool   `help:"Show the entry of the catalogue that matched, the parts that it rests on, and what else it may be."`
	Check   bool   `help:"Check the catalogue, and diagnose nothing."`
	Own     string `name:"catalogue" env:"WEIR_CATALOGUE" help:"Directory of YAML files with entries of your own, which win over those that Weir has." type:"existingdir" placeholder:"DIR"`
}

// Help is shown by --help.
func (diagnoseCmd) Help() string {
	return `A record is {"id","provider","direction","method","url","status","response_headers","response_body","transport_error"}.`
}

// Run reads the lines, and prints one for each.
func (c *diagnoseCmd) Run(ctx context.Context, to streams) error {
	catalogue, err := diagnostics.Open(c.Own)
	if err != nil {
		return fmt.Errorf("the catalogue is broken: %w", err)
	}
	if c.Check {
		_, err := fmt.Fprintf(to.out, "%d entries, %d of them of %d providers: all in order\n", catalogue.Len(), catalogue.Len()-catalogue.Generic(), len(catalogue.Providers()))
		return err
	}
	in := io.Reader(os.Stdin)
	if c.File != "" {
		f, err := os.Open(c.File)
		if err != nil {
			return err
		}
		defer f.Close() //nolint:errcheck // It is only read.
		in = f
	}
	d := diagnosing{catalogue: catalogue, explain: c.Explain, to: to}
	if err := d.run(ctx, in); err != nil {
		return err
	}
	if d.bad > 0 {
		return fmt.Errorf("%d of %d lines could not be read", d.bad, d.lines)
	}
	return nil
}

// The lines are worked on by portions, side by side, and printed in their order.
const (
	portionLines = 256
	longestLine  = 16 << 20
)

type diagnosing struct {
	catalogue  *diagnostics.Catalogue
	explain    bool
	to         streams
	lines, bad int
}

// portion is some lines, from the first on, and what is said of them.
type portion struct {
	first int
	lines [][]byte
	said  chan answers
}

type answers struct {
	out      []byte
	problems []string
}

func (d *diagnosing) run(ctx context.Context, in io.Reader) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	work := make(chan *portion)
	order := make(chan *portion, 2*runtime.GOMAXPROCS(0))
	var reading error
	var wg sync.WaitGroup
	wg.Go(func() {
		defer close(order)
		defer close(work)
		reading = d.read(ctx, in, work, order)
	})
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for p := range work {
				p.said <- d.diagnose(p)
			}
		})
	}
	out := bufio.NewWriter(d.to.out)
	var printing error
	for p := range order {
		a := <-p.said
		d.lines, d.bad = d.lines+len(p.lines), d.bad+len(a.problems)
		for _, problem := range a.problems {
			fmt.Fprintln(d.to.err, problem)
		}
		if _, err := out.Write(a.out); err != nil && printing == nil {
			printing = err
			cancel()
		}
	}
	wg.Wait()
	if printing == nil {
		printing = out.Flush()
	}
	if printing != nil {
		return printing
	}
	return reading
}

// read cuts the input into portions, and gives each to the work and to the order.
func (d *diagnosing) read(ctx context.Context, in io.Reader, work, order chan<- *portion) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 64<<10), longestLine)
	p := &portion{first: 1, said: make(chan answers, 1)}
	give := func() bool {
		if len(p.lines) == 0 {
			return true
		}
		for _, to := range []chan<- *portion{order, work} {
			select {
			case to <- p:
			case <-ctx.Done():
				p.said <- answers{}
				return false
			}
		}
		p = &portion{first: p.first + len(p.lines), said: make(chan answers, 1)}
		return true
	}
	for lines.Scan() {
		p.lines = append(p.lines, append([]byte(nil), lines.Bytes()...))
		if len(p.lines) == portionLines && !give() {
			return ctx.Err()
		}
	}
	if !give() {
		return ctx.Err()
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read the log entries: %w", err)
	}
	return nil
}

func (d *diagnosing) diagnose(p *portion) (a answers) {
	for i, line := range p.lines {
		if len(line) == 0 {
			continue
		}
		o, err := diagnostics.ReadRecord(line)
		if err != nil {
			a.problems = append(a.problems, fmt.Sprintf("weir: line %d: %v", p.first+i, err))
			continue
		}
		raw, err := json.Marshal(d.said(o.ID, d.catalogue.Diagnose(o)))
		if err != nil {
			a.problems = append(a.problems, fmt.Sprintf("weir: line %d: %v", p.first+i, err))
			continue
		}
		a.out = append(append(a.out, raw...), '\n')
	}
	return a
}

// saidOf is what is printed for an entry.
type saidOf struct {
	ID         string               `json:"id"`
	Category   diagnostics.Category `json:"category"`
	Sub        string               `json:"sub,omitempty"`
	Confidence float64              `json:"confidence"`
	Title      string               `json:"title"`
	Cause      string               `json:"cause"`
	ResolvedBy *diagnostics.Actor   `json:"resolved_by"`
	Steps      []diagnostics.Step   `json:"steps"`
	References []string             `json:"references"`
	Explained  *explained           `json:"explain,omitempty"`
}

type explained struct {
	Entry   string              `json:"entry"`
	Signals []string            `json:"signals"`
	Others  []diagnostics.Other `json:"others"`
}

func (d *diagnosing) said(id string, of diagnostics.Diagnosis) saidOf {
	s := saidOf{
		ID: id, Category: of.Category, Sub: of.Sub, Confidence: of.Confidence, Title: of.Title, Cause: of.Cause,
		Steps: notNil(of.Steps), References: notNil(of.References),
	}
	if of.ResolvedBy != "" {
		s.ResolvedBy = &of.ResolvedBy
	}
	if d.explain {
		s.Explained = &explained{Entry: of.Entry, Signals: notNil(of.Signals), Others: notNil(of.Others)}
	}
	return s
}

// notNil is a list that JSON shows as one.
func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
