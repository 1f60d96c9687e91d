package redact

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/weirhq/weir/internal/errs"
)

// Limits of a tenant's policy. Patterns run over every text of every entry, so
// their number is what bounds the cost of a policy.
const (
	MaxNames         = 200
	MaxNameLength    = 200
	MaxPatterns      = 50
	MaxPatternLength = 500
)

// Policy is what a tenant wants redacted beside the built-in rules.
type Policy struct {
	// Headers are names of HTTP headers, compared without regard to case.
	Headers []string `json:"headers"`
	// Fields are names of JSON members, form fields, query parameters and XML
	// elements, compared without regard to case and separators: cardHolder,
	// card_holder and card-holder are one name.
	Fields []string `json:"fields"`
	// Patterns are regular expressions in RE2 syntax. What one matches is
	// replaced.
	Patterns []string `json:"patterns"`
}

// Validate reports every bad field at once, as errs.Fields does:
// headers.0, fields.3, patterns.1.
func (p Policy) Validate() error {
	_, err := p.compile()
	return err
}

// compile checks the policy and returns its compiled patterns.
func (p Policy) compile() ([]*regexp.Regexp, error) {
	var bad errs.Fields
	checkNames(&bad, "headers", p.Headers)
	checkNames(&bad, "fields", p.Fields)
	if len(p.Patterns) > MaxPatterns {
		bad.Add("patterns", "at most %d patterns are allowed", MaxPatterns)
		return nil, bad.Err()
	}
	patterns := make([]*regexp.Regexp, 0, len(p.Patterns))
	for i, src := range p.Patterns {
		re, err := compilePattern(src)
		if err != nil {
			bad.Add(fmt.Sprintf("patterns.%d", i), "%s", err)
			continue
		}
		patterns = append(patterns, re)
	}
	if err := bad.Err(); err != nil {
		return nil, err
	}
	return patterns, nil
}

func checkNames(bad *errs.Fields, field string, names []string) {
	if len(names) > MaxNames {
		bad.Add(field, "at most %d names are allowed", MaxNames)
		return
	}
	for i, name := range names {
		at := fmt.Sprintf("%s.%d", field, i)
		switch {
		case strings.TrimSpace(name) == "":
			bad.Add(at, "a name may not be empty")
		case utf8.RuneCountInString(name) > MaxNameLength:
			bad.Add(at, "a name has at most %d characters", MaxNameLength)
		case !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f }):
			bad.Add(at, "a name may not hold control characters")
		case len(fold(name)) == 0:
			bad.Add(at, "a name needs a letter or a digit")
		}
	}
}

func compilePattern(src string) (*regexp.Regexp, error) {
	if src == "" {
		return nil, errors.New("a pattern may not be empty")
	}
	if utf8.RuneCountInString(src) > MaxPatternLength {
		return nil, fmt.Errorf("a pattern has at most %d characters", MaxPatternLength)
	}
	re, err := regexp.Compile(src)
	if err != nil {
		return nil, fmt.Errorf("not a regular expression in RE2 syntax: %w", err)
	}
	// Such a pattern finds a place between any two bytes, and never says what
	// to replace.
	if re.MatchString("") {
		return nil, errors.New("a pattern may not match the empty text")
	}
	return re, nil
}
