package tenant

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/weirhq/weir/internal/errs"
)

// The limits are no wider than those of what applies the policy: one that is stored always works.
const (
	maxRedactedNames = 200
	// maxPatterns is small because every text that comes in is held against each.
	maxPatterns = 50
	// maxRedactedName and maxPattern are in characters.
	maxRedactedName = 200
	maxPattern      = 500
)

// Redaction is what a tenant has replaced before anything is stored, beside what is built in.
type Redaction struct {
	bun.BaseModel `bun:"table:redaction_policy,alias:r"`

	TenantID uuid.UUID `bun:",pk,type:uuid"`
	// Headers are names of headers, and Fields of JSON and form fields, in any case.
	Headers []string `bun:",array"`
	Fields  []string `bun:",array"`
	// Patterns are regular expressions in Go's syntax.
	Patterns []string `bun:",array"`
}

// RedactionInput is a policy to be.
type RedactionInput struct {
	Headers  []string
	Fields   []string
	Patterns []string
}

// Validate reports every bad field, as BadInput.
func (in *RedactionInput) Validate() error {
	var f errs.Fields
	checkRedactedNames(&f, "headers", in.Headers)
	checkRedactedNames(&f, "fields", in.Fields)
	f.Check(len(in.Patterns) <= maxPatterns, "patterns", "has %d elements: at most %d are allowed", len(in.Patterns), maxPatterns)
	for i, pattern := range in.Patterns[:min(len(in.Patterns), maxPatterns)] {
		field := fmt.Sprintf("patterns.%d", i)
		if problem := patternProblem(pattern); problem != "" {
			f.Add(field, "%s", problem)
		}
	}
	return f.Err()
}

func checkRedactedNames(f *errs.Fields, field string, names []string) {
	f.Check(len(names) <= maxRedactedNames, field, "has %d elements: at most %d are allowed", len(names), maxRedactedNames)
	for i, name := range names[:min(len(names), maxRedactedNames)] {
		path := fmt.Sprintf("%s.%d", field, i)
		switch n := utf8.RuneCountInString(name); {
		case n > maxRedactedName:
			f.Add(path, "has %d characters: at most %d are allowed", n, maxRedactedName)
		case !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
			f.Add(path, "must not hold control characters")
		case !strings.ContainsFunc(name, isWord):
			f.Add(path, "must have a letter or digit")
		}
	}
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

func patternProblem(pattern string) string {
	if n := utf8.RuneCountInString(pattern); n > maxPattern {
		return fmt.Sprintf("has %d characters: at most %d are allowed", n, maxPattern)
	}
	if !utf8.ValidString(pattern) || strings.IndexByte(pattern, 0) >= 0 {
		return "must be UTF-8 without NUL"
	}
	compiled, err := regexp.Compile(pattern)
	if err != nil {
		return "is no regular expression in the syntax of RE2"
	}
	// Such a pattern finds a place between any two characters and never says what to replace.
	if compiled.MatchString("") {
		return "must not match the empty text"
	}
	return ""
}

// RedactionPolicy is the tenant's policy; empty when none was set. It needs the role ADMIN.
func (s *Store) RedactionPolicy(ctx context.Context) (*Redaction, error) {
	if _, err := admin(ctx); err != nil {
		return nil, err
	}
	return s.loadRedaction(ctx)
}

// Redaction is RedactionPolicy for ingestion: any principal may ask, and the answer may be five seconds old. It must
// not be changed; a policy that is the same has the same address while it is remembered.
func (s *Store) Redaction(ctx context.Context) (*Redaction, error) {
	return s.redaction.get(ctx, s.loadRedaction)
}

func (s *Store) loadRedaction(ctx context.Context) (*Redaction, error) {
	var rows []*Redaction
	p, err := FromContext(ctx)
	if err != nil {
		return nil, err
	}
	err = s.door.Read(ctx, func(ctx context.Context, tx *Tx) error {
		return tx.Bun().NewSelect().Model(&rows).Where("tenant_id = ?", tx.TenantID()).Scan(ctx)
	})
	if err != nil {
		return nil, fmt.Errorf("read the redaction policy: %w", err)
	}
	if len(rows) == 0 {
		return &Redaction{TenantID: p.TenantID, Headers: []string{}, Fields: []string{}, Patterns: []string{}}, nil
	}
	return rows[0], nil
}

// UpdateRedaction sets the whole policy. It is BadInput, one error a field. It needs the role ADMIN.
func (s *Store) UpdateRedaction(ctx context.Context, in RedactionInput) (*Redaction, error) {
	p, err := admin(ctx)
	if err != nil {
		return nil, err
	}
	if err := in.Validate(); err != nil {
		return nil, err
	}
	row := &Redaction{
		TenantID: p.TenantID,
		Headers:  append([]string{}, in.Headers...),
		Fields:   append([]string{}, in.Fields...),
		Patterns: append([]string{}, in.Patterns...),
	}
	err = s.door.Write(ctx, func(ctx context.Context, tx *Tx) error {
		_, err := tx.Bun().NewInsert().Model(row).On("CONFLICT (tenant_id) DO UPDATE").
			Set("headers = excluded.headers, fields = excluded.fields, patterns = excluded.patterns").Exec(ctx)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("update the redaction policy: %w", err)
	}
	s.redaction.forget(p.TenantID)
	return row, nil
}
