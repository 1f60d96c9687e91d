package diagnostics

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	resyntax "regexp/syntax"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/weirhq/weir/internal/errs"
)

// The bounds of a tenant's own entries. Each failed call of the tenant is held against them, so they are bounded by what
// that costs: some tens of milliseconds at the very worst, and next to nothing as a rule.
const (
	mostOwnEntries = 200
	// mostOwnConditions is how many phrases and values all conditions of an entry have, of all entries together.
	mostOwnConditions = 2_000
	// mostOwnSteps is how many steps the programs of all patterns have together, about one a character.
	mostOwnSteps     = 2_000
	mostPatternRunes = 500
	// mostOwnKeys is how many keys a mapping of the text has: finding those that come twice takes their square.
	mostOwnKeys = 500
	// mostTold is how much of what is wrong is told.
	mostTold = 50
)

// Problem is something that is wrong with a text of entries.
type Problem struct {
	// Line is where, counted from 1; 0 is of the whole.
	Line int
	What string
}

func (p Problem) String() string {
	if p.Line == 0 {
		return p.What
	}
	return fmt.Sprintf("line %d: %s", p.Line, p.What)
}

// CheckOwn tells what is wrong with a tenant's own entries: nil, or an errs.BadInput of the field "yaml" for each thing.
func CheckOwn(text string) error {
	_, problems := readOwn(text)
	var f errs.Fields
	for _, p := range problems[:min(len(problems), mostTold)] {
		f.Add("yaml", "%s", p)
	}
	f.Check(len(problems) <= mostTold, "yaml", "and %d things more", len(problems)-mostTold)
	return f.Err()
}

// WithOwn is the catalogue with a tenant's own entries, which win over all others. The text is a file of the catalogue, or
// several with "---" between them; the entries of one that names a provider are for that provider alone.
func (c *Catalogue) WithOwn(text string) (*Catalogue, error) {
	entries, problems := readOwn(text)
	if len(problems) > 0 {
		return nil, errors.New(problems[0].String())
	}
	if len(entries) == 0 {
		return c, nil
	}
	return c.over(entries), nil
}

// ownReader reads a tenant's own entries.
type ownReader struct {
	entries           []*Entry
	problems          []Problem
	ids               map[string]bool
	conditions, steps int
}

func readOwn(text string) ([]*Entry, []Problem) {
	r := ownReader{ids: map[string]bool{}}
	nodes := r.nodes(text)
	if len(r.problems) == 0 {
		r.documents(text, nodes)
	}
	slices.SortStableFunc(r.problems, func(a, b Problem) int { return a.Line - b.Line })
	return r.entries, r.problems
}

func (r *ownReader) bad(line int, format string, args ...any) {
	r.problems = append(r.problems, Problem{line, fmt.Sprintf(format, args...)})
}

// nodes are the documents as they stand, once it is sure that to read them costs no more than they are long.
func (r *ownReader) nodes(text string) (list []*yaml.Node) {
	decoder := yaml.NewDecoder(strings.NewReader(text))
	for {
		var n yaml.Node
		err := decoder.Decode(&n)
		if errors.Is(err, io.EOF) {
			return list
		}
		if err != nil {
			r.syntax(err)
			return nil
		}
		r.look(&n)
		list = append(list, &n)
	}
}

// look refuses what makes more of a text than stands there.
func (r *ownReader) look(n *yaml.Node) {
	if n.Anchor != "" || n.Kind == yaml.AliasNode || n.Tag == "!!merge" || n.Style&yaml.TaggedStyle != 0 {
		r.bad(n.Line, "anchors, aliases, merges and tags are not allowed")
		return
	}
	if n.Kind == yaml.MappingNode && len(n.Content) > 2*mostOwnKeys {
		r.bad(n.Line, "has %d keys: at most %d are allowed", len(n.Content)/2, mostOwnKeys)
		return
	}
	for _, below := range n.Content {
		r.look(below)
	}
}

func (r *ownReader) documents(text string, nodes []*yaml.Node) {
	decoder := yaml.NewDecoder(strings.NewReader(text))
	decoder.KnownFields(true)
	for _, n := range nodes {
		var f file
		if err := decoder.Decode(&f); err != nil {
			r.syntax(err)
			continue
		}
		if n = n.Content[0]; n.Tag != "!!null" {
			r.file(&f, n.Line, linesOf(n))
		}
	}
	if len(r.entries) > mostOwnEntries {
		r.bad(0, "has %d entries: at most %d are allowed", len(r.entries), mostOwnEntries)
	}
	if r.conditions > mostOwnConditions {
		r.bad(0, "the conditions have %d phrases and values in all: at most %d are allowed", r.conditions, mostOwnConditions)
	}
	if r.steps > mostOwnSteps {
		r.bad(0, "the patterns have about %d steps in all: at most %d are allowed; shorten them, or ask for phrases", r.steps, mostOwnSteps)
	}
}

// linesOf are the lines on which the entries of a document begin.
func linesOf(n *yaml.Node) (lines []int) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value != "entries" {
			continue
		}
		for _, e := range n.Content[i+1].Content {
			lines = append(lines, e.Line)
		}
	}
	return lines
}

func (r *ownReader) file(f *file, line int, lines []int) {
	if f.Version != version {
		r.bad(line, "version: %d is not known; write version: %d", f.Version, version)
	}
	if len(f.Hosts)+len(f.Aliases)+len(f.Advice) > 0 {
		r.bad(line, "hosts, aliases and advice are not for entries of one's own: provider is the key of the integration")
	}
	for i, e := range f.Entries {
		if e == nil {
			r.bad(lines[i], "an entry is empty")
			continue
		}
		e.provider = providerKey(f.Provider)
		if f.Provider != "" && e.provider == "" {
			r.bad(line, "provider: %q has neither letters nor digits", f.Provider)
		}
		r.entries = append(r.entries, e)
		r.entry(e, lines[i])
	}
}

func (r *ownReader) entry(e *Entry, line int) {
	r.conditions += e.When.size()
	steps, err := patternSteps(e.When.Pattern)
	r.steps += steps
	if err == nil {
		err = e.bounded()
	}
	// What is too large is not made ready.
	if err == nil && r.steps <= mostOwnSteps && r.conditions <= mostOwnConditions && len(r.entries) <= mostOwnEntries {
		err = e.ready(ofTenant, r.ids)
	}
	for _, what := range lineByLine(err) {
		r.bad(line, "entry %q: %s", cut(e.ID), what)
	}
}

// lineByLine takes joined errors apart.
func lineByLine(err error) []string {
	if err == nil {
		return nil
	}
	return strings.Split(err.Error(), "\n")
}

// size is how many phrases and values there are.
func (w *When) size() int {
	n := len(w.Status) + len(w.Method) + len(w.URL) + len(w.Text) + len(w.Not) + len(w.Transport)
	for _, list := range w.AllText {
		n += len(list)
	}
	for _, values := range w.Field {
		n += len(values) + 1
	}
	for _, values := range w.Header {
		n += len(values) + 1
	}
	return n
}

// bounded tells which text of an entry is too long, or is none.
func (e *Entry) bounded() error {
	var problems []error
	text := func(name, value string, most int) {
		if n := utf8.RuneCountInString(value); n > most {
			problems = append(problems, fmt.Errorf("%s has %d characters: at most %d are allowed", name, n, most))
		}
		// YAML writes by escapes what no text column takes.
		if !utf8.ValidString(value) || strings.ContainsRune(value, 0) {
			problems = append(problems, fmt.Errorf("%s must be UTF-8 without NUL", name))
		}
	}
	text("id", e.ID, 100)
	text("sub", e.Sub, 50)
	text("title", e.Title, 200)
	text("cause", e.Cause, 2_000)
	if len(e.Steps) > 20 || len(e.Sources) > 20 {
		problems = append(problems, errors.New("it has over 20 steps or sources"))
	}
	for i, s := range e.Steps[:min(len(e.Steps), 20)] {
		text(fmt.Sprintf("step %d", i+1), s.Text, 1_000)
		text(fmt.Sprintf("the url of step %d", i+1), s.URL, 500)
	}
	for _, s := range e.Sources[:min(len(e.Sources), 20)] {
		text("a source", s, 500)
	}
	return errors.Join(problems...)
}

// patternSteps is about how many steps the program of a pattern has. Repetitions make programs long and slow that are
// written in a few characters, so it is known before the pattern is compiled.
func patternSteps(pattern string) (int, error) {
	if n := utf8.RuneCountInString(pattern); n > mostPatternRunes {
		return 0, fmt.Errorf("pattern has %d characters: at most %d are allowed", n, mostPatternRunes)
	}
	if pattern == "" {
		return 0, nil
	}
	parsed, err := resyntax.Parse(pattern, resyntax.Perl)
	if err != nil {
		return 0, fmt.Errorf("pattern: %w", err)
	}
	return stepsOf(parsed), nil
}

func stepsOf(re *resyntax.Regexp) int {
	n := 0
	for _, sub := range re.Sub {
		n += stepsOf(sub)
	}
	switch re.Op {
	case resyntax.OpLiteral:
		return len(re.Rune)
	case resyntax.OpRepeat:
		return n * max(re.Max, re.Min+1)
	}
	return n + 1
}

// typeOf is how YAML's errors name our types.
var typeOf = regexp.MustCompile(`^field (\S+) not found in type \S+$`)

// lineOf is how YAML's errors begin.
var lineOf = regexp.MustCompile(`^(?:yaml: )?line (\d+): `)

// syntax takes down what YAML says, line by line.
func (r *ownReader) syntax(err error) {
	list := []string{err.Error()}
	if several, ok := errors.AsType[*yaml.TypeError](err); ok {
		list = several.Errors
	}
	for _, what := range list {
		line := 0
		if at := lineOf.FindStringSubmatch(what); at != nil {
			_, _ = fmt.Sscan(at[1], &line)
			what = what[len(at[0]):]
		}
		if field := typeOf.FindStringSubmatch(what); field != nil {
			what = fmt.Sprintf("there is no %q here", field[1])
		}
		r.bad(line, "%s", cut(strings.TrimPrefix(what, "yaml: ")))
	}
}
