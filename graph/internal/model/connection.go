package model

import (
	"github.com/weirhq/weir/internal/page"
)

// Node is whatever has an id and can be read again by it.
type Node interface{ node() }

// PageInfo says where a page lies in its list.
type PageInfo struct {
	HasNextPage     bool
	HasPreviousPage bool
	StartCursor     *string
	EndCursor       *string
}

// Edge is an item of a page with its cursor.
type Edge[T any] struct {
	Cursor string
	Node   T
}

// Listed is what a list is made of: it knows its own place in it.
type Listed interface{ Cursor() string }

// Connection is a page in the shape that Relay asks for.
type Connection[T Listed] struct {
	page page.Page[T]
	// end is where to go on when that is not behind the last item, as after a search that took long.
	end string
	// cursors are the items' where they stand in another list than their own.
	cursors []string
	// mark changes the cursors, unless it is nil.
	mark func(cursor string) string
}

// NewConnection makes a connection of a page. Where the list goes on elsewhere than behind the page's last item, end
// is the cursor of that place.
func NewConnection[T Listed](p page.Page[T], end string) *Connection[T] {
	return &Connection[T]{page: p, end: end}
}

// NewConnectionOf makes a connection of a page of another list than the items' own, in which they have these cursors.
func NewConnectionOf[T Listed](p page.Page[T], cursors []string, end string) *Connection[T] {
	return &Connection[T]{page: p, cursors: cursors, end: end}
}

// cursor is the i-th item's.
func (c *Connection[T]) cursor(i int) string {
	if c.cursors != nil {
		return c.cursors[i]
	}
	return c.marked(c.page.Items[i].Cursor())
}

// Nodes are the page's items.
func (c *Connection[T]) Nodes() []T { return c.page.Items }

// Edges are the page's items with their cursors.
func (c *Connection[T]) Edges() []*Edge[T] {
	edges := make([]*Edge[T], len(c.page.Items))
	for i, item := range c.page.Items {
		edges[i] = &Edge[T]{Cursor: c.cursor(i), Node: item}
	}
	return edges
}

// PageInfo says where the page lies in its list.
func (c *Connection[T]) PageInfo() *PageInfo {
	info := &PageInfo{HasNextPage: c.page.HasNext, HasPreviousPage: c.page.HasPrevious}
	if n := len(c.page.Items); n > 0 {
		first, last := c.cursor(0), c.cursor(n-1)
		info.StartCursor, info.EndCursor = &first, &last
	}
	if c.end != "" {
		end := c.marked(c.end)
		info.EndCursor = &end
	}
	return info
}

// Marked is the connection with its cursors changed.
func (c *Connection[T]) Marked(mark func(cursor string) string) *Connection[T] {
	c.mark = mark
	return c
}

func (c *Connection[T]) marked(cursor string) string {
	if c.mark == nil {
		return cursor
	}
	return c.mark(cursor)
}

// TotalCount is how many items all pages together have.
func (c *Connection[T]) TotalCount() int { return c.page.Total }

// The connections of the schema and their edges, by the names that gqlgen.yml binds them by.
//
//nolint:revive // One comment says what each of them is.
type (
	CustomerConnection     = Connection[*Customer]
	CustomerEdge           = Edge[*Customer]
	IntegrationConnection  = Connection[*Integration]
	IntegrationEdge        = Edge[*Integration]
	ConnectedAppConnection = Connection[*ConnectedApp]
	ConnectedAppEdge       = Edge[*ConnectedApp]
	FlowConnection         = Connection[*Flow]
	FlowEdge               = Edge[*Flow]
	FlowRunConnection      = Connection[*FlowRun]
	FlowRunEdge            = Edge[*FlowRun]
	LogEntryConnection     = Connection[LogEntry]
	LogEntryEdge           = Edge[LogEntry]
	LogLineConnection      = Connection[*LogLine]
	LogLineEdge            = Edge[*LogLine]
	IssueConnection        = Connection[*Issue]
	IssueEdge              = Edge[*Issue]
	AlarmRuleConnection    = Connection[*AlarmRule]
	AlarmRuleEdge          = Edge[*AlarmRule]
	AlarmConnection        = Connection[*Alarm]
	AlarmEdge              = Edge[*Alarm]
	DeliveryConnection     = Connection[*Delivery]
	DeliveryEdge           = Edge[*Delivery]
	APIKeyConnection       = Connection[*APIKey]
	APIKeyEdge             = Edge[*APIKey]
	MemberConnection       = Connection[*Member]
	MemberEdge             = Edge[*Member]
	AuditEntryConnection   = Connection[*AuditEntry]
	AuditEntryEdge         = Edge[*AuditEntry]

	NotificationEndpointConnection = Connection[*NotificationEndpoint]
	NotificationEndpointEdge       = Edge[*NotificationEndpoint]
)
