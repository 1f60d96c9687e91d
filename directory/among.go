package directory

import (
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
)

// Among asks for customers or connected apps by who they are, or by when something was last recorded of them.
type Among struct {
	// IDs are asked for, whatever else there is.
	IDs []uuid.UUID
	// Except are those to whom the time of their last activity does not matter: they are among IDs, or not asked for.
	Except []uuid.UUID
	// Active asks for those with activity at Since or after it, Idle for those with none since then.
	Active, Idle bool
	Since        time.Time
}

// where adds the condition to a query of a table with id and last_activity_at; a nil Among asks for all.
func (a *Among) where(q *bun.SelectQuery) {
	if a == nil {
		return
	}
	q.Where(`(?TableAlias.id = ANY (?::uuid[]) OR ?TableAlias.id <> ALL (?::uuid[]) AND
		CASE WHEN ?TableAlias.last_activity_at >= ? THEN ? ELSE ? END)`, idArray(a.IDs), idArray(a.Except), a.Since, a.Active, a.Idle)
}

// idArray writes ids as PostgreSQL reads an array.
func idArray(ids []uuid.UUID) string {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = id.String()
	}
	return "{" + strings.Join(texts, ",") + "}"
}
