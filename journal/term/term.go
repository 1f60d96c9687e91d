package term

import (
	"math/bits"
	"slices"
)

// Term says that at this time, in microseconds since 1970, there is something with the term of the hash.
type Term struct {
	Hash   int64
	Micros int64
}

// Span is a time from its first to its last microsecond, both included.
type Span struct{ First, Last int64 }

// Row is packed terms of one day and bucket.
type Row struct {
	// Bucket is a one and, after it, the first bits of the hashes: 1 holds all hashes, 2 and 3 a half each.
	Bucket int16
	// Day is the first microsecond of the UTC day.
	Day    int64
	Packed []byte
}

const (
	// mostBits bounds the buckets of a day to 256.
	mostBits = 8
	// termsOfRow is about how many terms a row has, as long as there are fewer than 256 buckets.
	termsOfRow = 32

	dayMicros = 24 * 60 * 60 * 1_000_000
	// touching is how far apart two spans of one term are that become one, in milliseconds.
	touching = 1000
)

// Pack makes rows of the terms of one commit, which it sorts. What is said of a term on one day becomes one span.
func Pack(terms []Term) []Row {
	list := make([]record, len(terms))
	for i, t := range terms {
		day := floorDay(t.Micros)
		ms := uint32((t.Micros - day) / 1000) //nolint:gosec // A day has fewer than 2^27 milliseconds.
		list[i] = record{day: day, hash: keptHash(t.Hash), first: ms, last: ms}
	}
	slices.SortFunc(list, compareRecords)
	folded := list[:0]
	for _, r := range list {
		if n := len(folded); n > 0 && folded[n-1].day == r.day && folded[n-1].hash == r.hash {
			folded[n-1].last = r.last
			continue
		}
		folded = append(folded, r)
	}
	return rows(folded)
}

// Merge makes few rows of many of one day. Spans of a term that touch become one. Errors: ErrDamaged.
func Merge(day int64, packed [][]byte) ([]Row, error) {
	var list []record
	for _, p := range packed {
		var err error
		if list, err = appendRecords(list, day, p); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(list, compareRecords)
	joined := list[:0]
	for _, r := range list {
		if n := len(joined); n > 0 && joined[n-1].hash == r.hash && r.first <= joined[n-1].last+touching {
			joined[n-1].last = max(joined[n-1].last, r.last)
			continue
		}
		joined = append(joined, r)
	}
	return rows(joined), nil
}

// Buckets are those in which the hashes can lie, however many bits a row's bucket has.
func Buckets(hashes []int64) []int16 {
	list := make([]int16, 0, (mostBits+1)*len(hashes))
	for _, h := range hashes {
		for n := range mostBits + 1 {
			list = append(list, bucketOf(keptHash(h), n))
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// rows packs sorted records.
func rows(list []record) (out []Row) {
	for len(list) > 0 {
		n := 1
		for n < len(list) && list[n].day == list[0].day {
			n++
		}
		ofDay := list[:n]
		list = list[n:]
		width := min(mostBits, bits.Len(uint(n/termsOfRow)))
		for len(ofDay) > 0 {
			bucket, end := bucketOf(ofDay[0].hash, width), 1
			for end < len(ofDay) && bucketOf(ofDay[end].hash, width) == bucket {
				end++
			}
			out = append(out, Row{Bucket: bucket, Day: ofDay[0].day, Packed: pack(ofDay[:end])})
			ofDay = ofDay[end:]
		}
	}
	return out
}

func bucketOf(hash uint64, width int) int16 {
	return int16(1<<width | hash>>(hashBits-width)) //nolint:gosec // At most 511.
}

func floorDay(micros int64) int64 {
	day := micros / dayMicros * dayMicros
	if day > micros {
		day -= dayMicros
	}
	return day
}
