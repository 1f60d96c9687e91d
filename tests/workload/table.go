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
