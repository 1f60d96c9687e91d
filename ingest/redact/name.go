package redact

import (
	"bytes"
	"math/bits"
)

// class says what becomes of the value under a name.
type class uint8

const (
	// plain: the name says nothing; the value is searched for forms.
	plain class = iota
	// secret: the value is replaced, whatever its type.
	secret
	// secretUnlessNumber: replaced, unless it is a number. Under a plural a
	// number is a count.
	secretUnlessNumber
	// secretScalar: replaced if it is a string or a number; objects and arrays
	// are searched, for their own names say more than this one.
	secretScalar
)

// holdWords make a name sensitive wherever they stand in it.
var holdWords = [...]string{
	"token", "secret", "password", "signature", "session", "apikey",
	"passwd", "passphrase", "passcode", "privatekey", "accesskey", "authkey",
	"signingkey", "encryptionkey", "masterkey", "accountkey", "sharedkey",
	"subscriptionkey", "applicationkey", "licensekey", "sessid", "hapikey",
}

// exactNames are sensitive only as a whole: inside other names the same letters
// say something else (author, compass, signal, codec).
var exactNames = map[string]class{
	"authorization": secret, "proxyauthorization": secret, "xauthorization": secret,
	"cookie": secret, "cookies": secret, "setcookie": secret,
	"assertion": secret, "clientassertion": secret, "samlassertion": secret,
	"samlresponse": secret, "samlrequest": secret, "jwt": secret, "bearer": secret,
	"authcode": secret, "authorizationcode": secret, "accesscode": secret,
	"codeverifier": secret, "devicecode": secret, "usercode": secret,
	"appkey": secret, "xfunctionskey": secret, "functionskey": secret,
	"pwd": secret, "passwort": secret, "pass": secretUnlessNumber,
	"userpass": secret, "dbpass": secret, "smtppass": secret,
	"csrf": secret, "xsrf": secret, "hmac": secret, "sig": secret,
	"xshopifyhmacsha256": secret, "otp": secret, "totp": secret,
	"cvv": secret, "cvc": secret, "cvv2": secret, "cvc2": secret, "csc": secret,
	"cardcvv": secret, "cardcvc": secret, "cardsecuritycode": secret,
	"cardnumber": secret, "creditcardnumber": secret, "ccnumber": secret,
	// The pre-authenticated download addresses of Microsoft Graph carry it.
	"tempauth": secret,
	"auth":     secretScalar, "credential": secretScalar, "credentials": secretScalar,
	"xamzcredential": secret, "xgoogcredential": secret,
}

// factWords, as the last word of a name, turn it into a fact about a secret.
var factWords = wordSet(`at by date time timestamp expires expiry expiration expire expired in ttl lifetime
	age duration seconds minutes hours days ms type types kind count counts limit limits used usage remaining
	quota length len size name names status url urls uri uris href link links endpoint endpoints method methods
	mode policy policies rule rules required requires enabled disabled valid invalid verified supported allowed
	present exists change changes changed updated created modified rotated revoked strength score version
	algorithm algorithms alg format encoding scope scopes issuer audience provider source index label title
	description message error errors reason details detail info metadata config configuration settings options
	requirements timeout timeouts history prefix last4 price cost rate fee symbol address decimals supply balance amount`)

// questionWords, as the first word of a name, ask whether there is a secret.
var questionWords = wordSet(`has is requires require needs num supports`)

// pageWords before "token" make it a position in a listing.
var pageWords = [...]string{
	"page", "paging", "pagination", "next", "prev", "previous", "sync", "continuation", "continue",
	"cursor", "skip", "delta", "resume", "resumption", "scroll", "marker", "idempotency",
}

// otherRests continue a sensitive word to one that means something else:
// tokenizer, secretary, signature_request, secret_scanning.
var otherRests = [...]string{"iz", "ary", "request", "scanning"}

func wordSet(list string) map[string]bool {
	set := make(map[string]bool)
	for _, w := range bytes.Fields([]byte(list)) {
		set[string(w)] = true
	}
	return set
}

// longestName bounds what is taken apart. Of a longer name the end counts.
const longestName = 96

// words is a name in lower case without separators, and where its words begin.
type words struct {
	buf   [longestName]byte
	n     int
	start [longestName + 1]bool
	last  int // where the last word begins
	first int // where the first word ends
}

// split takes a name apart at separators and humps: X-APIKeyId is x, api, key, id.
func (w *words) split(name []byte) {
	if len(name) > longestName {
		name = name[len(name)-longestName:]
	}
	fresh := true
	for i, c := range name {
		lower := c | 0x20
		letter := 'a' <= lower && lower <= 'z'
		if !letter && (c < '0' || c > '9') {
			fresh = true
			continue
		}
		if letter && c != lower && i > 0 {
			prev := name[i-1]
			next := byte('A')
			if i+1 < len(name) {
				next = name[i+1]
			}
			if isLower(prev) || isDigit(prev) || (isLower(next) && next != 's') {
				fresh = true
			}
		}
		if letter {
			c = lower
		}
		if fresh {
			if w.n > 0 && w.first == 0 {
				w.first = w.n
			}
			w.start[w.n], w.last, fresh = true, w.n, false
		}
		w.buf[w.n] = c
		w.n++
	}
	w.start[w.n] = true
	if w.first == 0 {
		w.first = w.n
	}
}

func (w *words) joined() []byte { return w.buf[:w.n] }

// class looks for the sensitive words that begin with one of the hints. A word
// counts where it begins with a word of the name or lies within one: passWord,
// myaccesstoken, but not in_to_kenya.
func (w *words) class(hints uint64) class {
	for ; hints != 0; hints &= hints - 1 {
		for _, word := range wordsByHint[bits.TrailingZeros64(hints)] {
			if c := w.holds(word); c != plain {
				return c
			}
		}
	}
	return plain
}

func (w *words) holds(word []byte) class {
	all := w.joined()
	for at := 0; at < w.n; at++ {
		k := bytes.Index(all[at:], word)
		if k < 0 {
			break
		}
		at += k
		end := at + len(word)
		if !w.start[at] && !w.within(at, end) || w.looksAlike(at, end) {
			continue
		}
		if end < w.n && w.buf[end] == 's' && w.start[end+1] {
			return secretUnlessNumber
		}
		return secret
	}
	return plain
}

func (w *words) within(from, to int) bool {
	for i := from + 1; i < to; i++ {
		if w.start[i] {
			return false
		}
	}
	return true
}

// fieldClass classifies the name of a field.
func fieldClass(name []byte) class {
	hints := hintsIn(name)
	// A name with a slash is the path of something, as in lists of rate limits.
	if hints == 0 || bytes.IndexByte(name, '/') >= 0 {
		return plain
	}
	var w words
	w.split(name)
	if c, ok := exactNames[string(w.joined())]; ok {
		return c
	}
	return w.class(hints)
}

// looksAlike reports whether the name with a sensitive word in [from, to) is one
// of those that doc.go leaves readable.
func (w *words) looksAlike(from, to int) bool {
	all := w.joined()
	rest := all[to:]
	switch {
	case w.last >= from && factWords[string(all[w.last:])], factWords[string(rest)]:
		return true
	case from >= w.first && questionWords[string(all[:w.first])]:
		return true
	}
	for _, r := range otherRests {
		if bytes.HasPrefix(rest, []byte(r)) {
			return true
		}
	}
	if string(all[from:to]) == "token" && to == w.n {
		for _, p := range pageWords {
			if bytes.HasSuffix(all[:from], []byte(p)) {
				return true
			}
		}
	}
	return false
}

// headerClass classifies the name of a header: by the contract every header that
// holds one of the words, and no exceptions.
func headerClass(name []byte) class {
	hints := hintsIn(name)
	if hints == 0 {
		return plain
	}
	var w words
	w.split(name)
	if exactNames[string(w.joined())] != plain {
		return secret
	}
	for ; hints != 0; hints &= hints - 1 {
		for _, word := range wordsByHint[bits.TrailingZeros64(hints)] {
			if bytes.Contains(w.joined(), word) {
				return secret
			}
		}
	}
	return plain
}

// fold brings a name of the tenant's policy to the form in which names are
// compared: letters and digits, in lower case.
func fold(name string) string {
	out := make([]byte, 0, len(name))
	for i := 0; i < len(name); i++ {
		c := name[i]
		if isUpper(c) {
			c |= 0x20
		}
		if isAlnum(c) || c >= 0x80 {
			out = append(out, c)
		}
	}
	return string(out)
}

// names is a set of a tenant's names, compiled so that most names are turned
// down by their first letter.
type names struct {
	first [256]bool
	set   map[string]bool
}

func newNames(list []string) *names {
	if len(list) == 0 {
		return nil
	}
	n := &names{set: make(map[string]bool, len(list))}
	for _, name := range list {
		f := fold(name)
		n.set[f] = true
		n.first[f[0]] = true
	}
	return n
}

func (n *names) has(name []byte) bool {
	if n == nil {
		return false
	}
	var buf [longestName]byte
	at := 0
	for _, c := range name {
		if isUpper(c) {
			c |= 0x20
		}
		if !isAlnum(c) && c < 0x80 {
			continue
		}
		if at == 0 && !n.first[c] {
			return false
		}
		if at == len(buf) {
			return n.set[fold(string(name))]
		}
		buf[at] = c
		at++
	}
	return n.set[string(buf[:at])]
}
