package simulate

import (
	"cmp"
	"math"
	"net/http"
	"strconv"
	"time"
)

// CorpusOptions say how much of what a corpus holds.
type CorpusOptions struct {
	Seed uint64
	// Entries of all tenants together; Tenants is 1 when it is 0.
	Entries, Tenants int
	// Each tenant's entries spread evenly, in the order of time, over the Days before End, or over Span where that is set.
	Days int
	Span time.Duration
	End  time.Time
}

// Corpus is a large body of plain API requests for benchmarks: 40 customers and 62 endpoints of 12
// integrations by Zipf's law, 3 % failures, 30 % with an identifier, JSON bodies of words from a
// vocabulary of 16,000 by Zipf's law and of ids that occur once. As an event an entry has 1.2 KB on
// average. Entry i is a function of the seed and i alone, so any number of goroutines may make
// disjoint parts of it; nothing in it needs a lock.
type Corpus struct {
	options    CorpusOptions
	perTenant  int
	gap        time.Duration
	start      time.Time
	customers  []*customer
	busy       zipf
	endpoints  []*endpoint
	called     zipf
	vocabulary *lexicon
}

// Entry is one request of a corpus, as columns and as the event that is sent. Fill reuses it.
type Entry struct {
	ID                                           string
	Tenant                                       int
	Customer, Integration, Method, Endpoint, URL string
	Status                                       string // success or failure
	StatusCode                                   int
	OccurredAt                                   time.Time
	DurationMS                                   float64
	IdentifierKey, IdentifierValue               string // empty for 70 %
	// Document is the event's JSON, without a line break. It is overwritten by the next Fill.
	Document []byte

	scene scene
}

// NewCorpus prepares a corpus. It takes some milliseconds; entries are made when they are asked for.
func NewCorpus(o CorpusOptions) *Corpus {
	o.Tenants, o.Days = max(o.Tenants, 1), max(o.Days, 1)
	perTenant := max((o.Entries+o.Tenants-1)/o.Tenants, 1)
	span := cmp.Or(o.Span, time.Duration(o.Days)*24*time.Hour)
	c := &Corpus{
		options: o, perTenant: perTenant, gap: span / time.Duration(perTenant), start: o.End.UTC().Add(-span),
		customers:  newCustomers(o.Seed, len(customerNames), nil, nil),
		vocabulary: newLexicon(),
	}
	for _, p := range providers() {
		c.endpoints = append(c.endpoints, p.endpoints...)
	}
	r := streamOf(o.Seed, streamSetup)
	for i := len(c.endpoints) - 1; i > 0; i-- {
		j := r.below(i + 1)
		c.endpoints[i], c.endpoints[j] = c.endpoints[j], c.endpoints[i]
	}
	c.busy, c.called = newZipf(len(c.customers), 1), newZipf(len(c.endpoints), 0.8)
	return c
}

// Len is the number of entries of one tenant.
func (c *Corpus) Len() int { return c.perTenant }

// Fill makes the nth entry of a tenant, in the order of time.
func (c *Corpus) Fill(e *Entry, tenant, n int) {
	index := uint64(n)*uint64(c.options.Tenants) + uint64(tenant) //nolint:gosec // both are indexes
	r := streamOf(c.options.Seed, index)
	sc := &e.scene
	// streamOf is a bijection of its last label, so the id is unique in the corpus.
	e.ID = "req_" + strconv.FormatUint(r.state, 16)
	e.Tenant = tenant
	e.OccurredAt = c.start.Add(time.Duration(n)*c.gap + time.Duration(r.unit()*float64(c.gap))).Truncate(time.Microsecond)
	at, who := c.endpoints[c.called.rank(&r)], c.customers[c.busy.rank(&r)]
	scratch := sc.scratch
	*sc = scene{random: r, customer: who, provider: at.provider, now: e.OccurredAt, scratch: scratch}
	sc.person, sc.company = sc.below(len(people)), sc.below(len(buyers))
	sc.order, sc.invoice, sc.ticket = sc.between(100000, 989999999), sc.between(10000, 98999999), sc.between(10000, 8999999)
	sc.record, sc.cents, sc.currency = sc.between(100000000, 989999999), sc.between(500, 900000), currencies[sc.below(len(currencies))]

	e.Customer, e.Integration, e.Method, e.Endpoint = who.key, at.provider.key, at.method, at.route
	e.URL = at.provider.baseTemplate.render(sc) + at.pathTemplate.render(sc)
	e.DurationMS = math.Round(sc.logNormal(at.median, 0.5)*10) / 10
	e.Status, e.StatusCode = "success", at.status
	var no *refusal
	if sc.chance(0.03) {
		no = &at.provider.refusals[sc.below(int(refusedRefresh))]
		e.Status, e.StatusCode = "failure", no.status
	}
	e.IdentifierKey, e.IdentifierValue = "", ""
	if sc.chance(0.3) {
		e.IdentifierKey, e.IdentifierValue = "order_id", orderTemplate.render(sc)
	}
	c.write(e, at, no)
}

// Batch appends entries from up to to of a tenant as lines of NDJSON.
func (c *Corpus) Batch(dst []byte, tenant, from, to int) []byte {
	var e Entry
	for n := from; n < to; n++ {
		c.Fill(&e, tenant, n)
		dst = append(append(dst, e.Document...), '\n')
	}
	return dst
}

func (c *Corpus) write(e *Entry, at *endpoint, no *refusal) {
	sc := &e.scene
	d := document{b: append(e.Document[:0], '{')}
	d.text("type", "api_request")
	d.text("id", e.ID)
	d.at("occurred_at", e.OccurredAt)
	d.text("customer", e.Customer)
	d.text("integration", e.Integration)
	if e.IdentifierKey != "" {
		d.open("identifiers")
		d.text(e.IdentifierKey, e.IdentifierValue)
		d.close()
	}
	if e.Status == "failure" {
		// Some providers refuse under a 200; the envelope says what the columns say.
		d.text("status", e.Status)
	}
	d.open("data")
	d.text("method", e.Method)
	d.text("url", e.URL)
	d.text("endpoint", e.Endpoint)
	d.key("duration_ms")
	d.b = strconv.AppendFloat(d.b, e.DurationMS, 'f', -1, 64)
	d.open("request")
	d.open("headers")
	d.text("Authorization", "Bearer "+secretTemplate.render(sc))
	d.text("User-Agent", at.provider.agent)
	d.close()
	switch {
	case at.responseBody == nil:
		c.writeBody(&d, sc, 30)
	case at.method != http.MethodGet:
		c.writeBody(&d, sc, 10)
	}
	d.close()
	d.open("response")
	d.number("status", e.StatusCode)
	if no != nil {
		writeHeaders(&d, sc, no.bodyTemplate, at.provider.headerTemplates[:1], no.headerTemplates)
		d.body("body", no.bodyTemplate, sc)
	} else {
		writeHeaders(&d, sc, at.responseBody, at.provider.headerTemplates[:1], at.provider.limitTemplates)
		if at.responseBody != nil {
			c.writeBody(&d, sc, 26)
		}
	}
	d.close()
	d.close()
	d.close()
	e.Document = d.b
}

// writeBody writes an object of about so many words, among ids that no other entry has.
func (c *Corpus) writeBody(d *document, sc *scene, words int) {
	words = words/2 + sc.below(words+1)
	d.open("body")
	d.number("id", sc.record)
	d.text("reference", orderTemplate.render(sc))
	d.key("title")
	d.b = c.appendWords(d.b, sc, 3)
	for i := range words/8 + 1 {
		d.open(fields[i%len(fields)])
		d.number("amount", sc.below(100000))
		d.key("note")
		d.b = c.appendWords(d.b, sc, min(words, 8))
		d.close()
	}
	d.close()
}

var fields = [...]string{"shipping", "billing", "customer", "owner", "contract", "summary", "history", "remarks"}

func (c *Corpus) appendWords(b []byte, sc *scene, n int) []byte {
	return append(c.vocabulary.append(append(b, '"'), &sc.random, n), '"')
}
