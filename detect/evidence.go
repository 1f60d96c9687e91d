package detect

import (
	"context"
	"fmt"
	"time"

	"github.com/weirhq/weir/issues"
	"github.com/weirhq/weir/journal"
	"github.com/weirhq/weir/journal/entry"
)

// Entries finds log entries: package journal does.
type Entries interface {
	Entries(ctx context.Context, q journal.Query) (journal.Page, error)
}

const (
	// mostShown is how many entries are looked up to show a condition, and mostAsked of how many connected apps.
	mostShown, mostAsked = 10, 20
	// lookAgain is how long a condition that hits nobody new is not looked up again.
	lookAgain = time.Hour
)

// shown is when entries were looked up that show a condition, and how many it hit then.
type shown struct {
	at  time.Time
	hit int
}

// show looks up entries of findings that are made of numbers: one bounded page of the journal when a finding is new, when it
// hits more, and once an hour.
func (d *Detector) show(ctx context.Context, p *picture, found []finding) error {
	before := p.memory.shown
	p.memory.shown = map[issues.Key]shown{}
	for i := range found {
		f := &found[i]
		if f.shows == nil || d.entries == nil {
			continue
		}
		if last, ok := before[f.key]; ok && len(f.affected) <= last.hit && p.now.Before(last.at.Add(lookAgain)) {
			p.memory.shown[f.key] = last
			continue
		}
		p.memory.shown[f.key] = shown{p.now, len(f.affected)}
		if err := d.lookUp(ctx, p, f); err != nil {
			return fmt.Errorf("look up what shows %s: %w", f.key.Category, err)
		}
	}
	return nil
}

func (d *Detector) lookUp(ctx context.Context, p *picture, f *finding) error {
	filter := *f.shows
	filter.Range = entry.Range{From: p.now, To: p.now.Add(time.Minute)}
	for _, a := range f.affected[:min(len(f.affected), mostAsked)] {
		filter.CustomerIDs = append(filter.CustomerIDs, a.CustomerID)
		if a.Since.Before(filter.Range.From) {
			filter.Range.From = a.Since
		}
	}
	page, err := d.entries.Entries(ctx, journal.Query{Filter: filter, Order: entry.NewestFirst, First: mostShown})
	if err != nil {
		return err
	}
	for _, e := range page.Items {
		if e.SkipCode != "" {
			continue // On purpose: that shows nothing.
		}
		for i := range f.affected {
			a := &f.affected[i]
			if a.CustomerID == e.CustomerID && (a.ConnectedAppID == e.ConnectedAppID || f.shows.EventTypes != nil) && len(a.Evidence) < mostEvidence {
				a.Evidence = append(a.Evidence, issues.Evidence{ID: e.ID, Kind: e.Kind})
				break
			}
		}
	}
	return nil
}
