package segment

import (
	"encoding/binary"
	"hash/crc32"
)

// The Bloom filter has 12 bits a word, of which each sets 8: of the words that are not in it, three in a thousand seem to
// be. These numbers are of the format.
const (
	bitsPerWord = 12
	bitsSet     = 8
	// mostWords bounds the filter at 1.5 MiB. Beyond it the filter fills up, and sees words that are not there.
	mostWords = 1 << 20
)

func setBits(filter []byte, hash uint32) {
	h := mix(uint64(hash) ^ 0xe7037ed1a0b428db)
	at, step, size := uint32(h), uint32(h>>32)|1, uint64(len(filter))*8
	for range bitsSet {
		bit := uint64(at) * size >> 32
		filter[bit>>3] |= 1 << (bit & 7)
		at += step
	}
}

func hasBits(filter []byte, hash uint32) bool {
	h := mix(uint64(hash) ^ 0xe7037ed1a0b428db)
	at, step, size := uint32(h), uint32(h>>32)|1, uint64(len(filter))*8
	for range bitsSet {
		bit := uint64(at) * size >> 32
		if filter[bit>>3]>>(bit&7)&1 == 0 {
			return false
		}
		at += step
	}
	return true
}

// filterOf is the Bloom filter in a segment's tokens, without checking their sum: that would take longer than looking
// up the words. ok is false for what is none.
func filterOf(tokens []byte) (filter []byte, ok bool) {
	if len(tokens) <= envelopeSize || !known(tokens[0]) {
		return nil, false
	}
	return tokens[1 : len(tokens)-crc32.Size], true
}

func appendChecksum(b []byte, column []byte) []byte {
	return append(b, column[len(column)-crc32.Size:]...)
}

// checksum ties four sealed columns together, by their own sums.
func checksum(columns ...[]byte) int64 {
	var sums [16]byte
	b := sums[:0]
	for _, column := range columns {
		b = appendChecksum(b, column)
	}
	high := mix(binary.LittleEndian.Uint64(sums[:8]) ^ 0x9e3779b97f4a7c15)
	return int64(mix(high ^ binary.LittleEndian.Uint64(sums[8:])))
}
