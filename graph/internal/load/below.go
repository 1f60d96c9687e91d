package load

import (
	"context"
	"encoding/json"
	"sync"

	"github.com/google/uuid"

	"github.com/weirhq/weir/internal/page"
	"github.com/weirhq/weir/journal"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/journal/run"
)

// Below asks for a page below a parent.
type Below[Q any] struct {
	parent entry.Parent
	list   *list[Q]
}

// list is what all parents of a list of theirs are asked for. There is one of each in a response, so that it can be
// compared.
type list[Q any] struct {
	of    entry.ParentKind
	query Q
}

// lists are those of a response, by what they are.
type lists[Q any] struct {
	mu    sync.Mutex
	known map[string]*list[Q]
}

// below is what asks for the page of a query below a parent.
func (l *lists[Q]) below(of entry.ParentKind, parent entry.Parent, query Q) (Below[Q], error) {
	name, err := json.Marshal(query)
	if err != nil {
		return Below[Q]{}, err
	}
	key := string(append(name, byte(of)))
	l.mu.Lock()
	defer l.mu.Unlock()
	one := l.known[key]
	if one == nil {
		if l.known == nil {
			l.known = map[string]*list[Q]{}
		}
		one = &list[Q]{of: of, query: query}
		l.known[key] = one
	}
	return Below[Q]{parent: parent, list: one}, nil
}

// LogsBelow gives the page of log entries and flow runs of the query below a parent.
func (l *Loaders) LogsBelow(ctx context.Context, of entry.ParentKind, parent entry.Parent, query journal.Query) (journal.ItemPage, error) {
	key, err := l.logLists.below(of, parent, query)
	if err != nil {
		return journal.ItemPage{}, err
	}
	return One(ctx, l.logs, key)
}

// RunsBelow gives the page of flow runs of the query below a parent.
func (l *Loaders) RunsBelow(ctx context.Context, of entry.ParentKind, parent entry.Parent, query run.Query) (page.Page[*run.FlowRun], error) {
	key, err := l.runLists.below(of, parent, query)
	if err != nil {
		return page.Page[*run.FlowRun]{}, err
	}
	return One(ctx, l.runs, key)
}

func (src Sources) logPages(ctx context.Context, keys []Below[journal.Query]) (map[Below[journal.Query]]journal.ItemPage, error) {
	return pages(keys, func(l *list[journal.Query], parents []entry.Parent) (map[uuid.UUID]journal.ItemPage, error) {
		return src.Logs.Pages(ctx, journal.PagesQuery{Query: l.query, Of: l.of, Parents: parents})
	})
}

func (src Sources) runPages(ctx context.Context, keys []Below[run.Query]) (map[Below[run.Query]]page.Page[*run.FlowRun], error) {
	return pages(keys, func(l *list[run.Query], parents []entry.Parent) (map[uuid.UUID]page.Page[*run.FlowRun], error) {
		return src.Runs.Pages(ctx, run.PagesQuery{Query: l.query, Of: l.of, Parents: parents})
	})
}

// pages reads each list once for all of its parents.
func pages[Q, P any](keys []Below[Q], read func(*list[Q], []entry.Parent) (map[uuid.UUID]P, error)) (map[Below[Q]]P, error) {
	parents := map[*list[Q]][]entry.Parent{}
	for _, k := range keys {
		parents[k.list] = append(parents[k.list], k.parent)
	}
	out := make(map[Below[Q]]P, len(keys))
	for l, of := range parents {
		found, err := read(l, of)
		if err != nil {
			return nil, err
		}
		for _, parent := range of {
			out[Below[Q]{parent: parent, list: l}] = found[parent.ID]
		}
	}
	return out, nil
}
