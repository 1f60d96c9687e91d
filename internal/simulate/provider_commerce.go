package simulate

func shopify() *provider {
	return &provider{
		key: "shopify", name: "Shopify",
		// Shopify takes the token in a header of its own; newCall knows.
		base: "https://${sub}.myshopify.com", agent: "northbeam-connect/4.2", auth: "shp" + "at_${secret}",
		scopes:  []string{"read_orders", "write_orders", "read_products", "write_inventory"},
		headers: [][2]string{{"Content-Type", "application/json; charset=utf-8"}, {"X-Request-Id", "${uuid}"}, {"X-Shopify-Api-Version", "2025-07"}, {"Server", "cloudflare"}},
		limits:  [][2]string{{"X-Shopify-Shop-Api-Call-Limit", "${n1}/40"}},
		endpoints: []*endpoint{
			{name: "get_order", method: "GET", median: 130, path: "/admin/api/2025-07/orders/5${record}.json", route: "/admin/api/2025-07/orders/{id}.json",
				response: `{"order":{"id":5${record},"admin_graphql_api_id":"gid://shopify/Order/5${record}","created_at":"${now}","currency":"${currency}","email":"${email}","financial_status":"paid","fulfillment_status":null,
					"name":"#${order}","order_number":${order},"total_price":"${amount}","subtotal_price":"${amount}","total_tax":"0.00","tags":"","note":"${words}",
					"customer":{"id":7${n8},"email":"${email}","first_name":"${first}","last_name":"${last}","orders_count":${n1}},
					"line_items":[{"id":1${n8},"sku":"${sku}","title":"${product}","quantity":${n1},"price":"${n2}.00"},{"id":1${n8},"sku":"${sku}","title":"${product}","quantity":1,"price":"${n2}.50"}]}}`},
			{name: "update_order", method: "PUT", median: 210, path: "/admin/api/2025-07/orders/5${record}.json", route: "/admin/api/2025-07/orders/{id}.json",
				request:  `{"order":{"id":5${record},"note_attributes":[{"name":"invoice","value":"INV-${invoice}"}],"tags":"invoiced"}}`,
				response: `{"order":{"id":5${record},"name":"#${order}","tags":"invoiced","note_attributes":[{"name":"invoice","value":"INV-${invoice}"}],"updated_at":"${now}"}}`},
			{name: "set_inventory", method: "POST", median: 160, path: "/admin/api/2025-07/inventory_levels/set.json", route: "/admin/api/2025-07/inventory_levels/set.json",
				request:  `{"location_id":655441491,"inventory_item_id":4${n8},"available":${n2}}`,
				response: `{"inventory_level":{"inventory_item_id":4${n8},"location_id":655441491,"available":${n2},"updated_at":"${now}","admin_graphql_api_id":"gid://shopify/InventoryLevel/655441491?inventory_item_id=4${n8}"}}`},
			{name: "fulfil", method: "POST", median: 280, status: 201, path: "/admin/api/2025-07/fulfillments.json", route: "/admin/api/2025-07/fulfillments.json",
				request:  `{"fulfillment":{"line_items_by_fulfillment_order":[{"fulfillment_order_id":1${n8}}],"tracking_info":{"number":"1Z${n8}","company":"UPS"},"notify_customer":true}}`,
				response: `{"fulfillment":{"id":2${n8},"order_id":5${record},"status":"success","created_at":"${now}","service":"manual","tracking_company":"UPS","tracking_number":"1Z${n8}"}}`},
			{name: "graphql", method: "POST", median: 190, path: "/admin/api/2025-07/graphql.json", route: "/admin/api/2025-07/graphql.json",
				request:  `{"query":"query($id: ID!) { productVariant(id: $id) { id sku inventoryQuantity } }","variables":{"id":"gid://shopify/ProductVariant/${n8}"}}`,
				response: `{"data":{"productVariant":{"id":"gid://shopify/ProductVariant/${n8}","sku":"${sku}","inventoryQuantity":${n2}}},"extensions":{"cost":{"requestedQueryCost":3,"actualQueryCost":3,"throttleStatus":{"maximumAvailable":2000.0,"currentlyAvailable":1${n2}0,"restoreRate":100.0}}}}`},
		},
		refusals: [refusalKinds]refusal{
			refusedExpired: {status: 401, body: `{"errors":"[API] Invalid API key or access token (unrecognized login or wrong password)"}`,
				code: "401", message: "[API] Invalid API key or access token (unrecognized login or wrong password)"},
			refusedLimited: {status: 429, body: `{"errors":"Exceeded 2 calls per second for api client. Reduce request rates to resume uninterrupted service."}`,
				code: "429", message: "Exceeded 2 calls per second for api client", headers: [][2]string{{"Retry-After", "2.0"}, {"X-Shopify-Shop-Api-Call-Limit", "40/40"}}},
			refusedOutage: {status: 503, body: `<!DOCTYPE html><html><head><title>Something went wrong</title></head><body><h1>There was a problem loading this website</h1><p>Try refreshing the page.</p></body></html>`,
				code: "503", message: "Service Unavailable"},
			refusedScope: {status: 403, body: `{"errors":"[API] This action requires merchant approval for write_inventory scope."}`,
				code: "403", message: "This action requires merchant approval for write_inventory scope."},
			refusedInvalid: {status: 422, body: `{"errors":{"inventory_item":["does not have inventory tracking enabled"]}}`,
				code: "422", message: "inventory_item does not have inventory tracking enabled"},
			refusedMissing:  {status: 404, body: `{"errors":"Not Found"}`, code: "404", message: "Not Found"},
			refusedConflict: {status: 409, body: `{"errors":"The order was modified by another request. Please try again."}`, code: "409", message: "The order was modified by another request."},
		},
		hook: hook{
			headers: [][2]string{{"Content-Type", "application/json"}, {"User-Agent", "Shopify-Captain-Hook"}, {"X-Shopify-Hmac-Sha256", "${secret}="}, {"X-Shopify-Shop-Domain", "${sub}.myshopify.com"}, {"X-Shopify-Webhook-Id", "${uuid}"}, {"X-Shopify-Api-Version", "2025-07"}},
			events: []hookEvent{
				{kind: "orders/create", payload: `{"id":5${record},"admin_graphql_api_id":"gid://shopify/Order/5${record}","created_at":"${now}","currency":"${currency}","email":"${email}","name":"#${order}","order_number":${order},"total_price":"${amount}","financial_status":"paid","gateway":"shopify_payments","line_items":[{"sku":"${sku}","title":"${product}","quantity":${n1}}],"note":"${words}"}`},
				{kind: "inventory_levels/update", payload: `{"inventory_item_id":4${n8},"location_id":655441491,"available":${n2},"updated_at":"${now}","admin_graphql_api_id":"gid://shopify/InventoryLevel/655441491?inventory_item_id=4${n8}"}`},
			},
		},
	}
}

func stripe() *provider {
	return &provider{
		key: "stripe", name: "Stripe",
		base: "https://api.stripe.com", agent: "northbeam-connect/4.2 stripe-go/82.0", auth: "Bearer sk" + "_live_${secret}",
		scopes:  []string{"read_write"},
		headers: [][2]string{{"Content-Type", "application/json"}, {"Request-Id", "req_${alnum}"}, {"Stripe-Version", "2025-06-30.basil"}, {"Server", "nginx"}},
		endpoints: []*endpoint{
			{name: "get_invoice", method: "GET", median: 120, path: "/v1/invoices/in_1${record36}", route: "/v1/invoices/{id}",
				response: `{"id":"in_1${record36}","object":"invoice","amount_due":${cents},"amount_paid":${cents},"currency":"eur","customer":"cus_${record36}","customer_email":"${email}","customer_name":"${company}","number":"INV-${invoice}","status":"paid","paid":true,"created":${unix},"livemode":true,"payment_intent":"pi_3${record36}"}`},
			{name: "get_payment_intent", method: "GET", median: 110, path: "/v1/payment_intents/pi_3${record36}", route: "/v1/payment_intents/{id}",
				response: `{"id":"pi_3${record36}","object":"payment_intent","amount":${cents},"amount_received":${cents},"currency":"eur","latest_charge":"ch_3${record36}","status":"succeeded","created":${unix},"metadata":{"order_id":"A-${order}"}}`},
			{name: "get_customer", method: "GET", median: 95, path: "/v1/customers/cus_${record36}", route: "/v1/customers/{id}",
				response: `{"id":"cus_${record36}","object":"customer","balance":0,"created":${unix},"currency":"eur","delinquent":false,"email":"${email}","name":"${company}","livemode":true,"metadata":{}}`},
			{name: "create_refund", method: "POST", median: 340, path: "/v1/refunds", route: "/v1/refunds", form: true,
				request:  `payment_intent=pi_3${record36}&amount=${cents}&reason=requested_by_customer&metadata[order_id]=A-${order}`,
				response: `{"id":"re_3${record36}","object":"refund","amount":${cents},"charge":"ch_3${record36}","created":${unix},"currency":"eur","payment_intent":"pi_3${record36}","reason":"requested_by_customer","status":"succeeded","metadata":{"order_id":"A-${order}"}}`},
			{name: "list_charges", method: "GET", median: 170, path: "/v1/charges?customer=cus_${record36}&limit=3", route: "/v1/charges",
				response: `{"object":"list","url":"/v1/charges","has_more":false,"data":[{"id":"ch_3${record36}","object":"charge","amount":${cents},"currency":"eur","paid":true,"status":"succeeded","payment_method_details":{"type":"card","card":{"brand":"visa","last4":"4242"}}}]}`},
		},
		refusals: [refusalKinds]refusal{
			refusedExpired: {status: 401, body: `{"error":{"code":"api_key_expired","doc_url":"https://stripe.com/docs/error-codes/api-key-expired","message":"Expired API Key provided: sk` + `_live_****************${n4}","type":"invalid_request_error"}}`,
				code: "api_key_expired", message: "Expired API Key provided", headers: [][2]string{{"WWW-Authenticate", `Bearer realm="Stripe"`}}},
			refusedLimited: {status: 429, body: `{"error":{"code":"rate_limit","doc_url":"https://stripe.com/docs/error-codes/rate-limit","message":"Request rate limit exceeded. Learn more about rate limits here https://stripe.com/docs/rate-limits.","type":"invalid_request_error"}}`,
				code: "rate_limit", message: "Request rate limit exceeded.", headers: [][2]string{{"Stripe-Rate-Limited-Reason", "endpoint-rate"}}},
			refusedOutage: {status: 500, body: `{"error":{"message":"An unknown error occurred","type":"api_error"}}`, code: "api_error", message: "An unknown error occurred"},
			refusedScope: {status: 403, body: `{"error":{"code":"more_permissions_required","message":"The provided key 'rk` + `_live_****${n4}' does not have the required permissions for this endpoint. Having the 'rak_charge_write' permission would allow this request to continue.","type":"invalid_request_error"}}`,
				code: "more_permissions_required", message: "The provided key does not have the required permissions for this endpoint."},
			refusedInvalid: {status: 400, body: `{"error":{"code":"charge_already_refunded","doc_url":"https://stripe.com/docs/error-codes/charge-already-refunded","message":"Charge ch_3${record36} has already been refunded.","type":"invalid_request_error"}}`,
				code: "charge_already_refunded", message: "Charge has already been refunded."},
			refusedMissing: {status: 404, body: `{"error":{"code":"resource_missing","doc_url":"https://stripe.com/docs/error-codes/resource-missing","message":"No such invoice: 'in_1${record36}'","param":"invoice","type":"invalid_request_error"}}`,
				code: "resource_missing", message: "No such invoice"},
			refusedConflict: {status: 409, body: `{"error":{"code":"lock_timeout","message":"This object cannot be accessed right now because another API request or Stripe process is currently accessing it.","type":"invalid_request_error"}}`,
				code: "lock_timeout", message: "This object cannot be accessed right now because another API request is currently accessing it."},
		},
		hook: hook{
			headers: [][2]string{{"Content-Type", "application/json; charset=utf-8"}, {"User-Agent", "Stripe/1.0 (+https://stripe.com/docs/webhooks)"}, {"Stripe-Signature", "t=${unix},v1=${hex32}${hex32}"}},
			events: []hookEvent{
				{kind: "invoice.paid", payload: `{"id":"evt_1${alnum}","object":"event","api_version":"2025-06-30.basil","created":${unix},"type":"invoice.paid","livemode":true,"pending_webhooks":1,"data":{"object":{"id":"in_1${record36}","object":"invoice","amount_paid":${cents},"currency":"eur","customer":"cus_${record36}","number":"INV-${invoice}","status":"paid"}}}`},
			},
		},
	}
}

func slack() *provider {
	return &provider{
		key: "slack", name: "Slack",
		base: "https://slack.com", agent: "northbeam-connect/4.2", auth: "Bearer xox" + "b-${n8}-${secret}",
		scopes:  []string{"chat:write", "channels:read", "users:read.email"},
		headers: [][2]string{{"Content-Type", "application/json; charset=utf-8"}, {"X-Slack-Req-Id", "${hex32}"}, {"X-Slack-Backend", "r"}, {"Server", "Apache"}},
		limits:  [][2]string{{"X-Oauth-Scopes", "chat:write,channels:read,users:read.email"}, {"X-Accepted-Oauth-Scopes", "chat:write"}},
		endpoints: []*endpoint{
			{name: "post_message", method: "POST", median: 150, path: "/api/chat.postMessage", route: "/api/chat.postMessage",
				request:  `{"channel":"C0${n8}","text":"Order A-${order}: ${words}","unfurl_links":false}`,
				response: `{"ok":true,"channel":"C0${n8}","ts":"${unix}.${n4}09","message":{"user":"U0${n8}","type":"message","ts":"${unix}.${n4}09","bot_id":"B0${n8}","app_id":"A0${n8}","text":"Order A-${order}: ${words}","team":"T0${n8}"}}`},
			{name: "lookup_user", method: "GET", median: 95, path: "/api/users.lookupByEmail?email=${email}", route: "/api/users.lookupByEmail",
				response: `{"ok":true,"user":{"id":"U0${n8}","team_id":"T0${n8}","name":"${first}","deleted":false,"real_name":"${person}","tz":"Europe/Berlin","profile":{"email":"${email}","display_name":"${first}"},"is_bot":false}}`},
			{name: "list_channels", method: "GET", median: 120, path: "/api/conversations.list?limit=200&exclude_archived=true", route: "/api/conversations.list",
				response: `{"ok":true,"channels":[{"id":"C0${n8}","name":"orders","is_channel":true,"is_member":true,"num_members":${n2}},{"id":"C0${n8}","name":"finance-alerts","is_channel":true,"is_member":true,"num_members":${n1}}],"response_metadata":{"next_cursor":""}}`},
			{name: "update_message", method: "POST", median: 130, path: "/api/chat.update", route: "/api/chat.update",
				request:  `{"channel":"C0${n8}","ts":"${unix}.${n4}09","text":"Done: ${words}"}`,
				response: `{"ok":true,"channel":"C0${n8}","ts":"${unix}.${n4}09","text":"Done: ${words}"}`},
		},
		refusals: [refusalKinds]refusal{
			refusedExpired:  {status: 200, body: `{"ok":false,"error":"token_expired"}`, code: "token_expired", message: "token_expired"},
			refusedLimited:  {status: 429, body: `{"ok":false,"error":"ratelimited"}`, code: "ratelimited", message: "ratelimited", headers: [][2]string{{"Retry-After", "${retry}"}}},
			refusedOutage:   {status: 503, body: `{"ok":false,"error":"service_unavailable"}`, code: "service_unavailable", message: "service_unavailable"},
			refusedScope:    {status: 200, body: `{"ok":false,"error":"missing_scope","needed":"chat:write","provided":"channels:read,users:read.email"}`, code: "missing_scope", message: "missing_scope: needed chat:write", headers: [][2]string{{"X-Oauth-Scopes", "channels:read,users:read.email"}, {"X-Accepted-Oauth-Scopes", "chat:write"}}},
			refusedInvalid:  {status: 200, body: `{"ok":false,"error":"invalid_blocks","response_metadata":{"messages":["[ERROR] must be more than 0 characters [json-pointer:/blocks/0/text/text]"]}}`, code: "invalid_blocks", message: "invalid_blocks"},
			refusedMissing:  {status: 200, body: `{"ok":false,"error":"channel_not_found"}`, code: "channel_not_found", message: "channel_not_found"},
			refusedConflict: {status: 200, body: `{"ok":false,"error":"edit_window_closed"}`, code: "edit_window_closed", message: "edit_window_closed"},
		},
	}
}
