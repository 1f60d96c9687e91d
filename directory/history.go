package directory

import (
	"slices"

	"github.com/weirhq/weir/internal/stamp"
)

// history is what a row must remember so that its state does not depend on the order in which messages arrive: when
// each column's value held, and the last reports of its status.
type history struct {
	Fields  stamp.Set `json:"fields,omitempty"`
	Reports []report  `json:"reports,omitempty"`
	// Turned is the time of the report that Weir made itself, where it made one: see NeedReauth.
	Turned int64 `json:"turned,omitempty"`
	// Expiries are reports of when credentials end, in RFC 3339.
	Expiries []report `json:"expiries,omitempty"`
}

// report says that a status held at a time, in microseconds since 1970.
type report struct {
	At     int64  `json:"at"`
	Status string `json:"status"`
}

// maxReports bounds a row's history. Since when a status holds is exact as long as no message is overtaken by as many.
const maxReports = 24

// report notes that the status held at the time; of two reports of one time the later to arrive counts.
func (h *history) report(status string, at int64) { h.Reports = noted(h.Reports, status, at) }

// noted is the list with one more report.
func noted(list []report, status string, at int64) []report {
	i, found := slices.BinarySearchFunc(list, at, func(r report, at int64) int {
		switch {
		case r.At < at:
			return -1
		case r.At > at:
			return 1
		}
		return 0
	})
	if found {
		list[i].Status = status
		return list
	}
	list = slices.Insert(list, i, report{At: at, Status: status})
	if len(list) > maxReports {
		// The first of those with the oldest status says since when it held, so the one after it goes instead.
		drop := 0
		if list[0].Status == list[1].Status {
			drop = 1
		}
		list = slices.Delete(list, drop, drop+1)
	}
	return list
}

// current is the newest status and since when it holds without another between; it must not be asked of an empty
// history.
func (h *history) current() (status string, since int64) {
	last := h.Reports[len(h.Reports)-1]
	since = last.At
	for i := len(h.Reports) - 2; i >= 0 && h.Reports[i].Status == last.Status; i-- {
		since = h.Reports[i].At
	}
	return last.Status, since
}

// newest is when the newest report held; 0 when there is none.
func (h *history) newest() int64 {
	if len(h.Reports) == 0 {
		return 0
	}
	return h.Reports[len(h.Reports)-1].At
}

// take is stamp.Set.Take on the fields of a history that may be empty.
func (h *history) take(field string, at int64) bool {
	if h.Fields == nil {
		h.Fields = stamp.Set{}
	}
	return h.Fields.Take(field, at)
}
