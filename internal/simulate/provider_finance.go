package simulate

func netsuite() *provider {
	return &provider{
		key: "netsuite", name: "NetSuite",
		base: "https://${account}.suitetalk.api.netsuite.com", agent: "northbeam-connect/4.2", auth: "Bearer ${jwt}",
		tokenURL: "https://${account}.suitetalk.api.netsuite.com/services/rest/auth/oauth2/v1/token", tokenTTL: 3600, scopes: []string{"rest_webservices"},
		headers: [][2]string{{"Content-Type", "application/vnd.oracle.resource+json; type=singular"}, {"X-NetSuite-Request-Id", "${uuid}"}, {"X-N-OperationId", "${uuid}"}, {"Server", "Oracle REST"}},
		endpoints: []*endpoint{
			{name: "create_sales_order", method: "POST", median: 1150, status: 204, path: "/services/rest/record/v1/salesOrder", route: "/services/rest/record/v1/salesOrder",
				request: `{"externalId":"SO-${order}","entity":{"id":"${n4}"},"otherRefNum":"A-${order}","currency":{"refName":"${currency}"},"memo":"${words}","item":{"items":[{"item":{"id":"${n4}"},"quantity":${n1},"rate":${n2}.50},{"item":{"id":"${n4}"},"quantity":${n1},"rate":${n2}.00}]}}`},
			{name: "get_customer", method: "GET", median: 420, path: "/services/rest/record/v1/customer/eid:${record}", route: "/services/rest/record/v1/customer/{id}",
				response: `{"links":[{"rel":"self","href":"https://${account}.suitetalk.api.netsuite.com/services/rest/record/v1/customer/${n4}"}],"id":"${n4}","companyName":"${company}","email":"${email}","externalId":"${record}","entityId":"CUST${n4}","isInactive":false,"lastModifiedDate":"${now}","subsidiary":{"id":"1","refName":"Parent Company"}}`},
			{name: "suiteql", method: "POST", median: 780, path: "/services/rest/query/v1/suiteql?limit=100&offset=0", route: "/services/rest/query/v1/suiteql",
				request:  `{"q":"SELECT item.itemid, aggregateitemlocation.quantityavailable FROM item INNER JOIN aggregateitemlocation ON aggregateitemlocation.item = item.id WHERE item.lastmodifieddate > '${date}'"}`,
				response: `{"links":[],"count":3,"hasMore":false,"items":[{"links":[],"itemid":"${sku}","quantityavailable":"${n2}"},{"links":[],"itemid":"${sku}","quantityavailable":"${n2}"},{"links":[],"itemid":"${sku}","quantityavailable":"${n1}"}],"offset":0,"totalResults":3}`},
			{name: "update_item", method: "PATCH", median: 690, status: 204, path: "/services/rest/record/v1/inventoryItem/${n4}", route: "/services/rest/record/v1/inventoryItem/{id}",
				request: `{"displayName":"${product}","salesDescription":"${words}","isOnline":true}`},
			{name: "get_invoice", method: "GET", median: 510, path: "/services/rest/record/v1/invoice/${n8}", route: "/services/rest/record/v1/invoice/{id}",
				response: `{"id":"${n8}","tranId":"INV-${invoice}","total":${amount},"status":{"id":"Open","refName":"Open"},"entity":{"id":"${n4}","refName":"${company}"},"tranDate":"${date}","dueDate":"${due}"}`},
		},
		refusals: [refusalKinds]refusal{
			refusedExpired: {status: 401, body: `{"type":"https://www.rfc-editor.org/rfc/rfc9110.html#section-15.5.2","title":"Unauthorized","status":401,"o:errorDetails":[{"detail":"Invalid login attempt. For more details, see the Login Audit Trail in the NetSuite UI at Setup > Users/Roles > User Management > View Login Audit Trail.","o:errorCode":"INVALID_LOGIN"}]}`,
				code: "INVALID_LOGIN", message: "Invalid login attempt: the access token has expired", headers: [][2]string{{"WWW-Authenticate", `Bearer realm="${account}", error="invalid_token", error_description="The access token expired"`}}},
			refusedLimited: {status: 429, body: `{"type":"https://www.rfc-editor.org/rfc/rfc6585.html#section-4","title":"Too Many Requests","status":429,"o:errorDetails":[{"detail":"Concurrent request limit exceeded. Request blocked.","o:errorCode":"CONCURRENCY_LIMIT_EXCEEDED"}]}`,
				code: "CONCURRENCY_LIMIT_EXCEEDED", message: "Concurrent request limit exceeded. Request blocked."},
			refusedOutage: {status: 503, body: `<!DOCTYPE html><html><head><title>NetSuite Maintenance</title></head><body><h1>Your data center is currently unavailable</h1><p>Scheduled maintenance is in progress.</p></body></html>`,
				code: "503", message: "Your data center is currently unavailable"},
			refusedScope: {status: 403, body: `{"type":"https://www.rfc-editor.org/rfc/rfc9110.html#section-15.5.4","title":"Forbidden","status":403,"o:errorDetails":[{"detail":"Permission Violation: You need a higher level of the 'Transactions -> Sales Order' permission to access this page. Please contact your account administrator.","o:errorCode":"INSUFFICIENT_PERMISSION"}]}`,
				code: "INSUFFICIENT_PERMISSION", message: "You need a higher level of the 'Transactions -> Sales Order' permission"},
			refusedInvalid: {status: 400, body: `{"type":"https://www.rfc-editor.org/rfc/rfc9110.html#section-15.5.1","title":"Bad Request","status":400,"o:errorDetails":[{"detail":"Error while accessing a resource. Please enter value(s) for: Location.","o:errorPath":"location","o:errorCode":"USER_ERROR"}]}`,
				code: "USER_ERROR", message: "Please enter value(s) for: Location."},
			refusedMissing: {status: 404, body: `{"type":"https://www.rfc-editor.org/rfc/rfc9110.html#section-15.5.5","title":"Not Found","status":404,"o:errorDetails":[{"detail":"The record instance does not exist. Provide a valid record instance ID.","o:errorPath":"eid:${record}","o:errorCode":"NONEXISTENT_ID"}]}`,
				code: "NONEXISTENT_ID", message: "The record instance does not exist."},
			refusedConflict: {status: 400, body: `{"type":"https://www.rfc-editor.org/rfc/rfc9110.html#section-15.5.1","title":"Bad Request","status":400,"o:errorDetails":[{"detail":"This record already exists (external id SO-${order})","o:errorCode":"DUP_RCRD"}]}`,
				code: "DUP_RCRD", message: "This record already exists"},
		},
	}
}

// sapS4 is an SAP S/4HANA that the customer runs in its own data centre: OData behind a gateway.
func sapS4() *provider {
	const service = "/sap/opu/odata/sap/"
	return &provider{
		key: "sap-s4", name: "SAP S/4HANA",
		base: "https://s4.erp.${domain}:44300", agent: "northbeam-connect/4.2", auth: "Basic ${secret}==",
		scopes:  []string{"SAP_COM_0109", "SAP_COM_0008"},
		headers: [][2]string{{"Content-Type", "application/json;charset=utf-8"}, {"DataServiceVersion", "2.0"}, {"Sap-Perf-Fesrec", "${n8}.000000"}, {"Sap-Server", "true"}, {"Set-Cookie", "SAP_SESSIONID_S4P_100=${alnum}; path=/; secure; HttpOnly"}},
		endpoints: []*endpoint{
			{name: "create_sales_order", method: "POST", median: 1450, status: 201, path: service + "API_SALES_ORDER_SRV/A_SalesOrder", route: service + "API_SALES_ORDER_SRV/A_SalesOrder",
				request:  `{"SalesOrderType":"OR","SalesOrganization":"1010","DistributionChannel":"10","OrganizationDivision":"00","SoldToParty":"${n8}","PurchaseOrderByCustomer":"A-${order}","to_Item":[{"Material":"${sku}","RequestedQuantity":"${n1}"}]}`,
				response: `{"d":{"__metadata":{"id":"https://s4.erp.${domain}:44300/sap/opu/odata/sap/API_SALES_ORDER_SRV/A_SalesOrder('${order}')","type":"API_SALES_ORDER_SRV.A_SalesOrderType"},"SalesOrder":"${order}","SalesOrderType":"OR","SoldToParty":"${n8}","PurchaseOrderByCustomer":"A-${order}","TotalNetAmount":"${amount}","TransactionCurrency":"${currency}","OverallSDProcessStatus":"A"}}`},
			{name: "get_partner", method: "GET", median: 380, path: service + "API_BUSINESS_PARTNER/A_BusinessPartner('${record}')", route: service + "API_BUSINESS_PARTNER/A_BusinessPartner('{id}')",
				response: `{"d":{"BusinessPartner":"${record}","BusinessPartnerCategory":"2","BusinessPartnerFullName":"${company}","BusinessPartnerIsBlocked":false,"CreationDate":"/Date(${unixms})/","Language":"EN"}}`},
			{name: "billing_documents", method: "GET", median: 900, path: service + "API_BILLING_DOCUMENT_SRV/A_BillingDocument?$filter=BillingDocumentDate%20eq%20datetime'${date}T00:00:00'&$top=100", route: service + "API_BILLING_DOCUMENT_SRV/A_BillingDocument",
				response: `{"d":{"results":[{"BillingDocument":"9${n8}","BillingDocumentType":"F2","SoldToParty":"${n8}","TotalNetAmount":"${amount}","TransactionCurrency":"${currency}"},{"BillingDocument":"9${n8}","BillingDocumentType":"F2","SoldToParty":"${n8}","TotalNetAmount":"${n4}.00","TransactionCurrency":"EUR"}]}}`},
			{name: "material_stock", method: "GET", median: 520, path: service + "API_MATERIAL_STOCK_SRV/A_MatlStkInAcctMod?$filter=Material%20eq%20'${sku}'", route: service + "API_MATERIAL_STOCK_SRV/A_MatlStkInAcctMod",
				response: `{"d":{"results":[{"Material":"${sku}","Plant":"1010","StorageLocation":"101A","InventoryStockType":"01","MatlWrhsStkQtyInMatlBaseUnit":"${n4}","MaterialBaseUnit":"EA"}]}}`},
			{name: "post_document", method: "POST", median: 760, status: 201, path: service + "API_CV_ATTACHMENT_SRV/AttachmentContentSet", route: service + "API_CV_ATTACHMENT_SRV/AttachmentContentSet",
				request:  `{"BusinessObjectTypeName":"BUS2032","LinkedSAPObjectKey":"${order}","FileName":"INV-${invoice}.pdf","MimeType":"application/pdf"}`,
				response: `{"d":{"DocumentInfoRecordDocType":"SAT","ArchiveDocumentID":"${hex32}","FileName":"INV-${invoice}.pdf","CreatedByUser":"WF_NORTHBEAM"}}`},
		},
		refusals: [refusalKinds]refusal{
			refusedExpired: {status: 401, body: `<html><head><title>Logon Error Message</title></head><body><h1>Anmeldung fehlgeschlagen</h1><p>Logon failed: password of user WF_NORTHBEAM has expired</p></body></html>`,
				code: "401", message: "Logon failed: password of user WF_NORTHBEAM has expired", headers: [][2]string{{"WWW-Authenticate", `Basic realm="SAP NetWeaver Application Server [S4P/100]"`}}},
			refusedLimited: {status: 429, body: `{"error":{"code":"/IWFND/CM_MGW/096","message":{"lang":"en","value":"Rate limit exceeded, please slow down"}}}`, code: "/IWFND/CM_MGW/096", message: "Rate limit exceeded, please slow down"},
			refusedOutage: {status: 503, body: `<html><head><title>Application Server Error</title></head><body><h2>503 Service Unavailable</h2><p>Dispatcher running but no server connected!</p></body></html>`,
				code: "503", message: "Dispatcher running but no server connected!"},
			refusedScope: {status: 403, body: `{"error":{"code":"/IWFND/MED/170","message":{"lang":"en","value":"No authorization to access service 'API_SALES_ORDER_SRV'"},"innererror":{"transactionid":"${hex32}","timestamp":"${unixms}"}}}`,
				code: "/IWFND/MED/170", message: "No authorization to access service 'API_SALES_ORDER_SRV'"},
			refusedInvalid: {status: 400, body: `{"error":{"code":"V1/382","message":{"lang":"en","value":"Material ${sku} is not defined for sales org.1010, distr.chan.10, language EN"},"innererror":{"transactionid":"${hex32}"}}}`,
				code: "V1/382", message: "Material is not defined for sales org.1010, distr.chan.10"},
			refusedMissing:  {status: 404, body: `{"error":{"code":"/IWBEP/CM_MGW_RT/020","message":{"lang":"en","value":"Resource not found for segment 'A_BusinessPartnerType'"}}}`, code: "/IWBEP/CM_MGW_RT/020", message: "Resource not found for segment 'A_BusinessPartnerType'"},
			refusedConflict: {status: 400, body: `{"error":{"code":"V1/042","message":{"lang":"en","value":"Sales document ${order} is currently being processed by user KMUELLER"}}}`, code: "V1/042", message: "Sales document is currently being processed by user KMUELLER"},
		},
	}
}

func quickbooks() *provider {
	return &provider{
		key: "quickbooks", name: "QuickBooks Online",
		base: "https://quickbooks.api.intuit.com", agent: "northbeam-connect/4.2", auth: "Bearer ${jwt}",
		tokenURL: "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer", tokenTTL: 3600, scopes: []string{"com.intuit.quickbooks.accounting"},
		headers: [][2]string{{"Content-Type", "application/json"}, {"Intuit_tid", "1-${hex8}-${hex8}${hex8}"}, {"Server", "istio-envoy"}, {"X-Envoy-Upstream-Service-Time", "${n2}"}},
		endpoints: []*endpoint{
			{name: "find_customer", method: "GET", median: 240, path: "/v3/company/${account}/query?query=select%20%2A%20from%20Customer%20where%20PrimaryEmailAddr%20%3D%20%27${email}%27&minorversion=75", route: "/v3/company/{id}/query",
				response: `{"QueryResponse":{"Customer":[{"Id":"${n4}","SyncToken":"0","DisplayName":"${company}","PrimaryEmailAddr":{"Address":"${email}"},"Active":true,"Balance":0}],"startPosition":1,"maxResults":1},"time":"${now}"}`},
			{name: "create_customer", method: "POST", median: 390, path: "/v3/company/${account}/customer?minorversion=75", route: "/v3/company/{id}/customer",
				request:  `{"DisplayName":"${company}","GivenName":"${first}","FamilyName":"${last}","PrimaryEmailAddr":{"Address":"${email}"}}`,
				response: `{"Customer":{"Id":"${n4}","SyncToken":"0","DisplayName":"${company}","PrimaryEmailAddr":{"Address":"${email}"},"Active":true},"time":"${now}"}`},
			{name: "create_invoice", method: "POST", median: 460, path: "/v3/company/${account}/invoice?minorversion=75", route: "/v3/company/{id}/invoice",
				request:  `{"DocNumber":"INV-${invoice}","CustomerRef":{"value":"${n4}"},"TxnDate":"${date}","DueDate":"${due}","PrivateNote":"Order A-${order}","Line":[{"Amount":${amount},"DetailType":"SalesItemLineDetail","Description":"${product}","SalesItemLineDetail":{"ItemRef":{"value":"${n2}"},"Qty":${n1}}}]}`,
				response: `{"Invoice":{"Id":"${n4}","SyncToken":"0","DocNumber":"INV-${invoice}","TxnDate":"${date}","DueDate":"${due}","TotalAmt":${amount},"Balance":${amount},"CustomerRef":{"value":"${n4}","name":"${company}"},"MetaData":{"CreateTime":"${now}","LastUpdatedTime":"${now}"}},"time":"${now}"}`},
			{name: "find_item", method: "GET", median: 210, path: "/v3/company/${account}/query?query=select%20Id%20from%20Item%20where%20Sku%20%3D%20%27${sku}%27&minorversion=75", route: "/v3/company/{id}/query",
				response: `{"QueryResponse":{"Item":[{"Id":"${n2}","Name":"${product}","Sku":"${sku}","Active":true,"UnitPrice":${n2}.5,"Type":"Inventory"}],"startPosition":1,"maxResults":1},"time":"${now}"}`},
			{name: "create_payment", method: "POST", median: 420, path: "/v3/company/${account}/payment?minorversion=75", route: "/v3/company/{id}/payment",
				request:  `{"TotalAmt":${amount},"CustomerRef":{"value":"${n4}"},"PaymentRefNum":"pi_3${record36}","Line":[{"Amount":${amount},"LinkedTxn":[{"TxnId":"${n4}","TxnType":"Invoice"}]}]}`,
				response: `{"Payment":{"Id":"${n4}","SyncToken":"0","TotalAmt":${amount},"UnappliedAmt":0,"PaymentRefNum":"pi_3${record36}","TxnDate":"${date}"},"time":"${now}"}`},
			{name: "get_invoice", method: "GET", median: 190, path: "/v3/company/${account}/invoice/${n4}?minorversion=75", route: "/v3/company/{id}/invoice/{id}",
				response: `{"Invoice":{"Id":"${n4}","DocNumber":"INV-${invoice}","DueDate":"${due}","TotalAmt":${amount},"Balance":${amount},"EmailStatus":"NotSet","BillEmail":{"Address":"${email}"}},"time":"${now}"}`},
		},
		refusals: [refusalKinds]refusal{
			refusedExpired: {status: 401, body: `{"warnings":null,"intuitObject":null,"fault":{"error":[{"message":"message=AuthenticationFailed; errorCode=003200; statusCode=401","detail":"Token expired: AB0117${n8}","code":"3200","element":null}],"type":"AUTHENTICATION"},"time":${unixms}}`,
				code: "3200", message: "AuthenticationFailed: Token expired", headers: [][2]string{{"WWW-Authenticate", `Bearer realm="Intuit", error="invalid_token"`}}},
			refusedLimited: {status: 429, body: `{"fault":{"error":[{"message":"message=ThrottleExceeded; errorCode=003001; statusCode=429","detail":"The request limit was reached.","code":"3001"}],"type":"THROTTLE"},"time":${unixms}}`, code: "3001", message: "ThrottleExceeded: The request limit was reached."},
			refusedOutage:  {status: 504, body: `upstream request timeout`, code: "504", message: "upstream request timeout"},
			refusedScope: {status: 403, body: `{"fault":{"error":[{"message":"message=ApplicationAuthorizationFailed; errorCode=003100; statusCode=403","detail":"Insufficient scope: com.intuit.quickbooks.payment","code":"3100"}],"type":"AUTHORIZATION"},"time":${unixms}}`,
				code: "3100", message: "ApplicationAuthorizationFailed: Insufficient scope"},
			refusedInvalid: {status: 400, body: `{"Fault":{"Error":[{"Message":"A business validation error has occurred while processing your request","Detail":"Business Validation Error: You must select a tax rate for each line item.","code":"6000","element":""}],"type":"ValidationFault"},"time":"${now}"}`,
				code: "6000", message: "Business Validation Error: You must select a tax rate for each line item."},
			refusedMissing: {status: 400, body: `{"Fault":{"Error":[{"Message":"Object Not Found","Detail":"Object Not Found : Something you're trying to use has been made inactive. Check the fields with accounts, customers, items, vendors or employees.","code":"610","element":""}],"type":"ValidationFault"},"time":"${now}"}`,
				code: "610", message: "Object Not Found"},
			refusedConflict: {status: 400, body: `{"Fault":{"Error":[{"Message":"Duplicate Document Number Error","Detail":"Duplicate Document Number Error : You must specify a different number. This number has already been used. DocNumber=INV-${invoice} is assigned to TxnType=Invoice with TxnId=${n4}","code":"6140","element":""}],"type":"ValidationFault"},"time":"${now}"}`,
				code: "6140", message: "Duplicate Document Number Error"},
		},
	}
}
