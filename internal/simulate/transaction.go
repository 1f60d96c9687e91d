package simulate

import "time"

// exchanges are the ways that data takes between the in-house applications of an enterprise.
var exchanges = []struct{ from, to, operation, payload, failure string }{
	{"Webshop", "Order Management", "create-order", "Order", "IDoc ORDERS05 rejected: partner profile missing"},
	{"Order Management", "SAP ERP", "create-sales-order", "SalesOrder", "RFC_COMMUNICATION_FAILURE: connection to s4p closed"},
	{"SAP ERP", "Warehouse", "release-delivery", "Delivery", "schema validation failed: element ShipTo is missing"},
	{"Warehouse", "Carrier Gateway", "book-shipment", "Shipment", "carrier answered 503 for label request"},
	{"SAP ERP", "Data Platform", "publish-billing", "BillingDocument", "message is larger than max.message.bytes"},
	{"Payroll", "General Ledger", "post-journal", "Journal", "period 012/2025 is closed for account type S"},
}

// transact lets a business document pass through two or three in-house applications.
func (s *Story) transact(c *customer, now time.Time) {
	sc := s.session(c, now)
	first := sc.below(len(exchanges) - 2)
	business := newID("bf", sc)
	id := identifier{"order_id", orderTemplate.render(sc)}
	whose := c.key
	if sc.chance(0.4) {
		whose = "" // the tenant's own business
	}
	for _, x := range exchanges[first : first+sc.between(1, 3)] {
		lasted := milliseconds(sc.logNormal(240, 0.7))
		status := "success"
		switch odds := sc.unit(); {
		case odds < 0.025:
			status = "failure"
		case odds < 0.035:
			status = "pending"
		}
		sc.now = now
		env := envelope{kind: "transaction", id: newID("txn", sc), at: now, customer: whose, trace: sc.trace, identifier: id}
		s.emit(now.Add(lasted), env, func(d *document) {
			d.text("from", x.from)
			d.text("to", x.to)
			d.text("status", status)
			d.text("operation", x.operation)
			d.text("payload_type", x.payload)
			d.text("flow_id", business)
			d.lasted(lasted)
			if status == "failure" {
				d.text("message", x.failure)
				d.open("error")
				d.text("code", "DELIVERY_FAILED")
				d.text("message", x.failure)
				d.close()
			} else {
				d.text("message", x.payload+" "+id.value+" handed over")
			}
		})
		if status == "failure" {
			return
		}
		now = now.Add(lasted + milliseconds(sc.logNormal(400, 0.8)))
	}
}
