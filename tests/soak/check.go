package main

import (
	"fmt"
	"io"

	"github.com/weirhq/weir/tests/workload"
)

// check is one figure beside its limit.
type check struct {
	Name          string
	Figure, Limit float64
	Unit          string
	// AtLeast says that the figure may not be less than the limit, instead of not more.
	AtLeast bool
	// Note tells what the figure is made of.
	Note string
}

func (c *check) ok() bool {
	if c.AtLeast {
		return c.Figure >= c.Limit
	}
	return c.Figure <= c.Limit
}

// ratio is how much of b a is: 1 when there is neither.
func ratio(a, b float64) float64 {
	if b == 0 {
		if a == 0 {
			return 1
		}
		return a
	}
	return a / b
}

func printChecks(out io.Writer, checks []check) error {
	fmt.Fprintln(out)
	t := workload.NewTable(out)
	for i := range checks {
		c := &checks[i]
		bound := "at most"
		if c.AtLeast {
			bound = "at least"
		}
		t.Row(c.Name, fmt.Sprintf("%.2f%s", c.Figure, c.Unit), bound, fmt.Sprintf("%.2f%s", c.Limit, c.Unit), workload.Verdict(c.ok()), c.Note)
	}
	return t.Flush()
}
