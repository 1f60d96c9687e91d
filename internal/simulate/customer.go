package simulate

import "time"

// customer is one of the tenant's customers. Its rank in the list is its rank in activity.
type customer struct {
	index      int
	key, name  string
	plan       string
	region     string
	seats      int
	account    int // number of its account at providers that count: realm, company id
	flows      []*flow
	apps       []*connectedApp
	subscribed []activity // what an arrival at this customer may be
	weight     float64    // sum of the weights of subscribed
}

// connectedApp is a customer's link to one provider.
type connectedApp struct {
	id        string
	provider  *provider
	expiresAt time.Time
	webhooks  []string // event types that its webhook source delivers
}

func (c *customer) app(p *provider) *connectedApp {
	for _, a := range c.apps {
		if a.provider == p {
			return a
		}
	}
	return nil
}

// has says whether the customer runs the flow.
func (c *customer) has(f *flow) bool {
	for _, own := range c.flows {
		if own == f {
			return true
		}
	}
	return false
}

var customerNames = []struct{ key, name string }{
	{"northwind-outdoor", "Northwind Outdoor"}, {"lumen-analytics", "Lumen Analytics"},
	{"kessler-maschinenbau", "Kessler Maschinenbau GmbH"}, {"brightside-dental", "Brightside Dental Group"},
	{"harbor-coffee", "Harbor Coffee Roasters"}, {"quillstack", "Quillstack"},
	{"aurora-steel", "Aurora Steel Oy"}, {"maple-finch", "Maple & Finch Legal"},
	{"velo-republic", "Velo Republic"}, {"tidepool-hr", "Tidepool HR"},
	{"ferrand-packaging", "Ferrand Packaging SA"}, {"clearwater-clinics", "Clearwater Clinics"},
	{"little-oak-toys", "Little Oak Toys"}, {"signalbox", "Signalbox"},
	{"hanseatic-freight", "Hanseatic Freight"}, {"juniper-advisory", "Juniper Advisory"},
	{"sol-y-sal", "Sol y Sal Foods"}, {"papertrail-io", "Papertrail IO"},
	{"brandt-optik", "Brandt Optik AG"}, {"meridian-realty", "Meridian Realty"},
	{"wool-and-willow", "Wool & Willow"}, {"stackmint", "Stackmint"},
	{"nordisk-pumpe", "Nordisk Pumpe A/S"}, {"copperfield-events", "Copperfield Events"},
	{"bluebird-bikes", "Bluebird Bikes"}, {"metricfox", "Metricfox"},
	{"talus-mining", "Talus Mining Supplies"}, {"evergreen-learning", "Evergreen Learning"},
	{"casa-lima", "Casa Lima Interiors"}, {"pagerly", "Pagerly"},
	{"oberhofer-holz", "Oberhofer Holz KG"}, {"sterling-travel", "Sterling Travel"},
	{"peak-nutrition", "Peak Nutrition"}, {"formwise", "Formwise"},
	{"gotham-elevators", "Gotham Elevators"}, {"lakeside-veterinary", "Lakeside Veterinary"},
	{"kite-and-canvas", "Kite & Canvas"}, {"ledgerline", "Ledgerline"},
	{"baltic-timber", "Baltic Timber OÜ"}, {"fjord-hospitality", "Fjord Hospitality"},
}

var (
	plans   = []string{"enterprise", "business", "business", "starter"}
	regions = []string{"eu-west-1", "us-east-1", "eu-central-1", "ap-southeast-2"}
)

// newCustomers makes the first n customers with the flows of their trade. Large ones have all of
// them, small ones two.
func newCustomers(seed uint64, n int, flows []*flow, providers map[string]*provider) []*customer {
	customers := make([]*customer, 0, n)
	for i := range min(n, len(customerNames)) {
		r := streamOf(seed, streamCustomer, uint64(i)) //nolint:gosec // an index
		c := &customer{
			index: i, key: customerNames[i].key, name: customerNames[i].name,
			plan: plans[min(i/8, 3)], region: regions[i%4],
			seats: 2500/(i+1) + r.between(4, 20), account: r.between(100000000, 989999999),
		}
		keys := trades[i%len(trades)]
		if i >= 16 {
			keys = keys[:2]
		}
		for _, f := range flows {
			for _, key := range keys {
				if f.key == key {
					c.flows = append(c.flows, f)
				}
			}
		}
		c.connect(providers)
		c.subscribe()
		customers = append(customers, c)
	}
	return customers
}

// connect gives the customer an app of every provider that one of its flows calls.
func (c *customer) connect(providers map[string]*provider) {
	for _, f := range c.flows {
		for _, key := range f.integrations() {
			p := providers[key]
			if c.app(p) == nil {
				c.apps = append(c.apps, &connectedApp{id: "app_" + c.key + "_" + key, provider: p})
			}
		}
		if f.trigger == triggeredExternally && f.pullEvery == 0 {
			a := c.app(providers[f.integration])
			a.webhooks = append(a.webhooks, f.eventType)
		}
	}
}

// Catalogue of the people, companies and goods that payloads are about.
var people = []struct{ first, last, mail string }{
	{"Amelia", "Hart", "amelia.hart"}, {"Jonas", "Weber", "jonas.weber"}, {"Priya", "Raman", "priya.raman"},
	{"Mateo", "Silva", "mateo.silva"}, {"Ingrid", "Solberg", "ingrid.solberg"}, {"Kwame", "Mensah", "kwame.mensah"},
	{"Chloe", "Martin", "chloe.martin"}, {"Daniel", "Okafor", "daniel.okafor"}, {"Yuki", "Tanaka", "yuki.tanaka"},
	{"Sofia", "Rossi", "sofia.rossi"}, {"Liam", "Murphy", "liam.murphy"}, {"Nadia", "Haddad", "nadia.haddad"},
	{"Oskar", "Lindqvist", "oskar.lindqvist"}, {"Elena", "Petrova", "elena.petrova"}, {"Tom", "Baker", "tom.baker"},
	{"Grace", "Liu", "grace.liu"}, {"Hugo", "Laurent", "hugo.laurent"}, {"Maria", "Gonzalez", "maria.gonzalez"},
}

var buyers = []struct{ name, mail string }{
	{"Fabrikam Logistics", "fabrikam.example"}, {"Alder Street Books", "alderstreet.example"},
	{"Contoso Retail", "contoso.example"}, {"Beacon Hill Hotels", "beaconhill.example"},
	{"Tres Rios Farm", "tresrios.example"}, {"Polar Systems", "polarsystems.example"},
	{"Gray Heron Studio", "grayheron.example"}, {"Vantage Motors", "vantagemotors.example"},
	{"Old Mill Brewery", "oldmill.example"}, {"Summit Insurance", "summitinsurance.example"},
	{"Cobalt Robotics", "cobaltrobotics.example"}, {"Westgate Pharmacy", "westgate.example"},
}

var goods = []struct{ sku, name string }{
	{"TNT-2P-GRN", "Two person tent, green"}, {"BRW-ETH-1K", "Ethiopia Sidamo 1 kg"}, {"PMP-440-V2", "Rotary pump 440 V"},
	{"BKE-GRV-54", "Gravel bike 54 cm"}, {"LMP-DSK-BLK", "Desk lamp, black"}, {"SRV-ONB-STD", "Onboarding, standard"},
	{"VLV-DN50-SS", "Valve DN50, stainless"}, {"TOY-BLK-120", "Wooden blocks, 120 pieces"}, {"LIC-TEAM-Y", "Team licence, yearly"},
	{"CHR-OAK-2", "Oak chair, set of two"}, {"FLT-HEP-13", "HEPA filter H13"}, {"BAG-DRY-20", "Dry bag 20 l"},
}

var businessWords = []string{
	"delivery", "delayed", "invoice", "correct", "address", "renewal", "quote", "discount", "shipment", "customer", "asked",
	"refund", "partial", "order", "warehouse", "urgent", "contract", "signed", "meeting", "follow-up", "pallet", "damaged",
	"replacement", "account", "manager", "approved", "pending", "review", "quarterly", "forecast", "stock", "backorder",
	"payment", "received", "bank", "transfer", "reference", "missing", "attachment", "priority", "escalated", "supplier",
	"confirmed", "Thursday", "onboarding", "training", "licence", "upgrade", "seats", "export", "customs", "VAT", "number",
}
