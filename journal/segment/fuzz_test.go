package segment

import (
	"errors"
	"testing"
)

// fuzzColumn fuzzes a column's content, with a right sum: what the sum alone finds needs no fuzzing.
func fuzzColumn(f *testing.F, of func(*Encoded) []byte, read func([]byte) error) {
	f.Helper()
	for _, n := range []int{1, 5, 40} {
		enc, err := NewEncoder().Encode(newGenerator(uint64(n)).entries(n))
		if err != nil {
			f.Fatal(err)
		}
		column := of(&enc)
		f.Add(column[:len(column)-4])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := read(seal(b, 0)); err != nil && !errors.Is(err, ErrDamaged) {
			t.Fatal(err)
		}
	})
}

func FuzzOpenHead(f *testing.F) {
	fuzzColumn(f, func(e *Encoded) []byte { return e.Head }, readAllOfHead)
}

func FuzzOpenList(f *testing.F) {
	fuzzColumn(f, func(e *Encoded) []byte { return e.List }, readAllOfList)
}

func FuzzOpenBody(f *testing.F) {
	fuzzColumn(f, func(e *Encoded) []byte { return e.Body }, readAllOfBody)
}
