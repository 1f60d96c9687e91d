package redact_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/ingest/redact"
	"github.com/weirhq/weir/internal/errs"
)

func TestPolicyValidate(t *testing.T) {
	t.Parallel()
	require.NoError(t, redact.Policy{}.Validate())
	require.NoError(t, redact.Policy{Headers: []string{"X-A"}, Fields: []string{"ssn"}, Patterns: []string{`\d{3}`}}.Validate())

	err := redact.Policy{
		Headers:  []string{"", "X-Ok", "a\nb"},
		Fields:   []string{strings.Repeat("x", redact.MaxNameLength+1), "--"},
		Patterns: []string{"ok+", "(", "a*", "", strings.Repeat("a", redact.MaxPatternLength+1), `(?=x)`},
	}.Validate()
	require.Equal(t, errs.BadInput, errs.CodeOf(err))
	fields := make([]string, 0)
	for _, e := range errs.All(err) {
		fields = append(fields, strings.Join(e.Field, "."))
	}
	require.Equal(t, []string{
		"headers.0", "headers.2", "fields.0", "fields.1", "patterns.1", "patterns.2", "patterns.3", "patterns.4", "patterns.5",
	}, fields)

	err = redact.Policy{Patterns: slices.Repeat([]string{"a"}, redact.MaxPatterns+1), Fields: slices.Repeat([]string{"a"}, redact.MaxNames+1)}.Validate()
	require.Len(t, errs.All(err), 2)

	_, err = redact.Compile(redact.Policy{Patterns: []string{"["}})
	require.Equal(t, errs.BadInput, errs.CodeOf(err))
}
