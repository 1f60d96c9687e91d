package redact

import "bytes"

var escapedNUL = []byte(`\u0000`)

// StripNUL removes what PostgreSQL cannot keep in text and jsonb: NUL bytes, and
// \u0000 where it is an escape of a JSON text. An escaped backslash before u0000
// is not one. The result is s itself when there is nothing to remove, else it is
// appended to dst.
func StripNUL(s, dst []byte) ([]byte, bool) {
	if bytes.IndexByte(s, 0) < 0 && !bytes.Contains(s, escapedNUL) {
		return s, false
	}
	start := len(dst)
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == 0:
			continue
		case s[i] == '\\' && bytes.HasPrefix(s[i:], escapedNUL):
			i += len(escapedNUL) - 1
			continue
		case s[i] == '\\' && i+1 < len(s) && s[i+1] == '\\':
			dst = append(dst, '\\')
			i++
		}
		dst = append(dst, s[i])
	}
	if len(dst)-start == len(s) {
		return s, false
	}
	return dst, true
}
