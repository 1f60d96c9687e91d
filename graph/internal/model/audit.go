package model

import (
	"github.com/weirhq/weir/ingest/trial"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/internal/page"
	"github.com/weirhq/weir/tenant"
)

// AuditEntry is a line of the audit log.
type AuditEntry struct{ *tenant.AuditEntry }

// NewAuditEntry gives an entry the shape of the API.
func NewAuditEntry(e *tenant.AuditEntry) *AuditEntry { return &AuditEntry{e} }

func (AuditEntry) node() {}

// ID is the entry's id.
func (e AuditEntry) ID() string { return nodeid.Format(nodeid.AuditEntry, e.AuditEntry.ID) }

// AuditEntries gives a page of the audit log the shape of the API.
func AuditEntries(p page.Page[*tenant.AuditEntry]) *AuditEntryConnection {
	return NewConnection(mapped(p, NewAuditEntry), "")
}

// RedactionExample is one place of an entry that a redaction policy would change.
type RedactionExample struct {
	Entry         LogEntry
	Where         string
	Before, After string
}

// NewRedactionPreview gives a trial of a policy the shape of the API.
func NewRedactionPreview(r *trial.Result) *RedactionPreview {
	out := &RedactionPreview{EntriesLooked: r.Looked, EntriesChanged: r.Changed, Complete: r.Complete, Examples: []*RedactionExample{}}
	for i := range r.Examples {
		c := &r.Examples[i]
		out.Examples = append(out.Examples, &RedactionExample{Entry: NewItem(c.Item), Where: c.Where, Before: c.Before, After: c.After})
	}
	return out
}
