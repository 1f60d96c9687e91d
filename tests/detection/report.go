package detection

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// The limits of a month.
const (
	mostFalse = 2
	// mostFailure is the median time to detect a failure, and mostSilence that of a silence as a part of its interval.
	mostFailure = 60 * time.Second
	mostSilence = 1.0
)

// MonthOptions are what a month may be told.
type MonthOptions struct {
	Seed uint64
	// Scale multiplies how much goes on.
	Scale float64
	// Step is how often events are sent, counted, and looked at: what all agents of a service do within seconds. In the first
	// hour and a half of each fault it is done as a service does it.
	Step time.Duration
}

// Month lives through it in an empty world whose clock stands at its beginning, Begin, and judges what was found.
func Month(ctx context.Context, w *World, o MonthOptions, tell func(at time.Time, done string)) (*Outcome, error) {
	t, incidents := plan(o.Seed, o.Scale, programme)
	return liveThrough(ctx, w, t, incidents, march.AddDate(0, 1, 0), Pace{Step: o.Step}, tell)
}

// Begin is when the month does.
func Begin() time.Time { return march }

// Count is how many incidents were found.
func (o *Outcome) Count() (found int) {
	for _, f := range o.Findings {
		if f.Found() {
			found++
		}
	}
	return found
}

// Failures is the median time to detect those that were found.
func (o *Outcome) Failures() time.Duration {
	return median(o.of(Failure, func(f *Finding) time.Duration { return f.Took() }))
}

// Silences is the median time to detect those that were found, as a part of their intervals.
func (o *Outcome) Silences() float64 {
	return median(o.silences())
}

func (o *Outcome) silences() (out []float64) {
	for _, f := range o.Findings {
		if f.Class == Silence && f.Found() && f.Expected() > 0 {
			out = append(out, float64(f.Took())/float64(f.Expected()))
		}
	}
	return out
}

func (o *Outcome) of(c Class, what func(f *Finding) time.Duration) (out []time.Duration) {
	for _, f := range o.Findings {
		if f.Class == c && f.Found() {
			out = append(out, what(f))
		}
	}
	return out
}

// median is the middle, or the mean of the two that are; 0 of nothing.
func median[T time.Duration | float64](list []T) T {
	n := len(list)
	if n == 0 {
		return 0
	}
	list = slices.Sorted(slices.Values(list))
	return (list[(n-1)/2] + list[n/2]) / 2
}

func worst[T time.Duration | float64](list []T) (most T) {
	for _, one := range list {
		most = max(most, one)
	}
	return most
}

// Missed lists the limits that were not kept.
func (o *Outcome) Missed() (out []string) {
	if found := o.Count(); found < len(o.Findings) {
		out = append(out, fmt.Sprintf("%d of %d incidents were found", found, len(o.Findings)))
	}
	if len(o.False) > mostFalse {
		out = append(out, fmt.Sprintf("%d false issues, at most %d", len(o.False), mostFalse))
	}
	if got := o.Failures(); got >= mostFailure {
		out = append(out, fmt.Sprintf("failures took %s at the median, less than %s", got, mostFailure))
	}
	if got := o.Silences(); got >= mostSilence {
		out = append(out, fmt.Sprintf("silences took %.2f of their interval at the median, less than %.0f", got, mostSilence))
	}
	if o.Hasty > 0 {
		out = append(out, fmt.Sprintf("%d openings within ten minutes of a resolution, none", o.Hasty))
	}
	return out
}

const stamp = "Jan 02 15:04:05"

// Print writes the table of incidents and the figures.
func (o *Outcome) Print(to io.Writer) error {
	table := tabwriter.NewWriter(to, 2, 4, 2, ' ', 0)
	fmt.Fprintln(table, "incident\tclass\tbegan\tfirst trace\topened\ttook\tof interval\tcategory\tseverity\tcustomers\tresolved after its end")
	for _, f := range o.Findings {
		fmt.Fprintln(table, strings.Join(f.cells(), "\t"))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if err := o.printLimits(to); err != nil {
		return err
	}
	fmt.Fprintf(to, "\n%d issues in all, of which %d are true of an incident beside its own\n", o.Issues, len(o.Echoes))
	for _, f := range o.False {
		fmt.Fprintf(to, "  false: %s %s of %s: %s %v\n", f.OpenedAt.Format(stamp), f.Issue.Category, f.Issue.Of(), f.Issue.Title, f.Issue.Who())
	}
	for _, f := range o.Echoes {
		fmt.Fprintf(to, "  echo: %s %s of %s: %s %v\n", f.OpenedAt.Format(stamp), f.Issue.Category, f.Issue.Of(), f.Issue.Title, f.Issue.Who())
	}
	fmt.Fprintf(to, "%d events in %s of simulated time; work took", o.Events, o.Simulated)
	for _, what := range slices.Sorted(maps.Keys(o.Took)) {
		fmt.Fprintf(to, " %s %.1f s", what, o.Took[what].Seconds())
	}
	_, err := fmt.Fprintln(to)
	return err
}

// printLimits writes each figure beside its limit.
func (o *Outcome) printLimits(to io.Writer) error {
	failures, silences := o.of(Failure, (*Finding).Took), o.silences()
	kept := func(limit string, ok bool) string {
		if ok {
			return limit
		}
		return limit + " MISS"
	}
	table := tabwriter.NewWriter(to, 2, 4, 2, ' ', 0)
	fmt.Fprintf(table, "\nincidents found\t%d\t%s\n", o.Count(), kept(fmt.Sprintf("= %d", len(o.Findings)), o.Count() == len(o.Findings)))
	fmt.Fprintf(table, "false issues\t%d\t%s\n", len(o.False), kept(fmt.Sprintf("≤ %d", mostFalse), len(o.False) <= mostFalse))
	fmt.Fprintf(table, "failures, from the first entry that failed (%d): median\t%s\t%s\n", len(failures), o.Failures().Round(100*time.Millisecond),
		kept(fmt.Sprintf("< %s", mostFailure), o.Failures() < mostFailure))
	fmt.Fprintf(table, "  worst\t%s\t\n", worst(failures).Round(time.Second))
	fmt.Fprintf(table, "silences, from the first expected thing that did not come (%d), in intervals: median\t%.2f\t%s\n", len(silences), o.Silences(),
		kept(fmt.Sprintf("< %.0f", mostSilence), o.Silences() < mostSilence))
	fmt.Fprintf(table, "  worst\t%.2f\t\n", worst(silences))
	fmt.Fprintf(table, "opened again within ten minutes of a resolution\t%d\t%s\n", o.Hasty, kept("= 0", o.Hasty == 0))
	fmt.Fprintf(table, "opened again while the incident lasted\t%d\t\n", o.Flaps)
	return table.Flush()
}

func (f *Finding) cells() []string {
	if !f.Found() {
		return []string{string(f.Kind) + " · " + f.Integration, string(f.Class), f.From.Format(stamp), f.First().Format(stamp), "not found", "", "", "", "", "", ""}
	}
	part, resolved := "", "stands"
	if f.Class == Silence && f.Expected() > 0 {
		part = fmt.Sprintf("%.2f of %s", float64(f.Took())/float64(f.Expected()), f.Expected().Round(time.Minute))
	}
	if at := f.Episode.ResolvedAt; at != nil {
		resolved = at.Sub(f.To).Round(time.Second).String()
	}
	return []string{
		string(f.Kind) + " · " + f.Integration, string(f.Class), f.From.Format(stamp), f.First().Format(stamp), f.Episode.OpenedAt.Format(stamp),
		f.Took().Round(100 * time.Millisecond).String(), part, f.Issue.Category, f.Issue.Severity, f.customers(), resolved,
	}
}

// customers says whether the issue had the right ones.
func (f *Finding) customers() string {
	switch {
	case f.standing == nil:
		return "none at its end"
	case len(f.Missing)+len(f.Extra) == 0:
		return fmt.Sprintf("right (%d)", len(f.standing.Who()))
	}
	return fmt.Sprintf("missing %v, extra %v", f.Missing, f.Extra)
}
