package run

import (
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// selection is a SELECT of flow runs that are shown. Its text follows from which conditions there are, never from their
// values, so that PostgreSQL parses and plans it once.
type selection struct {
	text strings.Builder
	args []any
}

// newSelection selects expressions from the tenant's runs.
func newSelection(tenantID uuid.UUID, expressions ...string) *selection {
	s := &selection{args: []any{tenantID}}
	s.text.WriteString("SELECT " + strings.Join(expressions, ", ") + " FROM flow_run r WHERE r.tenant_id = $1 AND r.flow_id IS NOT NULL")
	return s
}

// and adds a condition; each question mark in it stands for the next of the values.
func (s *selection) and(condition string, values ...any) { s.add(" AND "+condition, values...) }

// add adds what stands behind the conditions, likewise.
func (s *selection) add(clause string, values ...any) {
	for _, v := range values {
		before, after, _ := strings.Cut(clause, "?")
		s.args = append(s.args, v)
		s.text.WriteString(before + "$" + strconv.Itoa(len(s.args)))
		clause = after
	}
	s.text.WriteString(clause)
}
