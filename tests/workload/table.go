package workload

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// Table writes aligned columns, and remembers the first failure to write.
type Table struct {
	to  *tabwriter.Writer
	err error
}

// NewTable makes a table that is written to out by Flush.
func NewTable(out io.Writer) *Table {
	return &Table{to: tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)}
}

// Row adds a row.
func (t *Table) Row(cells ...string) {
	if _, err := fmt.Fprintln(t.to, strings.Join(cells, "\t")); err != nil && t.err == nil {
		t.err = err
	}
}

// Flush writes what was added, aligned.
func (t *Table) Flush() error { return errors.Join(t.err, t.to.Flush()) }

// Verdict is how a figure stands beside its limit.
func Verdict(ok bool) string {
	if ok {
		return "ok"
	}
	return "MISS"
}

// AtMost shows a figure beside its limit; without a limit, which is 0, alone.
func AtMost(format string, figure, limit float64) string {
	return beside(format, figure, limit, figure <= limit, "≤", ">")
}

// AtLeast is AtMost of what should be large.
func AtLeast(format string, figure, limit float64) string {
	return beside(format, figure, limit, figure >= limit, "≥", "<")
}

func beside(format string, figure, limit float64, ok bool, sign, miss string) string {
	shown := fmt.Sprintf(format, figure)
	switch {
	case limit == 0:
		return shown
	case ok:
		return shown + " " + sign + " " + fmt.Sprintf(format, limit)
	}
	return shown + " " + miss + " " + fmt.Sprintf(format, limit) + " MISS"
}
