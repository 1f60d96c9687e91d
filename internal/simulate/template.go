package simulate

import (
	"fmt"
	"strings"
)

// template is text with ${variables}, cut up once so that rendering is a series of appends.
type template struct {
	parts []part
	json  bool
}

type part struct {
	literal  string
	variable variable
}

// compile cuts a template up. Line breaks and indentation are for the reader of the source and are
// dropped. The templates are constants of this package, so an unknown variable is a programming error.
func compile(source string) *template {
	if source == "" {
		return nil
	}
	lines := strings.Split(source, "\n")
	for i, l := range lines {
		lines[i] = strings.TrimLeft(l, "\t")
	}
	source = strings.Join(lines, "")
	t := &template{json: source[0] == '{' || source[0] == '['}
	for source != "" {
		literal, rest, found := strings.Cut(source, "${")
		if !found {
			t.parts = append(t.parts, part{literal: literal})
			break
		}
		name, after, _ := strings.Cut(rest, "}")
		v, known := variables[name]
		if !known {
			panic(fmt.Sprintf("simulate: template names the unknown variable %q", name))
		}
		t.parts = append(t.parts, part{literal: literal, variable: v})
		source = after
	}
	return t
}

func (t *template) append(b []byte, sc *scene) []byte {
	for _, p := range t.parts {
		b = append(b, p.literal...)
		if p.variable != nil {
			b = p.variable(b, sc)
		}
	}
	return b
}

func (t *template) render(sc *scene) string {
	sc.scratch = t.append(sc.scratch[:0], sc)
	return string(sc.scratch)
}
