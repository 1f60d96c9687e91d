package journal

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/google/uuid"

	"github.com/weirhq/weir/journal/segment"
)

// Entries that were committed together lie in one segment, which says their commit. Once segments are merged their
// entries are of many: then each has its number in the column commits, packed as runs of equal numbers in the order of
// the entries. That is some bytes for a commit, and nothing for ingestion.

// packNumbers packs commit numbers. It is nil when all are the same.
func packNumbers(numbers []int64) (packed []byte) {
	runs := 0
	before := int64(0)
	for i := 0; i < len(numbers); {
		n := 1
		for i+n < len(numbers) && numbers[i+n] == numbers[i] {
			n++
		}
		packed = binary.AppendUvarint(packed, uint64(n)) //nolint:gosec // At least 1.
		packed = binary.AppendVarint(packed, numbers[i]-before)
		before = numbers[i]
		i += n
		runs++
	}
	if runs <= 1 {
		return nil
	}
	return packed
}

// unpackNumbers gives the numbers back.
func unpackNumbers(packed []byte) ([]int64, error) {
	var numbers []int64
	number := int64(0)
	for in := bytes.NewReader(packed); in.Len() > 0; {
		n, err := binary.ReadUvarint(in)
		delta, err2 := binary.ReadVarint(in)
		if err != nil || err2 != nil || n > uint64(segment.MaxEntries-len(numbers)) { //nolint:gosec // Never negative.
			return nil, fmt.Errorf("unpack commit numbers: what comes after %d is none", len(numbers))
		}
		number += delta
		for range n {
			numbers = append(numbers, number)
		}
	}
	return numbers, nil
}

// sqlNumbers is both forms as one value: a byte that says which, and then the packed numbers or the one.
const sqlNumbers = `coalesce('\x01'::bytea || commits, '\x00'::bytea || int8send(commit_no))`

// numbering says of which commit each entry of a segment is.
type numbering struct {
	// one is the number of all, unless there is one for each.
	one  int64
	each []int64
}

// openNumbers reads a value of sqlNumbers. Numbers that cannot be read are those of no commit, 0: the entries are there
// for all readers but those that follow the commits.
func openNumbers(value []byte) *numbering {
	if len(value) == 9 && value[0] == 0 {
		return &numbering{one: int64(binary.BigEndian.Uint64(value[1:]))} //nolint:gosec // As it was put in.
	}
	if len(value) < 1 || value[0] != 1 {
		return &numbering{}
	}
	each, err := unpackNumbers(value[1:])
	if err != nil {
		return &numbering{}
	}
	return &numbering{each: each}
}

func (n *numbering) at(i int) int64 {
	switch {
	case n.each == nil:
		return n.one
	case i < len(n.each):
		return n.each[i]
	}
	return 0
}

// numbersOf collects of which commit the entries of segments are, by their ids; nil when all are of the one commit.
func numbersOf(old []*stored) (byID map[uuid.UUID]int64, one int64, err error) {
	same := true
	for _, seg := range old {
		same = same && seg.numbers.each == nil && seg.numbers.one == old[0].numbers.one
	}
	if same {
		return nil, old[0].numbers.one, nil
	}
	byID = map[uuid.UUID]int64{}
	for _, seg := range old {
		head, err := segment.OpenHead(seg.Head)
		if err != nil {
			return nil, 0, err
		}
		for i := range head.Len() {
			byID[head.ID(i)] = seg.numbers.at(i)
		}
	}
	return byID, 0, nil
}

// number packs the numbers of a new segment's entries, and gives the highest of them.
func number(e *segment.Encoded, byID map[uuid.UUID]int64) (highest int64, packed []byte, err error) {
	head, err := segment.OpenHead(e.Head)
	if err != nil {
		return 0, nil, err
	}
	numbers := make([]int64, head.Len())
	for i := range numbers {
		numbers[i] = byID[head.ID(i)]
		highest = max(highest, numbers[i])
	}
	return highest, packNumbers(numbers), nil
}
