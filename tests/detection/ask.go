package detection

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"time"

	"github.com/weirhq/weir/tenant"
	"github.com/weirhq/weir/tenant/token"
)

// Issue is what people see of one.
type Issue struct {
	ID, Category, Title, Status, Severity         string
	CustomerCount, ConnectedAppCount, Occurrences int
	FirstSeenAt, LastSeenAt                       time.Time
	ResolvedAt, SnoozedUntil                      *time.Time
	Integration                                   *struct{ Key string }
	Customers                                     struct{ Nodes []struct{ ExternalID string } }
	Diagnosis                                     Diagnosis
	Evidence                                      struct{ Nodes []Evidence }
	Activity                                      []Activity
}

// Diagnosis is what is said of what is wrong.
type Diagnosis struct {
	Category, Title, Cause string
	Confidence             float64
	Steps                  []struct {
		Actor, Text string
	}
}

// Evidence is an entry that shows the problem.
type Evidence struct {
	ID, Kind   string
	OccurredAt time.Time
	Customer   *struct{ ExternalID string }
}

// Activity is something that happened to an issue.
type Activity struct {
	At                  time.Time
	Actor, Action, Note string
}

// Who lists the customers' own ids, sorted.
func (i *Issue) Who() (out []string) {
	for _, c := range i.Customers.Nodes {
		out = append(out, c.ExternalID)
	}
	slices.Sort(out)
	return out
}

// Of is the key of its integration, "" when it is of none.
func (i *Issue) Of() string {
	if i.Integration == nil {
		return ""
	}
	return i.Integration.Key
}

// Episode is one time that an issue was open: from one of its openings to the resolution that followed.
type Episode struct {
	OpenedAt   time.Time
	ResolvedAt *time.Time
}

// Episodes reads an issue's activity, the oldest first.
func (i *Issue) Episodes() (out []Episode) {
	for _, a := range i.Activity {
		switch a.Action {
		case "opened", "reopened", "woken":
			out = append(out, Episode{OpenedAt: a.At})
		case "resolved":
			if len(out) > 0 {
				out[len(out)-1].ResolvedAt = &a.At
			}
		}
	}
	return out
}

func (i *Issue) String() string {
	return fmt.Sprintf("%s %s %s %s %q of %s, %d customers %v", i.OpenedAt().Format(time.DateTime), i.Category, i.Status, i.Severity, i.Title, i.Of(), i.CustomerCount, i.Who())
}

// OpenedAt is when the present episode, or the last, began.
func (i *Issue) OpenedAt() time.Time {
	if e := i.Episodes(); len(e) > 0 {
		return e[len(e)-1].OpenedAt
	}
	return time.Time{}
}

const issueFields = `id category title status severity customerCount connectedAppCount occurrences firstSeenAt lastSeenAt resolvedAt snoozedUntil
	integration { key } customers(first: 100) { nodes { externalId } }
	diagnosis { category title cause confidence steps { actor text } }
	evidence(first: 20) { nodes { id kind occurredAt customer { externalId } } }
	activity { at actor action note }`

const issuesQuery = `query($filter: IssueFilter, $after: String) { issues(first: 25, after: $after, filter: $filter) {
	nodes { ` + issueFields + ` } pageInfo { hasNextPage endCursor } } }`

// Issues lists what the filter asks for: all that were ever open when it is nil.
func (w *World) Issues(ctx context.Context, filter map[string]any) (out []*Issue, err error) {
	after := ""
	for {
		var got struct {
			Issues struct {
				Nodes    []*Issue
				PageInfo struct {
					HasNextPage bool
					EndCursor   string
				}
			}
		}
		variables := map[string]any{"filter": filter}
		if after != "" {
			variables["after"] = after
		}
		if err := w.Query(ctx, tenant.RoleSupport, issuesQuery, variables, &got); err != nil {
			return nil, err
		}
		for _, i := range got.Issues.Nodes {
			i.Category = strings.ToLower(i.Category)
		}
		out = append(out, got.Issues.Nodes...)
		if after = got.Issues.PageInfo.EndCursor; !got.Issues.PageInfo.HasNextPage {
			return out, nil
		}
	}
}

// Standing are the issues that somebody has to do something about.
func (w *World) Standing(ctx context.Context) ([]*Issue, error) {
	return w.Issues(ctx, map[string]any{"statuses": []string{"OPEN", "ACKNOWLEDGED"}})
}

// Query asks over GraphQL with a token of the role. Any error in the answer is one.
func (w *World) Query(ctx context.Context, role tenant.Role, query string, variables map[string]any, into any) error {
	signed, _, err := w.tokens.Sign(token.Claims{Subject: "sam", Tenant: w.account.tenant.Slug, Role: role.String()}, time.Hour)
	if err != nil {
		return err
	}
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		return err
	}
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/graphql", strings.NewReader(string(body)))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+signed)
	answer := httptest.NewRecorder()
	return w.timed("graphql", func() error {
		w.handler.ServeHTTP(answer, r)
		said := struct {
			Data   json.RawMessage
			Errors []struct{ Message string }
		}{}
		if err := json.Unmarshal(answer.Body.Bytes(), &said); err != nil || answer.Code != http.StatusOK || len(said.Errors) > 0 {
			return fmt.Errorf("GraphQL answered %d: %.500s", answer.Code, answer.Body)
		}
		return json.Unmarshal(said.Data, into)
	})
}
