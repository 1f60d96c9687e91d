package simulate

import (
	"sync"
	"time"
)

// trades says which flows a customer of each trade runs; customers take turns. The first two are the
// ones that a small customer has.
var trades = [][]string{
	{"order-to-invoice", "refund-approval", "inventory-sync", "payment-reconciliation", "ticket-escalation"},
	{"contact-sync", "payment-reconciliation", "lead-routing", "customer-onboarding", "ticket-escalation", "release-notes"},
	{"opportunity-to-order", "order-fulfilment", "ledger-export", "document-archive", "legacy-price-import"},
	{"invoice-reminder", "customer-onboarding", "meeting-sync", "sla-watch", "lead-routing"},
}

var (
	byOrder   = [2]string{"order_id", "A-${order}"}
	byInvoice = [2]string{"invoice_id", "INV-${invoice}"}
	byTicket  = [2]string{"ticket_id", "${ticket}"}
	byContact = [2]string{"contact_id", "${record}"}
)

var flows = sync.OnceValue(func() []*flow {
	all := append(eventFlows(), timedFlows()...)
	for _, f := range all {
		f.identifierTemplate = compile(f.identifier[1])
	}
	return all
})

func eventFlows() []*flow {
	return []*flow{
		{key: "order-to-invoice", name: "Order to invoice", integration: "shopify", trigger: triggeredExternally, eventType: "orders/create", filter: "financial_status = paid", identifier: byOrder, nodes: []node{
			start(), request("load_order", "Load the order", "shopify.get_order", "trigger"),
			request("find_customer", "Find the customer", "quickbooks.find_customer", "load_order"),
			choice("known", "Is the customer known?", 0.7, "find_customer"),
			request("create_customer", "Create the customer", "quickbooks.create_customer", "known").on("known=no"),
			step(nodeLoop, "lines", "For each line item", "known", "create_customer"),
			request("find_item", "Look up the item", "quickbooks.find_item", "lines").inside("lines"),
			step(nodeTransform, "map_line", "Map the line", "find_item").inside("lines"),
			request("create_invoice", "Create the invoice", "quickbooks.create_invoice", "map_line"),
			request("note_order", "Note the invoice on the order", "shopify.update_order", "create_invoice"),
			request("tell_finance", "Tell finance", "slack.post_message", "create_invoice"),
			step(nodeTransform, "summary", "Summarise", "note_order", "tell_finance")}},
		{key: "opportunity-to-order", name: "Opportunity to sales order", integration: "salesforce", trigger: triggeredExternally, eventType: "opportunity.won", filter: "amount > 0", identifier: byOrder, nodes: []node{
			start(), request("load_opportunity", "Load the opportunity", "salesforce.get_opportunity", "trigger"),
			request("load_account", "Load the account", "salesforce.get_account", "trigger"),
			step(nodeTransform, "map_fields", "Map the fields", "load_opportunity", "load_account"),
			request("find_customer", "Find the customer", "netsuite.get_customer", "map_fields"),
			choice("large", "Does it need approval?", 0.2, "find_customer"),
			step(nodeWait, "approval", "Wait for approval", "large").on("large=yes"),
			request("create_order", "Create the sales order", "netsuite.create_sales_order", "large", "approval"),
			request("write_back", "Write the number back", "salesforce.update_opportunity", "create_order")}},
		{key: "contact-sync", name: "Contacts to Salesforce", integration: "hubspot", trigger: triggeredExternally, eventType: "contact.propertyChange", filter: "propertyName in (lifecyclestage, email)", identifier: byContact, nodes: []node{
			start(), request("load_contact", "Load the contact", "hubspot.get_contact", "trigger"),
			request("find_account", "Find the account", "salesforce.query", "load_contact"),
			choice("found", "Is there an account?", 0.8, "find_account"),
			request("upsert", "Update the contact", "salesforce.composite", "found").on("found=yes"),
			request("note", "Leave a note", "hubspot.create_note", "found").on("found=no"),
			step(nodeTransform, "done", "Done", "upsert", "note")}},
		{key: "lead-routing", name: "Lead routing", integration: "salesforce", trigger: triggeredExternally, eventType: "lead.created", identifier: byContact, nodes: []node{
			start(), request("find_contact", "Find the contact", "hubspot.search_contacts", "trigger"),
			step(nodeCode, "score", "Score the lead", "find_contact"),
			choice("hot", "Is it hot?", 0.4, "score"),
			request("task", "Create a task", "salesforce.create_lead_task", "hot").on("hot=yes"),
			request("find_owner", "Find the owner", "slack.lookup_user", "hot").on("hot=yes"),
			request("ping", "Tell the owner", "slack.post_message", "task", "find_owner")}},
		{key: "payment-reconciliation", name: "Payment reconciliation", integration: "stripe", trigger: triggeredExternally, eventType: "invoice.paid", identifier: byInvoice, nodes: []node{
			start(), request("load_invoice", "Load the invoice", "stripe.get_invoice", "trigger"),
			request("load_payment", "Load the payment", "stripe.get_payment_intent", "trigger"),
			request("find_customer", "Find the customer", "quickbooks.find_customer", "load_invoice"),
			step(nodeTransform, "match", "Match the amounts", "find_customer", "load_payment"),
			request("book", "Book the payment", "quickbooks.create_payment", "match")}},
		{key: "ticket-escalation", name: "Ticket escalation", integration: "zendesk", trigger: triggeredExternally, eventType: "ticket.escalated", filter: "priority = URGENT", identifier: byTicket, nodes: []node{
			start(), request("load_ticket", "Load the ticket", "zendesk.get_ticket", "trigger"),
			request("requester", "Look up the requester", "zendesk.search_users", "load_ticket"),
			request("create_issue", "Create the issue", "jira.create_issue", "load_ticket"),
			request("tell_team", "Tell the team", "slack.post_message", "create_issue", "requester"),
			request("comment", "Comment on the ticket", "zendesk.update_ticket", "create_issue")}},
		{key: "refund-approval", name: "Refund approval", integration: "stripe", trigger: triggeredInternally, eventType: "refund.requested", identifier: byOrder, nodes: []node{
			start(), request("load_payment", "Load the payment", "stripe.get_payment_intent", "trigger"),
			request("charges", "Look at earlier charges", "stripe.list_charges", "trigger"),
			step(nodeCode, "risk", "Weigh the risk", "load_payment", "charges"),
			choice("safe", "Is it safe?", 0.85, "risk"),
			request("refund", "Refund", "stripe.create_refund", "safe").on("safe=yes"),
			request("ticket", "Open a ticket", "zendesk.create_ticket", "safe").on("safe=no"),
			request("tell", "Tell support", "slack.post_message", "refund", "ticket")}},
		{key: "customer-onboarding", name: "Customer onboarding", integration: "hubspot", trigger: triggeredInternally, eventType: "customer.signed_up", identifier: byContact, nodes: []node{
			start(), request("create_contact", "Create the contact", "hubspot.create_contact", "trigger"),
			request("associate", "Join it to the company", "hubspot.associate", "create_contact"),
			request("welcome", "Send the welcome mail", "microsoft-graph.send_mail", "create_contact"),
			request("free_busy", "Look for a time", "google-calendar.free_busy", "create_contact"),
			request("kick_off", "Plan the kick-off", "google-calendar.create_event", "free_busy"),
			request("announce", "Announce", "slack.post_message", "associate", "welcome", "kick_off")}},
		{key: "order-fulfilment", name: "Order fulfilment", integration: "sap-s4", trigger: triggeredInternally, eventType: "order.confirmed", identifier: byOrder, nodes: []node{
			start(), request("partner", "Load the partner", "sap-s4.get_partner", "trigger"),
			step(nodeLoop, "items", "For each item", "partner"),
			request("stock", "Check the stock", "sap-s4.material_stock", "items").inside("items"),
			choice("enough", "Is there enough?", 0.92, "stock"),
			request("sales_order", "Create the sales order", "sap-s4.create_sales_order", "enough").on("enough=yes"),
			request("confirm", "Confirm by mail", "microsoft-graph.send_mail", "sales_order"),
			request("backorder", "Tell the planner", "microsoft-graph.send_mail", "enough").on("enough=no")}},
		{key: "invoice-reminder", name: "Invoice reminder", integration: "quickbooks", trigger: triggeredByAPI, identifier: byInvoice, nodes: []node{
			start(), request("load_invoice", "Load the invoice", "quickbooks.get_invoice", "trigger"),
			choice("due", "Is it overdue?", 0.75, "load_invoice"),
			request("recipient", "Look up the recipient", "microsoft-graph.get_user", "due").on("due=yes"),
			request("mail", "Send the reminder", "microsoft-graph.send_mail", "recipient")}},
	}
}

func timedFlows() []*flow {
	return []*flow{
		{key: "inventory-sync", name: "Inventory sync", integration: "netsuite", trigger: triggeredBySchedule, schedule: "10 */4 * * *", every: 4 * time.Hour, offset: 10 * time.Minute, identifier: [2]string{"batch_id", "B-${order}"}, nodes: []node{
			start(), request("stock", "Read the stock", "netsuite.suiteql", "trigger"),
			step(nodeLoop, "items", "For each changed item", "stock"),
			request("variant", "Find the variant", "shopify.graphql", "items").inside("items"),
			request("level", "Set the level", "shopify.set_inventory", "variant").inside("items"),
			step(nodeTransform, "summary", "Summarise", "level"),
			request("report", "Report", "slack.post_message", "summary")}},
		{key: "ledger-export", name: "Nightly ledger export", integration: "sap-s4", trigger: triggeredBySchedule, schedule: "30 2 * * *", every: 24 * time.Hour, offset: 150 * time.Minute, identifier: [2]string{"batch_id", "L-${order}"}, nodes: []node{
			start(), request("documents", "Read the billing documents", "sap-s4.billing_documents", "trigger"),
			step(nodeLoop, "each", "For each document", "documents"),
			request("invoice", "Load the invoice", "netsuite.get_invoice", "each").inside("each"),
			step(nodeTransform, "row", "Make the row", "invoice").inside("each"),
			request("file", "Write the file", "microsoft-graph.upload_file", "row"),
			request("mail", "Mail the link", "microsoft-graph.send_mail", "file")}},
		{key: "release-notes", name: "Release notes", integration: "jira", trigger: triggeredBySchedule, schedule: "0 */6 * * *", every: 6 * time.Hour, identifier: [2]string{"release_id", "R-${n4}"}, nodes: []node{
			start(), request("search", "Find what is done", "jira.search", "trigger"),
			step(nodeCode, "write", "Write the notes", "search"),
			request("post", "Post them", "slack.post_message", "write")}},
		{key: "sla-watch", name: "SLA watch", integration: "zendesk", trigger: triggeredBySchedule, schedule: "5 * * * *", every: time.Hour, offset: 5 * time.Minute, identifier: byTicket, nodes: []node{
			start(), request("search", "Find urgent tickets", "zendesk.search_tickets", "trigger"),
			choice("late", "Is one late?", 0.3, "search"),
			request("warn", "Warn the team", "slack.post_message", "late").on("late=yes")}},
		{key: "meeting-sync", name: "Meetings to the CRM", integration: "google-calendar", trigger: triggeredExternally, eventType: "event.updated", pullEvery: 30 * time.Minute, identifier: [2]string{"meeting_id", "${record36}"}, nodes: []node{
			start(), request("load_event", "Load the event", "google-calendar.get_event", "trigger"),
			request("find_contact", "Find the contact", "hubspot.search_contacts", "load_event"),
			step(nodeTransform, "format", "Format the note", "find_contact"),
			request("note", "Write the note", "hubspot.create_note", "format")}},
		{key: "document-archive", name: "Document archive", integration: "microsoft-graph", trigger: triggeredExternally, eventType: "driveItem.updated", pullEvery: time.Hour, identifier: byInvoice, nodes: []node{
			start(), request("load_item", "Load the file", "microsoft-graph.get_item", "trigger"),
			step(nodeCode, "classify", "Classify it", "load_item"),
			choice("invoice", "Is it an invoice?", 0.8, "classify"),
			request("attach", "Attach it", "sap-s4.post_document", "invoice").on("invoice=yes")}},
		{key: "legacy-price-import", name: "Legacy price import", integration: "sap-s4", trigger: triggeredInternally, eventType: "prices.published", disabled: true, identifier: [2]string{"batch_id", "P-${order}"}, nodes: []node{
			start(), request("stock", "Read the material", "sap-s4.material_stock", "trigger"),
			step(nodeTransform, "map", "Map the prices", "stock"),
			request("item", "Update the item", "netsuite.update_item", "map")}},
	}
}
