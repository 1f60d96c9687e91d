package graph

import (
	"context"
	"strings"
	"time"

	"github.com/weirhq/weir/directory"
	"github.com/weirhq/weir/graph/internal/load"
	"github.com/weirhq/weir/graph/internal/model"
	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/journal/run"
)

// maxRange is how long a range of time may be: as long as anything is kept.
const maxRange = 400 * 24 * time.Hour

// logFilter makes the journal's filter of a query's.
func (r *Resolver) logFilter(ctx context.Context, in *model.LogFilter) (entry.Filter, error) {
	if in == nil {
		return entry.Filter{}, nil
	}
	var f errs.Fields
	out := entry.Filter{
		Kinds: in.Kinds, Statuses: in.Statuses, ErrorKinds: in.ErrorKinds,
		CustomerIDs:     idsIn(&f, nodeid.Customer, "filter.customerIds", in.CustomerIds),
		IntegrationIDs:  idsIn(&f, nodeid.Integration, "filter.integrationIds", in.IntegrationIds),
		ConnectedAppIDs: idsIn(&f, nodeid.ConnectedApp, "filter.connectedAppIds", in.ConnectedAppIds),
		StatusCode:      intRange(&f, "filter.statusCode", in.StatusCode),
		EndpointPrefix:  trimmed(&f, "filter.endpoint", in.Endpoint, maxPrefix),
		ErrorCodes:      in.ErrorCodes, EventTypes: in.EventTypes,
		Range:      timeRange(&f, "filter.range", in.Range),
		Search:     trimmed(&f, "filter.search", in.Search, maxSearch),
		Identifier: identifier(&f, "filter.identifier", in.Identifier),
		TraceID:    strings.ToLower(trimmed(&f, "filter.traceId", in.TraceID, maxText)),
	}
	atMost(&f, "filter.methods", in.Methods)
	atMost(&f, "filter.errorCodes", in.ErrorCodes)
	atMost(&f, "filter.eventTypes", in.EventTypes)
	for _, method := range in.Methods {
		out.Methods = append(out.Methods, strings.ToUpper(method))
	}
	if in.Direction != nil {
		out.Direction = *in.Direction
	}
	if in.DurationMs != nil {
		out.DurationMS = entry.FloatRange{Min: in.DurationMs.Gte, Max: in.DurationMs.Lte}
	}
	if in.FlowRunID != nil {
		ids := idsIn(&f, nodeid.FlowRun, "filter.flowRunId", []string{*in.FlowRunID})
		out.FlowRunID = ids[0]
	}
	if in.IssueID != nil {
		out.IssueIDs = idsIn(&f, nodeid.Issue, "filter.issueId", []string{*in.IssueID})
	}
	if err := f.Err(); err != nil || in.IssueID == nil {
		return out, err
	}
	parts, err := load.Many(ctx, load.From(ctx).PartsOfIssue, out.IssueIDs[0])
	out.IssueIDs = append(out.IssueIDs, parts...)
	return out, err
}

// runFilter makes the filter of runs of a query's.
func runFilter(in *model.FlowRunFilter) (run.Filter, error) {
	if in == nil {
		return run.Filter{}, nil
	}
	var f errs.Fields
	out := run.Filter{
		FlowIDs:        idsIn(&f, nodeid.Flow, "filter.flowIds", in.FlowIds),
		CustomerIDs:    idsIn(&f, nodeid.Customer, "filter.customerIds", in.CustomerIds),
		IntegrationIDs: idsIn(&f, nodeid.Integration, "filter.integrationIds", in.IntegrationIds),
		Statuses:       in.RunStatuses,
		Range:          timeRange(&f, "filter.range", in.Range),
		Identifier:     identifier(&f, "filter.identifier", in.Identifier),
		Search:         trimmed(&f, "filter.search", in.Search, maxSearch),
	}
	return out, f.Err()
}

func timeRange(f *errs.Fields, field string, in *model.TimeRange) entry.Range {
	if in == nil {
		return entry.Range{}
	}
	f.Check(in.From.Before(in.To), field, "from must be earlier than to")
	f.Check(in.To.Sub(in.From) <= maxRange, field, "is longer than 400 days")
	return entry.Range{From: in.From, To: in.To}
}

func identifier(f *errs.Fields, field string, in *model.IdentifierFilter) *entry.IdentifierFilter {
	if in == nil {
		return nil
	}
	out := &entry.IdentifierFilter{Key: trimmed(f, field+".key", in.Key, maxText), Value: in.Value}
	f.Check(out.Value != "" && len(out.Value) <= maxText, field+".value", "must have 1 to %d bytes", maxText)
	return out
}

func intRange(f *errs.Fields, field string, in *model.IntFilter) entry.IntRange {
	if in == nil {
		return entry.IntRange{}
	}
	f.Check(len(in.In) <= maxIDs, field+".in", "has %d items: at most %d are allowed", len(in.In), maxIDs)
	return entry.IntRange{Equal: in.Eq, Min: in.Gte, Max: in.Lte, In: in.In}
}

func (r *Resolver) customerFilter(ctx context.Context, in *model.CustomerFilter) (directory.CustomerFilter, error) {
	if in == nil {
		return directory.CustomerFilter{}, nil
	}
	var f errs.Fields
	out := directory.CustomerFilter{Search: trimmed(&f, "filter.search", in.Search, maxText)}
	if err := f.Err(); err != nil {
		return out, err
	}
	var err error
	if out.IntegrationID, err = idIn(nodeid.Integration, "filter.integrationId", in.IntegrationID); err != nil {
		return out, err
	}
	out.Among, err = r.among(ctx, entry.ParentCustomer, in.Health)
	return out, err
}

func (r *Resolver) connectedAppFilter(ctx context.Context, in *model.ConnectedAppFilter) (out directory.ConnectedAppFilter, err error) {
	if in == nil {
		return out, nil
	}
	out.Statuses = in.Statuses
	if out.CustomerID, err = idIn(nodeid.Customer, "filter.customerId", in.CustomerID); err != nil {
		return out, err
	}
	if out.IntegrationID, err = idIn(nodeid.Integration, "filter.integrationId", in.IntegrationID); err != nil {
		return out, err
	}
	out.Among, err = r.among(ctx, entry.ParentConnectedApp, in.Health)
	return out, err
}
