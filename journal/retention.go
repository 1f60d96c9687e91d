package journal

import (
	"time"

	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/journal/segment"
	"github.com/weirhq/weir/tenant"
)

// Retention says what of a tenant is still kept at a time. It is cut by whole days in UTC, so that an entry is kept for as
// many days as its policy says and at most one more.
type Retention struct {
	// entries and payloads are, by kind, the first day of which entries, and their headers and bodies, are kept.
	entries, payloads [entry.KindLogLine + 1]Day
}

// RetentionOf is what the policies keep as of now. Lines of a node's log belong to their flow runs.
func RetentionOf(policies *tenant.Retention, now time.Time) Retention {
	var r Retention
	today := DayOf(now)
	for kind := entry.KindAPIRequest; kind <= entry.KindLogLine; kind++ {
		p := policies.Of(policyKind(kind).String())
		r.entries[kind], r.payloads[kind] = today-Day(p.Days), today-Day(min(p.PayloadDays, p.Days))
	}
	return r
}

// policyKind is the kind whose policy holds for entries of a kind.
func policyKind(kind entry.Kind) entry.Kind {
	if kind == entry.KindLogLine {
		return entry.KindFlowRun
	}
	return kind
}

// Entries is the first day of which entries of the kind are kept.
func (r *Retention) Entries(kind entry.Kind) Day { return r.entries[kind] }

// Payloads is the first day of which headers and bodies of entries of the kind are kept.
func (r *Retention) Payloads(kind entry.Kind) Day { return r.payloads[kind] }

// First is the first day of which anything is kept.
func (r *Retention) First() Day {
	first := r.entries[entry.KindAPIRequest]
	for kind := entry.KindAPIRequest; kind <= entry.KindLogLine; kind++ {
		first = min(first, r.entries[kind])
	}
	return first
}

// end is the first day of which all is kept.
func (r *Retention) end() Day {
	end := r.payloads[entry.KindAPIRequest]
	for kind := entry.KindAPIRequest; kind <= entry.KindLogLine; kind++ {
		end = max(end, r.payloads[kind])
	}
	return end
}

// over gives the bits of the kinds whose entries of a day are over, and of those whose headers and bodies are.
func (r *Retention) over(day Day) (entries, payloads uint32) {
	for kind := entry.KindAPIRequest; kind <= entry.KindLogLine; kind++ {
		if day < r.entries[kind] {
			entries |= segment.KindBit(kind)
		}
		if day < r.payloads[kind] {
			payloads |= segment.KindBit(kind)
		}
	}
	return entries, payloads
}

// columns are the kinds as SQL compares with them: their bits, and the times before which they are over.
func (r *Retention) columns() (bits []int32, entries, payloads []time.Time) {
	for kind := entry.KindAPIRequest; kind <= entry.KindLogLine; kind++ {
		bits = append(bits, int32(segment.KindBit(kind))) //nolint:gosec // There are few kinds.
		entries, payloads = append(entries, r.entries[kind].Time()), append(payloads, r.payloads[kind].Time())
	}
	return bits, entries, payloads
}

// KindCounts counts entries by kind.
type KindCounts [entry.KindLogLine + 1]int

// Expired tells what Expire removed, or would remove.
type Expired struct {
	// Entries were removed, and Payloads of entries that stay: their headers and bodies.
	Entries, Payloads KindCounts
	// Failures are rows of the list of failures.
	Failures KindCounts
	// Segments were deleted or packed anew. Terms and Keys are rows of what finds entries and duplicates.
	Segments, Terms, Keys int
}
