package diagnostics

import (
	resyntax "regexp/syntax"
	"strings"
	"unicode/utf8"
)

// mostNeeds is how many texts a pattern is held back by at most: looking for more would cost what the pattern does.
const mostNeeds = 8

// needsOf are texts in lower case, one of which has to be in whatever a pattern finds; none when it is not known, or not
// worth to look. A regular expression takes hundreds of times as long as looking for a text.
func needsOf(pattern string) []string {
	parsed, err := resyntax.Parse(pattern, resyntax.Perl)
	if err != nil {
		return nil
	}
	needs := neededBy(parsed)
	if len(needs) > mostNeeds {
		return nil
	}
	return needs
}

func neededBy(re *resyntax.Regexp) (needs []string) {
	switch re.Op {
	case resyntax.OpLiteral:
		return []string{strings.ToLower(string(re.Rune))}
	case resyntax.OpCapture, resyntax.OpPlus:
		return neededBy(re.Sub[0])
	case resyntax.OpRepeat:
		if re.Min > 0 {
			return neededBy(re.Sub[0])
		}
	case resyntax.OpAlternate:
		for _, sub := range re.Sub {
			some := neededBy(sub)
			if some == nil {
				return nil
			}
			needs = append(needs, some...)
		}
		return needs
	case resyntax.OpConcat:
		for _, sub := range re.Sub {
			if some := neededBy(sub); shortest(some) > shortest(needs) {
				needs = some
			}
		}
		return needs
	}
	return nil
}

// shortest is how long the shortest text is; 0 for none.
func shortest(list []string) int {
	least := 0
	for _, s := range list {
		if least == 0 || len(s) < least {
			least = len(s)
		}
	}
	return least
}

// foundBy is what a pattern found in an observation; "" is nothing.
type foundBy struct {
	conditions *compiled
	text       string
}

// find is what the pattern of some conditions finds first in the body, else in the transport's error; "" is nothing. Each
// pattern is tried once.
func (f *facts) find(c *compiled) string {
	for _, had := range f.tried {
		if had.conditions == c {
			return had.text
		}
	}
	var found string
	if text, lower := f.patternBody(); c.mayFind(lower) {
		found = c.pattern.FindString(text)
	}
	if found == "" && f.TransportError != "" {
		if text, lower := f.patternError(); c.mayFind(lower) {
			found = c.pattern.FindString(text)
		}
	}
	f.tried = append(f.tried, foundBy{c, found})
	return found
}

// mayFind tells whether a text has what the pattern needs. Beyond ASCII there are letters that patterns take for another's
// lower case, such as the long s: there nothing is excluded.
func (c *compiled) mayFind(lower string) bool {
	if len(c.needs) == 0 {
		return true
	}
	for _, need := range c.needs {
		if strings.Contains(lower, need) {
			return true
		}
	}
	for i := range len(lower) {
		if lower[i] >= utf8.RuneSelf {
			return true
		}
	}
	return false
}
