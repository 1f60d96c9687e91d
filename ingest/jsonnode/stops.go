package jsonnode

// Stops looks at eight bytes of a JSON string, the first of them lowest: of those that are ASCII it sets the high bit of
// the first that is a quote, a backslash or a control character. The other bits that it sets say nothing, nor does it
// of bytes that are not ASCII.
func Stops(eight uint64) uint64 {
	const ones = 0x0101010101010101
	// With its second bit turned over, a quote comes next after the control characters: one comparison finds both.
	return (eight ^ ones*2 - ones*(' '+1)) | (eight ^ ones*'\\' - ones)
}
