package graph

import (
	"context"
	"slices"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"

	"github.com/weirhq/weir/directory"
	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/internal/page"
)

// How many items a page has: without an argument, and at most.
const (
	defaultFirst = 50
	maxFirst     = 100
	maxLines     = 200
	maxIDs       = 100
	maxText      = 200
	maxSearch    = 500
	maxPrefix    = 2000
)

// pageSize is the size of a page that was asked for.
func pageSize(first *int, otherwise, most int) (int, error) {
	if first == nil {
		return otherwise, nil
	}
	if *first < 1 || *first > most {
		return 0, errs.Invalid("first", "must be from 1 to %d", most)
	}
	return *first, nil
}

// pageOf is the page that was asked for.
func pageOf(first *int, after *string) (page.Request, error) {
	size, err := pageSize(first, defaultFirst, maxFirst)
	return page.Request{Size: size, After: text(after)}, err
}

// head is the first page below a parent; its rows are counted only for a query that asks how many there are.
func head(ctx context.Context, req page.Request) directory.Head {
	fields := graphql.CollectFieldsCtx(ctx, []string{"ConnectedAppConnection", "FlowConnection"})
	return directory.Head{First: req.Size, Total: slices.ContainsFunc(fields, func(f graphql.CollectedField) bool { return f.Name == "totalCount" })}
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// idOr says that of an id and another name exactly one must be given.
func idOr(id, name *string, argument string) error {
	if (id == nil) == (name == nil) {
		return errs.Invalid("id", "give id or %s, and not both", argument)
	}
	return nil
}

// orNull turns NotFound into the null that look-ups answer.
func orNull[T any](v *T, err error) (*T, error) {
	if errs.Is(err, errs.NotFound) {
		return nil, nil // Null is what the API answers.
	}
	return v, err
}

// idIn reads an id in a filter. One that is of another kind is a mistake worth telling; one that is of nothing, or of
// another tenant, only finds nothing.
func idIn(kind nodeid.Kind, field string, id *string) (uuid.UUID, error) {
	if id == nil {
		return uuid.Nil, nil
	}
	parsed, err := nodeid.ParseAs(kind, *id)
	if err != nil {
		return uuid.Nil, errs.Invalid(field, "%q is no id of this kind: they begin with %s_", *id, kind)
	}
	return parsed, nil
}

// idsIn reads the ids of a list in a filter.
func idsIn(f *errs.Fields, kind nodeid.Kind, field string, ids []string) []uuid.UUID {
	f.Check(len(ids) <= maxIDs, field, "has %d items: at most %d are allowed", len(ids), maxIDs)
	out := make([]uuid.UUID, 0, min(len(ids), maxIDs))
	for _, id := range ids[:min(len(ids), maxIDs)] {
		parsed, err := nodeid.ParseAs(kind, id)
		f.Check(err == nil, field, "%q is no id of this kind: they begin with %s_", id, kind)
		out = append(out, parsed)
	}
	return out
}

// atMost checks the length of a list and of the texts in it.
func atMost(f *errs.Fields, field string, list []string) {
	f.Check(len(list) <= maxIDs, field, "has %d items: at most %d are allowed", len(list), maxIDs)
	for _, item := range list {
		f.Check(len(item) <= maxText, field, "an item has over %d bytes", maxText)
	}
}

// trimmed is a text of a filter, checked for its length.
func trimmed(f *errs.Fields, field string, s *string, most int) string {
	t := strings.TrimSpace(text(s))
	f.Check(len(t) <= most, field, "has %d bytes: at most %d are allowed", len(t), most)
	return t
}
