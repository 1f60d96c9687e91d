package ingest

import "strings"

const placeholder = "{id}"

// endpointOf makes a template of the path of a URL: what is an id there becomes {id}, so that the calls of one endpoint
// have one name. Words and versions such as v60.0 stay.
func endpointOf(address string) string {
	path := pathOf(address)
	if path == "" || path == "/" {
		return "/"
	}
	var out []byte
	done := 0 // what of path is in out already
	for at := 0; at < len(path); {
		end := at
		for end < len(path) && path[end] != '/' {
			end++
		}
		if name, changed := templated(path[at:end]); changed {
			out = append(append(out, path[done:at]...), name...)
			done = end
		}
		at = end + 1
	}
	if out == nil {
		return cutText(path, maxEndpoint)
	}
	return cutText(string(append(out, path[done:]...)), maxEndpoint)
}

func pathOf(address string) string {
	for i := range len(address) {
		if address[i] == '?' || address[i] == '#' {
			address = address[:i]
			break
		}
	}
	if k := strings.Index(address, "://"); k >= 0 && !strings.Contains(address[:k], "/") {
		address = address[k+3:]
		slash := strings.IndexByte(address, '/')
		if slash < 0 {
			return ""
		}
		return address[slash:]
	}
	return address
}

// templated gives a segment of a path with {id} for what is an id in it.
func templated(s string) (string, bool) {
	if s == "" || s == placeholder {
		return s, false
	}
	// Accounts('0017'), values:append and 17.json keep what is around the id.
	if k := strings.IndexByte(s, '('); k > 0 && s[len(s)-1] == ')' {
		if inside := s[k+1 : len(s)-1]; inside != placeholder && inside != "" && looksID(strings.Trim(inside, "'")) {
			return s[:k+1] + placeholder + ")", true
		}
		return s, false
	}
	head, tail := s, ""
	if k := suffix(s); k > 0 && !strings.ContainsAny(s, "@%") {
		head, tail = s[:k], s[k:]
	}
	if head == placeholder {
		return s, false
	}
	if looksID(head) {
		return placeholder + tail, true
	}
	return s, false
}

// suffix is where a last word begins that a colon or a full stop sets off; 0 when none does.
func suffix(s string) int {
	k := len(s) - 1
	for k > 0 && 'a' <= s[k]|0x20 && s[k]|0x20 <= 'z' {
		k--
	}
	if k == len(s)-1 || s[k] != ':' && s[k] != '.' {
		return 0
	}
	return k
}

// longestWord is the length over which no segment of a path is a word.
const longestWord = 64

// looksID tells whether a text is an id rather than a word: a number, a UUID, an e-mail address, or something opaque.
func looksID(s string) bool {
	digits, letters, switches, others := 0, 0, 0, 0
	lower := false
	for i := range len(s) {
		switch c := s[i]; {
		case isDigit(c):
			digits++
		case 'a' <= c && c <= 'z':
			letters++
			lower = true
		case 'A' <= c && c <= 'Z':
			if letters++; lower {
				switches++
			}
			lower = false
		case c == '@' || c == '%' || c == ',' || c == '[' || c == '=' || c == '!' || c >= 0x80:
			return true
		default:
			others++
		}
	}
	switch {
	case len(s) > longestWord:
		return true
	case digits == 0:
		// Random letters change their case more often than words in CamelCase do.
		return letters >= 12 && switches*4 > letters
	case letters == 0 && others == 0:
		return true
	case isVersion(s):
		return false
	case digits >= 3:
		return !isDatedVersion(s)
	case isDigit(s[0]):
		return digits > 1
	}
	return switches > 1 && len(s) >= 12 || opaqueTail(s)
}

// isVersion knows v3, v60.0, 2.0, v1beta1 and 1.0.0.
func isVersion(s string) bool {
	rest := s
	if rest[0] == 'v' || rest[0] == 'V' {
		rest = rest[1:]
	} else if !strings.Contains(rest, ".") {
		return false
	}
	number := func() bool {
		n := 0
		for n < len(rest) && isDigit(rest[n]) {
			n++
		}
		rest = rest[n:]
		return n > 0 && n <= 4
	}
	if !number() {
		return false
	}
	for len(rest) > 0 && rest[0] == '.' {
		rest = rest[1:]
		if !number() {
			return false
		}
	}
	for _, stage := range []string{"alpha", "beta", "rc", "p"} {
		if tail, ok := strings.CutPrefix(rest, stage); ok {
			rest = tail
			return rest == "" || number() && rest == ""
		}
	}
	return rest == ""
}

// isDatedVersion knows 2024-01 and 2015-03-31, which some providers number their APIs with.
func isDatedVersion(s string) bool {
	if len(s) != len("2024-01") && len(s) != len("2015-03-31") {
		return false
	}
	for i := range len(s) {
		if dash := i == 4 || i == 7; dash != (s[i] == '-') || !dash && !isDigit(s[i]) {
			return false
		}
	}
	return s[:2] == "19" || s[:2] == "20"
}

// opaqueTail knows ids with a prefix, such as cus_Nffr4UfNV2Hib.
func opaqueTail(s string) bool {
	k := strings.LastIndexByte(s, '_')
	if k < 1 || len(s)-k <= 8 {
		return false
	}
	upper, lower, digits := false, false, false
	for _, c := range []byte(s[k+1:]) {
		upper = upper || 'A' <= c && c <= 'Z'
		lower = lower || 'a' <= c && c <= 'z'
		digits = digits || isDigit(c)
	}
	return upper && lower && digits
}
