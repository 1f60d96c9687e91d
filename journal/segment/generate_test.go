package segment

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/journal/entry"
)

// generator makes entries like those of a product with some integrations: API requests mostly, of about 1.2 KB when
// they are written as JSON events. The same seed makes the same entries, but for the counters in their ids.
type generator struct {
	*rand.Rand
	at           time.Time
	run          uuid.UUID
	customers    []uuid.UUID
	integrations []uuid.UUID
	ids          *nodeid.Maker
}

func newGenerator(seed uint64) *generator {
	g := &generator{
		Rand: rand.New(rand.NewPCG(seed, 7)), ids: nodeid.NewMaker(),
		at: time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC),
	}
	for range 40 {
		g.customers = append(g.customers, g.uuid())
	}
	for range len(providers) {
		g.integrations = append(g.integrations, g.uuid())
	}
	return g
}

type provider struct {
	host, server string
	endpoints    []string
}

var providers = []provider{
	{"api.hubapi.com", "cloudflare", []string{"/crm/v3/objects/contacts/{id}", "/crm/v3/objects/deals/{id}", "/crm/v3/objects/contacts/search", "/crm/v3/owners"}},
	{"acme.my.salesforce.com", "sfdcedge", []string{"/services/data/v60.0/sobjects/Account/{id}", "/services/data/v60.0/sobjects/Opportunity/{id}", "/services/data/v60.0/query"}},
	{"api.xero.com", "nginx", []string{"/api.xro/2.0/Invoices/{id}", "/api.xro/2.0/Contacts", "/api.xro/2.0/Payments"}},
	{"acme.myshopify.com", "cloudflare", []string{"/admin/api/2025-01/orders/{id}.json", "/admin/api/2025-01/products/{id}.json", "/admin/api/2025-01/inventory_levels.json"}},
	{"slack.com", "envoy-edge", []string{"/api/chat.postMessage", "/api/users.lookupByEmail"}},
}

var vocabulary = strings.Fields(`account active address amount annual approved archive assigned balance billing blue board
	budget campaign canceled carrier category central city closed comment company completed contact contract country created
	credit currency customer daily deal default delivered delivery department description discount draft due east email
	employee enabled estimate europe expired external family field final first fiscal follow footer forecast freight global
	group header holiday house import inbound industry initial inventory invoice item large last lead legal level line list
	location manager market medium member message mobile monthly name national network new north note number office open
	opportunity order organization outbound owner paid partner payment pending period phone pipeline plan portal preferred
	price primary priority process product profile project proposal purchase quantity quarter quote rate record reference
	refund region renewal report request review revenue role sales schedule second service shipping source south stage
	standard state status store street subject subscription summary supplier support task tax team term territory text
	ticket title total tracking trial type unit updated upgrade user value vendor version warehouse website weekly west`)

func (g *generator) uuid() (id uuid.UUID) {
	for i := range id {
		id[i] = byte(g.Uint32())
	}
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	return id
}

// word is a word: some are much more frequent than others, as in any text.
func (g *generator) word() string { return vocabulary[g.IntN(1+g.IntN(len(vocabulary)))] }

func (g *generator) phrase(n int) string {
	words := make([]string, n)
	for i := range words {
		words[i] = g.word()
	}
	return strings.Join(words, " ")
}

// entries makes n entries, sorted by id.
func (g *generator) entries(n int) []*entry.Entry {
	list := make([]*entry.Entry, n)
	for i := range list {
		list[i] = g.entry()
	}
	sortEntries(list)
	return list
}

func sortEntries(list []*entry.Entry) {
	slices.SortStableFunc(list, func(a, b *entry.Entry) int { return bytes.Compare(a.ID[:], b.ID[:]) })
}

func (g *generator) entry() *entry.Entry {
	g.at = g.at.Add(time.Duration(g.IntN(100_000)) * time.Microsecond)
	which := g.IntN(len(g.integrations))
	e := &entry.Entry{Head: entry.Head{
		ID: g.ids.New(g.at), RecordedAt: g.at.Truncate(2*time.Second).UnixMicro() + 2_100_123,
		Kind: entry.KindAPIRequest, Status: entry.StatusSuccess,
		CustomerID: g.customers[min(g.IntN(40), g.IntN(40))], IntegrationID: g.integrations[which],
		DurationMS: -1,
	}}
	e.ConnectedAppID = nodeid.ImpliedApp(e.CustomerID, e.IntegrationID)
	if which == 0 { // of one integration they name themselves
		e.ConnectedAppID = uuid.NewSHA1(e.CustomerID, e.IntegrationID[:])
	}
	if g.IntN(3) == 0 {
		if g.IntN(3) == 0 {
			g.run = g.uuid()
		}
		e.FlowRunID, e.NodeRunID = g.run, g.uuid()
	}
	if g.IntN(4) == 0 {
		e.TraceID = strings.ReplaceAll(g.uuid().String(), "-", "")
	}
	e.Identifiers = []entry.Identifier{{Key: "order_id", Value: fmt.Sprintf("A-%d", 1000+g.IntN(90000))}}
	e.ExternalID = "evt_" + strings.ReplaceAll(g.uuid().String(), "-", "")[:20]
	switch g.IntN(10) {
	case 0:
		g.webhook(e, &providers[which])
	case 1:
		g.event(e)
	default:
		g.request(e, &providers[which])
	}
	return e
}

func (g *generator) request(e *entry.Entry, p *provider) {
	e.Direction, e.Attempt = entry.Outbound, 1
	e.Method = []string{"GET", "GET", "POST", "PATCH"}[g.IntN(4)]
	e.Endpoint = p.endpoints[g.IntN(len(p.endpoints))]
	id := g.uuid().String()
	e.URL = "https://" + p.host + strings.ReplaceAll(e.Endpoint, "{id}", id)
	e.StatusCode = 200
	e.DurationMS = float64(20_000+g.IntN(400_000)+g.IntN(2)*g.IntN(2_000_000)) / 1000
	d := &entry.Detail{RequestHeaders: []entry.Header{
		{Name: "Authorization", Value: "[redacted]"}, {Name: "Accept", Value: "application/json"},
		{Name: "User-Agent", Value: "acme-sync/4.2.1"},
	}}
	if e.Method != http.MethodGet {
		d.RequestHeaders = append(d.RequestHeaders, entry.Header{Name: "Content-Type", Value: "application/json"})
		d.RequestBody = g.body(fmt.Sprintf(`{"properties":{"name":%q,"stage":%q,"amount":%d.%02d}}`, g.phrase(3), g.word(), g.IntN(9000), g.IntN(100)))
	}
	answer := g.record(id)
	if g.IntN(33) == 0 {
		e.Status, e.StatusCode, e.ErrorKind, e.ErrorCode = entry.StatusFailure, 401, entry.ErrorHTTP, "INVALID_SESSION_ID"
		e.Message = "Session expired or invalid"
		answer = `[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]`
	}
	d.ResponseBody = g.body(answer)
	d.ResponseHeaders = g.answerHeaders(p, len(answer))
	e.Detail = d
}

func (g *generator) answerHeaders(p *provider, length int) []entry.Header {
	return []entry.Header{
		{Name: "Date", Value: g.at.Format(time.RFC1123)}, {Name: "Content-Type", Value: "application/json; charset=utf-8"},
		{Name: "Content-Length", Value: fmt.Sprint(length)}, {Name: "Server", Value: p.server},
		{Name: "X-Request-Id", Value: g.uuid().String()}, {Name: "Cache-Control", Value: "no-cache, no-store"},
		{Name: "Strict-Transport-Security", Value: "max-age=31536000; includeSubDomains"},
		{Name: "X-RateLimit-Remaining", Value: fmt.Sprint(g.IntN(150))}, {Name: "Vary", Value: "Accept-Encoding"},
	}
}

func (g *generator) webhook(e *entry.Entry, p *provider) {
	e.Kind, e.Method, e.StatusCode = entry.KindExternalWebhook, "POST", 202
	e.URL = "https://hooks.acme.example/in/" + p.host
	e.Endpoint = "/in/" + p.host
	valid := true
	e.Webhook = &entry.Webhook{SignatureValid: &valid}
	e.Detail = &entry.Detail{
		RequestHeaders: g.answerHeaders(p, 600),
		RequestBody:    g.body(g.record(g.uuid().String())),
	}
}

func (g *generator) event(e *entry.Entry) {
	e.Kind, e.EventType = entry.KindExternalEvent, []string{"order.created", "order.updated", "contact.updated"}[g.IntN(3)]
	e.RecordID, e.SourceID = fmt.Sprint(100_000+g.IntN(900_000)), "whk_"+g.uuid().String()
	e.Detail = &entry.Detail{
		RequestBody: g.body(g.record(e.RecordID)),
		Metadata:    fmt.Appendf(nil, `{"worker":"sync-%d","region":"eu-west-1"}`, g.IntN(8)),
	}
}

func (g *generator) body(text string) *entry.Body {
	return &entry.Body{Text: text, ContentType: "application/json", SizeBytes: len(text)}
}

func (g *generator) record(id string) string {
	first, last := g.word(), g.word()
	return fmt.Sprintf(`{"id":%q,"properties":{"firstname":%q,"lastname":%q,"email":"%s.%s@%s.example","company":%q,`+
		`"lifecyclestage":%q,"amount":%d.%02d,"currency":"EUR","description":%q,"owner_id":%d,"updated_at":%q},`+
		`"created_at":%q,"archived":false,"associations":{"companies":[{"id":"%d","type":"contact_to_company"}]}}`,
		id, first, last, first, last, g.word(), g.phrase(2), g.word(), g.IntN(100_000), g.IntN(100), g.phrase(8),
		10_000+g.IntN(200), g.at.Format(time.RFC3339Nano), g.at.Add(-time.Duration(g.IntN(1e9))*time.Millisecond).Format(time.RFC3339),
		1_000_000+g.IntN(9_000_000))
}

// jsonSize is about how long an entry is as an event in JSON: 200 bytes of envelope, names and punctuation, and what
// differs.
func jsonSize(e *entry.Entry) int {
	size := 200 + len(e.URL) + len(e.Endpoint) + len(e.Message) + len(e.ExternalID) + len(e.TraceID)
	d := detailOf(e)
	for _, headers := range [][]entry.Header{d.RequestHeaders, d.ResponseHeaders} {
		for _, h := range headers {
			size += len(h.Name) + len(h.Value) + len(`"":"",`)
		}
	}
	return size + len(d.Metadata) + len(orZero(d.RequestBody).Text) + len(orZero(d.ResponseBody).Text)
}
