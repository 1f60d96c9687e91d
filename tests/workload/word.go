package workload

import (
	"bytes"
	"math"
	"regexp"

	"github.com/weirhq/weir/internal/simulate"
)

// Words tells which words of a document are rare, from a sample of the corpus.
type Words struct{ seen map[string]int }

const sampleSize = 20_000

// note finds the texts of bodies that are made of words.
var note = regexp.MustCompile(`"(?:note|title)":"([^"]*)"`)

// CountWords samples the first tenants of a corpus.
func CountWords(corpus *simulate.Corpus, tenants int) *Words {
	f := &Words{seen: map[string]int{}}
	var e simulate.Entry
	size := min(sampleSize, corpus.Len()*tenants)
	for i := range size {
		corpus.Fill(&e, i%tenants, i/tenants*max(1, corpus.Len()*tenants/size))
		for _, word := range wordsOf(e.Document) {
			f.seen[string(word)]++
		}
	}
	return f
}

func wordsOf(document []byte) (words [][]byte) {
	for _, text := range note.FindAllSubmatch(document, -1) {
		words = append(words, bytes.Fields(text[1])...)
	}
	return words
}

// rarest is the word of the document's bodies that the sample has the least of; empty when there are no words.
func (f *Words) rarest(document []byte) string {
	best, least := "", math.MaxInt
	for _, word := range wordsOf(document) {
		if n := f.seen[string(word)]; n < least {
			best, least = string(word), n
		}
	}
	return best
}

var referenceText = regexp.MustCompile(`"reference":"([^"]*)"`)

// referenceOf is an id that stands in a body of the document; empty when it has none.
func referenceOf(document []byte) string {
	if found := referenceText.FindSubmatch(document); found != nil {
		return string(found[1])
	}
	return ""
}
