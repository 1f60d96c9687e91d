package graph

import (
	"context"
	"strconv"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler/lru"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/lexer"
	"github.com/vektah/gqlparser/v2/parser"

	"github.com/weirhq/weir/internal/errs"
)

// What a document may have at most. Validation compares fields of one name in pairs and expands fragments again and
// again, so a document of a few kilobytes could keep a processor busy for seconds before anybody asks what it costs
// to answer. These limits are far above what people write, and what stays below them is validated in milliseconds.
const (
	maxBody        = 1 << 20
	maxQuery       = 128 << 10
	maxTokens      = 2000
	maxDepth       = 20
	maxDefinitions = 50
	maxVariables   = 100
	maxDirectives  = 100
	// maxFields counts the fields that there are once all fragments are spread.
	maxFields = 4000
	// maxPairs counts the pairs of fields that stand beside each other under one name.
	maxPairs = 4000
)

// preflight refuses documents that would cost too much merely to validate. Those that it let through once it lets
// through again without a look.
type preflight struct{ passed *lru.LRU[bool] }

var (
	_ graphql.HandlerExtension          = preflight{}
	_ graphql.OperationParameterMutator = preflight{}
)

// ExtensionName names the extension for gqlgen.
func (preflight) ExtensionName() string { return "Preflight" }

// Validate finds nothing wrong with any schema.
func (preflight) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationParameters looks at the document before it is validated. What cannot be parsed is left for gqlgen to
// say so.
func (p preflight) MutateOperationParameters(ctx context.Context, params *graphql.RawParams) *gqlerror.Error {
	if _, ok := p.passed.Get(ctx, params.Query); ok {
		return nil
	}
	if err := inspect(params.Query); err != nil {
		return err
	}
	p.passed.Add(ctx, params.Query, true)
	return nil
}

func inspect(query string) *gqlerror.Error {
	if len(query) > maxQuery {
		return tooComplex("the document is over %d bytes", maxQuery)
	}
	if err := countTokens(query); err != nil {
		return err
	}
	doc, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: query}, maxTokens)
	if err != nil {
		return nil //nolint:nilerr // gqlgen parses again and says what is wrong.
	}
	if len(doc.Operations)+len(doc.Fragments) > maxDefinitions {
		return tooComplex("the document has over %d operations and fragments", maxDefinitions)
	}
	in := inspector{doc: doc}
	for _, operation := range doc.Operations {
		if len(operation.VariableDefinitions) > maxVariables {
			return tooComplex("an operation has over %d variables", maxVariables)
		}
		for _, variable := range operation.VariableDefinitions {
			if variable.DefaultValue == nil {
				continue
			}
			if err := number(variable.DefaultValue); err != nil {
				return err
			}
		}
		in.directives += len(operation.Directives)
		if err := in.level([]ast.SelectionSet{operation.SelectionSet}, 1); err != nil {
			return err
		}
	}
	// Validation also looks at fragments that no operation uses.
	for _, fragment := range doc.Fragments {
		in.directives += len(fragment.Directives)
		if err := in.level([]ast.SelectionSet{fragment.SelectionSet}, 1); err != nil {
			return err
		}
	}
	return nil
}

func countTokens(query string) *gqlerror.Error {
	lex := lexer.New(&ast.Source{Input: query})
	for range maxTokens {
		token, err := lex.ReadToken()
		if err != nil || token.Kind == lexer.EOF {
			return nil //nolint:nilerr // As above.
		}
	}
	return tooComplex("the document has over %d tokens", maxTokens)
}

// inspector walks through a document as validation does, level by level with all fragments spread, and stops as soon
// as one of the counts is over its limit: so it never walks far.
type inspector struct {
	doc                               *ast.QueryDocument
	fields, pairs, directives, spread int
}

// level looks at the fields that stand beside each other in the sets. Fields of one name are merged, and so are the
// sets below them.
func (in *inspector) level(sets []ast.SelectionSet, depth int) *gqlerror.Error {
	if depth > maxDepth {
		return refused(codeDepth, "the query is over %d levels deep", maxDepth)
	}
	below := map[string][]ast.SelectionSet{}
	count := map[string]int{}
	seen := map[string]bool{}
	for len(sets) > 0 {
		set := sets[len(sets)-1]
		sets = sets[:len(sets)-1]
		for _, selection := range set {
			switch s := selection.(type) {
			case *ast.Field:
				in.fields++
				if err := numbers(s.Arguments); err != nil {
					return err
				}
				in.directives += len(s.Directives)
				in.pairs += count[s.Alias]
				count[s.Alias]++
				if len(s.SelectionSet) > 0 {
					below[s.Alias] = append(below[s.Alias], s.SelectionSet)
				}
			case *ast.InlineFragment:
				in.directives += len(s.Directives)
				sets = append(sets, s.SelectionSet)
			case *ast.FragmentSpread:
				in.directives += len(s.Directives)
				in.spread++
				fragment := in.doc.Fragments.ForName(s.Name)
				if fragment != nil && !seen[s.Name] {
					seen[s.Name] = true
					sets = append(sets, fragment.SelectionSet)
				}
			}
		}
		if err := in.check(); err != nil {
			return err
		}
	}
	for _, sets := range below {
		if err := in.level(sets, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// numbers refuses numbers that do not fit: gqlgen takes it for granted that those that were parsed do.
func numbers(arguments ast.ArgumentList) *gqlerror.Error {
	for _, argument := range arguments {
		if err := number(argument.Value); err != nil {
			return err
		}
	}
	return nil
}

func number(value *ast.Value) *gqlerror.Error {
	var err error
	switch value.Kind {
	case ast.IntValue:
		_, err = strconv.ParseInt(value.Raw, 10, 64)
	case ast.FloatValue:
		_, err = strconv.ParseFloat(value.Raw, 64)
	}
	if err != nil {
		return refused(errs.BadInput, "a number in the query is too large")
	}
	for _, child := range value.Children {
		if err := number(child.Value); err != nil {
			return err
		}
	}
	return nil
}

func (in *inspector) check() *gqlerror.Error {
	switch {
	case in.fields+in.spread > maxFields:
		return tooComplex("the query has over %d fields once its fragments are spread", maxFields)
	case in.pairs > maxPairs:
		return tooComplex("the query asks for the same fields too often: give them once")
	case in.directives > maxDirectives:
		return tooComplex("the document has over %d directives", maxDirectives)
	}
	return nil
}
