package redact

import "github.com/weirhq/weir/ingest/jsonnode"

// walk notes the edits of the value at root, an object or an array, as document
// does of its text: a value that is hidden is one edit, and is passed over.
func (j *jsonReader) walk(nodes []jsonnode.Node, root uint32) {
	// parents are the containers that are open, and end is where the last of them
	// ends.
	var parents [jsonnode.Depth]uint32
	end, inObject := nodes[root].Next, false
	for at := root; ; {
		for at == end {
			if j.depth <= 1 {
				return
			}
			j.depth--
			j.pair = pair{}
			parent := &nodes[parents[j.depth-1]]
			end, inObject = parent.Next, parent.Shape == jsonnode.Object
		}
		name := plain
		if inObject {
			n := &nodes[at]
			j.memberName(int(n.Start)+1, int(n.End)-1, n.Notes&jsonnode.HasEscape != 0)
			name = j.name
			at++
		}
		n := &nodes[at]
		if name != plain && j.hidesNode(name, n) {
			at = n.Next
			continue
		}
		switch n.Shape {
		case jsonnode.Object, jsonnode.Array:
			parents[j.depth] = at
			j.depth++
			j.pair = pair{depth: j.depth}
			end, inObject = n.Next, n.Shape == jsonnode.Object
		case jsonnode.String:
			j.content(int(n.Start)+1, int(n.End)-1, n.Notes&jsonnode.HasEscape != 0)
		case jsonnode.Number:
			j.numberNode(n)
		}
		at++
	}
}

// hidesNode hides a value if its name wants that.
func (j *jsonReader) hidesNode(name class, n *jsonnode.Node) bool {
	j.i = int(n.Start)
	if !j.hides(name, j.s[j.i]) {
		return false
	}
	j.edits = append(j.edits, edit{j.base + j.i, j.base + int(n.End), quotedMark})
	if n.Shape == jsonnode.Object || n.Shape == jsonnode.Array {
		j.pair = pair{}
	}
	return true
}

func (j *jsonReader) numberNode(n *jsonnode.Node) {
	if n.End-n.Start <= shortestCard && len(j.r.patterns) == 0 {
		return
	}
	number := j.s[n.Start:n.End]
	if j.secretNumber(number, run(number, 0, digits) == len(number)) {
		j.edits = append(j.edits, edit{j.base + int(n.Start), j.base + int(n.End), quotedMark})
	}
}
