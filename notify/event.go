package notify

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/weirhq/weir/internal/nodeid"
)

// Event is something to tell. The functions of this file make them.
type Event struct {
	Kind      Kind
	SubjectID uuid.UUID
	// Episode tells apart what may be told of a subject again: the same subject, kind and episode is told once.
	Episode string
	At      time.Time
	// Recovery is that a failure is over: who was not told of the failure is not told of that either.
	Recovery bool
	// EndpointIDs are whom to tell; empty for all that ask for the kind.
	EndpointIDs []uuid.UUID
	CustomerIDs []uuid.UUID
	// path is where the console shows it.
	path string
	data Data
}

// Thing is a customer, integration or flow by name.
type Thing struct {
	ID uuid.UUID
	// ExternalID is how its sender names it.
	ExternalID, Name string
}

func (t *Thing) named(kind nodeid.Kind) *Named {
	if t.ID == uuid.Nil {
		return nil
	}
	n := &Named{nodeid.Format(kind, t.ID), t.ExternalID, t.Name}
	if n.Name == "" {
		n.Name = n.ExternalID
	}
	return n
}

func customers(list []Thing) (named []Named, ids []uuid.UUID) {
	for i := range list[:min(len(list), mostNamed)] {
		if n := list[i].named(nodeid.Customer); n != nil {
			named, ids = append(named, *n), append(ids, list[i].ID)
		}
	}
	return named, ids
}

// Issue is what is told of an issue.
type Issue struct {
	ID       uuid.UUID
	Title    string
	Cause    string
	Category string
	Severity string
	Status   string
	// Integration is the zero Thing of what is of none.
	Integration Thing
	// Customers are some of those that it hits, and CustomerCount how many there are.
	Customers     []Thing
	CustomerCount int
	Occurrences   int64
	// OpenedAt is when this episode began, and ResolvedAt when it ended.
	OpenedAt, ResolvedAt time.Time
	ResolvedBy           string
	Steps                []Step
	Evidence             []Evidence
}

// OfIssue tells of an issue that was opened, reopened or resolved: kind is one of these. It is told once for each episode,
// however many customers the issue hits.
func OfIssue(kind Kind, i *Issue) Event {
	e := Event{
		Kind: kind, SubjectID: i.ID, Episode: strconv.FormatInt(i.OpenedAt.UnixMicro(), 10), At: i.OpenedAt,
		path: "/issues/" + nodeid.Format(nodeid.Issue, i.ID),
	}
	e.data = Data{
		ID: nodeid.Format(nodeid.Issue, i.ID), Title: i.Title, Severity: i.Severity, Status: i.Status, Category: i.Category, Cause: i.Cause,
		Integration: i.Integration.named(nodeid.Integration), CustomerCount: i.CustomerCount, Since: &i.OpenedAt,
		ResolvedBy: i.ResolvedBy, Steps: i.Steps, Evidence: excerpts(i.Evidence),
	}
	e.data.Customers, e.CustomerIDs = customers(i.Customers)
	e.data.Summary = fmt.Sprintf("Seen %s, %s affected.", count(i.Occurrences, "time"), count(int64(i.CustomerCount), "customer"))
	if kind == IssueResolved {
		e.Recovery, e.At, e.data.ResolvedAt = true, i.ResolvedAt, &i.ResolvedAt
		e.data.Summary = fmt.Sprintf("Resolved after %s.", i.ResolvedAt.Sub(i.OpenedAt).Round(time.Second))
	}
	return e
}

// Alarm is what is told of an alarm.
type Alarm struct {
	ID, RuleID  uuid.UUID
	Name        string
	Measure     Measure
	Integration Thing
	Customer    Thing
	Flow        Thing
	// ResolvedAt is the zero time while the alarm fires.
	FiredAt, ResolvedAt time.Time
	// EndpointIDs are whom the rule names.
	EndpointIDs []uuid.UUID
	// Cause is why it is resolved when what is watched is not why; else "".
	Cause string
}

// OfAlarm tells that an alarm fires, or is resolved when it says when.
func OfAlarm(a *Alarm) Event {
	e := Event{
		Kind: AlarmFiring, SubjectID: a.ID, At: a.FiredAt, EndpointIDs: a.EndpointIDs, path: "/alarms/" + nodeid.Format(nodeid.Alarm, a.ID),
	}
	m := a.Measure
	e.data = Data{
		ID: nodeid.Format(nodeid.Alarm, a.ID), Title: a.Name, Severity: "ERROR", Status: "FIRING", Integration: a.Integration.named(nodeid.Integration),
		Flow: a.Flow.named(nodeid.Flow), Since: &a.FiredAt, Measure: &m,
		Summary: fmt.Sprintf("%s is %s: %s than %s.", m.Metric, number(m.Value), map[string]string{"ABOVE": "more", "BELOW": "less"}[m.Comparison], number(m.Threshold)),
	}
	e.data.Customers, e.CustomerIDs = customers([]Thing{a.Customer})
	e.data.CustomerCount = len(e.data.Customers)
	if !a.ResolvedAt.IsZero() {
		e.Kind, e.Recovery, e.At = AlarmResolved, true, a.ResolvedAt
		e.data.Status, e.data.Severity, e.data.ResolvedAt = "RESOLVED", "INFO", &a.ResolvedAt
		e.data.Summary = fmt.Sprintf("Resolved after %s.", a.ResolvedAt.Sub(a.FiredAt).Round(time.Second))
		e.data.Cause = a.Cause
	}
	return e
}

// ConnectedApp is what is told of a connected app.
type ConnectedApp struct {
	ID          uuid.UUID
	Customer    Thing
	Integration Thing
	// Status and Previous are CONNECTED, NEEDS_REAUTH or DISCONNECTED.
	Status, Previous string
	Reason           string
	ChangedAt        time.Time
}

// OfConnectedApp tells that a connected app's status changed. That it is CONNECTED again is a recovery.
func OfConnectedApp(a *ConnectedApp) Event {
	e := Event{
		Kind: ConnectedAppStatusChanged, SubjectID: a.ID, Episode: a.Status + " " + strconv.FormatInt(a.ChangedAt.UnixMicro(), 10), At: a.ChangedAt,
		Recovery: a.Status == "CONNECTED", path: "/connected-apps/" + nodeid.Format(nodeid.ConnectedApp, a.ID),
	}
	said := map[string]string{"CONNECTED": "is connected again", "NEEDS_REAUTH": "must sign in again", "DISCONNECTED": "is disconnected"}[a.Status]
	e.data = Data{
		ID: nodeid.Format(nodeid.ConnectedApp, a.ID), Integration: a.Integration.named(nodeid.Integration), Status: a.Status, Previous: a.Previous,
		Cause: a.Reason, Since: &a.ChangedAt, Severity: "ERROR",
	}
	e.data.Customers, e.CustomerIDs = customers([]Thing{a.Customer})
	e.data.CustomerCount = len(e.data.Customers)
	who, what := "A customer", "an integration"
	if len(e.data.Customers) > 0 {
		who = e.data.Customers[0].Name
	}
	if e.data.Integration != nil {
		what = e.data.Integration.Name
	}
	e.data.Title = fmt.Sprintf("%s %s to %s", who, said, what)
	if a.Status == "DISCONNECTED" {
		e.data.Title = fmt.Sprintf("%s %s from %s", who, said, what)
	}
	switch a.Status {
	case "CONNECTED":
		e.data.Severity = "INFO"
	case "NEEDS_REAUTH":
		e.data.ResolvedBy, e.data.Steps = "CUSTOMER", []Step{{Actor: "CUSTOMER", Text: "Sign in to " + what + " again."}}
	}
	return e
}

// FlowRun is what is told of a flow run that failed.
type FlowRun struct {
	ID          uuid.UUID
	ExternalID  string
	Flow        Thing
	Customer    Thing
	Integration Thing
	// ErrorCode and ErrorMessage are what the run says of why.
	ErrorCode, ErrorMessage string
	FailedAt                time.Time
}

// OfFlowRun tells that a flow run failed, once for each run.
func OfFlowRun(r *FlowRun) Event {
	e := Event{Kind: FlowRunFailed, SubjectID: r.ID, At: r.FailedAt, path: "/runs/" + nodeid.Format(nodeid.FlowRun, r.ID)}
	e.data = Data{
		ID: nodeid.Format(nodeid.FlowRun, r.ID), Title: "A flow run failed", Severity: "ERROR", Status: "FAILED", Since: &r.FailedAt,
		Flow: r.Flow.named(nodeid.Flow), Integration: r.Integration.named(nodeid.Integration), Cause: clip(r.ErrorMessage, mostExcerpt),
		Evidence: []Evidence{{ID: nodeid.Format(nodeid.FlowRun, r.ID), At: r.FailedAt, Summary: "Run " + r.ExternalID, Excerpt: clip(strings.TrimSpace(r.ErrorCode+" "+r.ErrorMessage), mostExcerpt)}},
	}
	if e.data.Flow != nil {
		e.data.Title = "A run of " + e.data.Flow.Name + " failed"
	}
	e.data.Customers, e.CustomerIDs = customers([]Thing{r.Customer})
	e.data.CustomerCount = len(e.data.Customers)
	return e
}

// ofDisabled tells that an endpoint was disabled.
func ofDisabled(e *Endpoint, reason string, at time.Time) Event {
	id := nodeid.Format(nodeid.NotificationEndpoint, e.ID)
	return Event{
		Kind: EndpointDisabled, SubjectID: e.ID, Episode: strconv.FormatInt(at.UnixMicro(), 10), At: at, path: "/notifications/" + id,
		data: Data{ID: id, Title: "An endpoint for notifications was disabled", Summary: reason, Severity: "ERROR", Status: "DISABLED", Since: &at,
			ResolvedBy: "TENANT", Steps: []Step{{Actor: "TENANT", Text: "Mend the receiver, test it with testNotificationEndpoint, enable it again, and replay what it missed."}}},
	}
}

// payload is what is sent of the event.
func (e *Event) payload(publicURL string) Payload {
	p := Payload{e.Kind.Type(), e.At.UTC().Truncate(time.Millisecond), e.data}
	if publicURL != "" && e.path != "" {
		p.Data.URL = strings.TrimSuffix(publicURL, "/") + e.path
	}
	return p
}

func excerpts(list []Evidence) []Evidence {
	out := make([]Evidence, min(len(list), mostEvidence))
	for i := range out {
		out[i] = list[i]
		out[i].Excerpt = clip(out[i].Excerpt, mostExcerpt)
	}
	return out
}

// clip cuts a text to so many bytes of valid UTF-8, without NUL.
func clip(text string, most int) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "")
	if len(text) <= most {
		return text
	}
	text = text[:most-len("…")]
	for len(text) > 0 && !utf8.ValidString(text) {
		text = text[:len(text)-1]
	}
	return text + "…"
}

func count(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func number(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }
