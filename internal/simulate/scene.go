package simulate

import (
	"strconv"
	"time"
)

// scene is what one session is about: whose it is, and the business facts that every call, event and
// node of it repeats. One order keeps its number through all systems that it passes.
type scene struct {
	random
	customer *customer
	provider *provider
	now      time.Time
	trace    string
	// smooth is a session whose calls all go well: what it is there to show comes later.
	smooth bool

	person, company        int
	order, invoice, ticket int
	record                 int
	cents                  int
	currency               string
	retryAfter             int
	scratch                []byte
}

func newScene(r random, c *customer, now time.Time) *scene {
	sc := &scene{random: r, customer: c, now: now}
	sc.trace = string(appendHex(nil, &sc.random, 32))
	sc.person, sc.company = sc.below(len(people)), sc.below(len(buyers))
	sc.order, sc.invoice = sc.between(100000, 989999), sc.between(10000, 98999)
	sc.ticket, sc.record = sc.between(10000, 89999), sc.between(100000000, 989999999)
	sc.cents = int(sc.logNormal(18000, 1.1))
	sc.currency = currencies[sc.below(len(currencies))]
	return sc
}

// variable appends one value to a text that is being rendered. All values are free of quotes,
// backslashes, ampersands and blanks, except those of words, person, company and name.
type variable func(b []byte, sc *scene) []byte

var variables = map[string]variable{
	"sub":    func(b []byte, sc *scene) []byte { return append(b, sc.customer.key...) },
	"domain": func(b []byte, sc *scene) []byte { return append(append(b, sc.customer.key...), ".example"...) },
	"name":   func(b []byte, sc *scene) []byte { return append(b, sc.customer.name...) },
	"person": func(b []byte, sc *scene) []byte { p := people[sc.person]; return append(b, p.first+" "+p.last...) },
	"first":  func(b []byte, sc *scene) []byte { return append(b, people[sc.person].first...) },
	"last":   func(b []byte, sc *scene) []byte { return append(b, people[sc.person].last...) },
	"email": func(b []byte, sc *scene) []byte {
		return append(b, people[sc.person].mail+"@"+buyers[sc.company].mail...)
	},
	"company":   func(b []byte, sc *scene) []byte { return append(b, buyers[sc.company].name...) },
	"order":     func(b []byte, sc *scene) []byte { return strconv.AppendInt(b, int64(sc.order), 10) },
	"invoice":   func(b []byte, sc *scene) []byte { return strconv.AppendInt(b, int64(sc.invoice), 10) },
	"ticket":    func(b []byte, sc *scene) []byte { return strconv.AppendInt(b, int64(sc.ticket), 10) },
	"record":    func(b []byte, sc *scene) []byte { return strconv.AppendInt(b, int64(sc.record), 10) },
	"record36":  func(b []byte, sc *scene) []byte { return strconv.AppendInt(b, int64(sc.record)*7919, 36) },
	"sf":        appendSalesforceID,
	"cents":     func(b []byte, sc *scene) []byte { return strconv.AppendInt(b, int64(sc.cents), 10) },
	"amount":    func(b []byte, sc *scene) []byte { return strconv.AppendFloat(b, float64(sc.cents)/100, 'f', 2, 64) },
	"currency":  func(b []byte, sc *scene) []byte { return append(b, sc.currency...) },
	"account":   func(b []byte, sc *scene) []byte { return strconv.AppendInt(b, int64(sc.customer.account), 10) },
	"now":       func(b []byte, sc *scene) []byte { return sc.now.AppendFormat(b, "2006-01-02T15:04:05Z") },
	"date":      func(b []byte, sc *scene) []byte { return sc.now.AppendFormat(b, "2006-01-02") },
	"due":       func(b []byte, sc *scene) []byte { return sc.now.AddDate(0, 0, 30).AppendFormat(b, "2006-01-02") },
	"httpdate":  func(b []byte, sc *scene) []byte { return sc.now.AppendFormat(b, "Mon, 02 Jan 2006 15:04:05 GMT") },
	"unix":      func(b []byte, sc *scene) []byte { return strconv.AppendInt(b, sc.now.Unix(), 10) },
	"unixms":    func(b []byte, sc *scene) []byte { return strconv.AppendInt(b, sc.now.UnixMilli(), 10) },
	"resetunix": func(b []byte, sc *scene) []byte { return strconv.AppendInt(b, sc.now.Unix()+int64(sc.retryAfter), 10) },
	"retry":     func(b []byte, sc *scene) []byte { return strconv.AppendInt(b, int64(sc.retryAfter), 10) },
	"uuid":      func(b []byte, sc *scene) []byte { return appendUUID(b, &sc.random) },
	"hex8":      func(b []byte, sc *scene) []byte { return appendHex(b, &sc.random, 8) },
	"hex32":     func(b []byte, sc *scene) []byte { return appendHex(b, &sc.random, 32) },
	"alnum":     func(b []byte, sc *scene) []byte { return appendAlnum(b, &sc.random, 14) },
	"n1":        func(b []byte, sc *scene) []byte { return strconv.AppendInt(b, int64(sc.between(1, 9)), 10) },
	"n2":        func(b []byte, sc *scene) []byte { return strconv.AppendInt(b, int64(sc.between(11, 99)), 10) },
	"n4":        func(b []byte, sc *scene) []byte { return strconv.AppendInt(b, int64(sc.between(1000, 9899)), 10) },
	"n8": func(b []byte, sc *scene) []byte {
		return strconv.AppendInt(b, int64(sc.between(10000000, 98999999)), 10)
	},
	"sku":     func(b []byte, sc *scene) []byte { return append(b, goods[sc.below(len(goods))].sku...) },
	"product": func(b []byte, sc *scene) []byte { return append(b, goods[sc.below(len(goods))].name...) },
	"words":   appendWords,
	"secret":  appendFakeSecret,
	"jwt":     appendFakeJWT,
}

var currencies = []string{"EUR", "USD", "USD", "GBP", "SEK"}

const alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

func appendHex(b []byte, r *random, n int) []byte {
	for n > 0 {
		for v, k := r.next(), min(n, 16); k > 0; k-- {
			b = append(b, hexDigits[v&15])
			v >>= 4
			n--
		}
	}
	return b
}

func appendAlnum(b []byte, r *random, n int) []byte {
	for n > 0 {
		for v, k := r.next(), min(n, 10); k > 0; k-- {
			b = append(b, alphanumeric[v%62])
			v /= 62
			n--
		}
	}
	return b
}

func appendUUID(b []byte, r *random) []byte {
	b = append(appendHex(b, r, 8), '-')
	b = append(appendHex(b, r, 4), '-', '4')
	b = append(appendHex(b, r, 3), '-', "89ab"[r.below(4)])
	b = append(appendHex(b, r, 3), '-')
	return appendHex(b, r, 12)
}

// appendSalesforceID writes the fifteen characters after which a Salesforce id is case sensitive,
// less the prefix of its object, which the template says.
func appendSalesforceID(b []byte, sc *scene) []byte {
	b = append(b, "5e00000"...)
	tail := strconv.AppendInt(nil, int64(sc.record), 36)
	return append(append(b, tail...), 'Q', 'A', 'Y')
}

// appendFakeSecret writes the random part of a credential. The word in it tells a reader, and the
// missing prefix a scanner, that it opens nothing: the prefixes are joined on at run time.
func appendFakeSecret(b []byte, sc *scene) []byte {
	own := streamOf(uint64(sc.customer.account), uint64(len(sc.provider.key))) //nolint:gosec // account is positive
	return appendAlnum(append(b, "notReal"...), &own, 24)
}

// appendFakeJWT writes three segments in the form of a JSON Web Token whose payload says "fake".
func appendFakeJWT(b []byte, sc *scene) []byte {
	b = append(b, "ey"+"JhbGciOiJSUzI1NiJ9"+"."+"ey"+"JzdWIiOiJmYWtlIn0"+"."...)
	return appendFakeSecret(b, sc)
}

func appendWords(b []byte, sc *scene) []byte {
	n := sc.between(4, 11)
	for i := range n {
		if i > 0 {
			b = append(b, ' ')
		}
		b = append(b, businessWords[sc.below(len(businessWords))]...)
	}
	if sc.chance(0.02) {
		b = append(b, " card "+"4242"+"424242424242"...)
	}
	return b
}
