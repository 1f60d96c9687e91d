package simulate

func jira() *provider {
	return &provider{
		key: "jira", name: "Jira",
		base: "https://${sub}.atlassian.net", agent: "northbeam-connect/4.2", auth: "Bearer ${jwt}",
		tokenURL: "https://auth.atlassian.com/oauth/token", tokenTTL: 3600, scopes: []string{"read:jira-work", "write:jira-work", "offline_access"},
		headers: [][2]string{{"Content-Type", "application/json;charset=UTF-8"}, {"Atl-Traceid", "${hex32}"}, {"X-Arequestid", "${hex32}"}, {"Server", "AtlassianEdge"}},
		limits:  [][2]string{{"X-Ratelimit-Limit", "350"}, {"X-Ratelimit-Remaining", "3${n2}"}},
		endpoints: []*endpoint{
			{name: "create_issue", method: "POST", median: 380, status: 201, path: "/rest/api/3/issue", route: "/rest/api/3/issue",
				request: `{"fields":{"project":{"key":"OPS"},"issuetype":{"name":"Bug"},"summary":"Ticket ${ticket}: ${words}","priority":{"name":"High"},"labels":["zendesk"],
					"description":{"type":"doc","version":1,"content":[{"type":"paragraph","content":[{"type":"text","text":"${words}"}]}]}}}`,
				response: `{"id":"${n8}","key":"OPS-${n4}","self":"https://${sub}.atlassian.net/rest/api/3/issue/${n8}"}`},
			{name: "get_issue", method: "GET", median: 190, path: "/rest/api/3/issue/OPS-${n4}?fields=summary,status,assignee", route: "/rest/api/3/issue/{id}",
				response: `{"expand":"renderedFields,names,schema","id":"${n8}","key":"OPS-${n4}","fields":{"summary":"${words}","status":{"name":"In Progress","id":"3","statusCategory":{"key":"indeterminate"}},"assignee":{"displayName":"${person}","emailAddress":"${email}","active":true}}}`},
			{name: "search", method: "GET", median: 310, path: "/rest/api/3/search/jql?jql=project%20%3D%20OPS%20AND%20fixVersion%20is%20not%20EMPTY&maxResults=50", route: "/rest/api/3/search/jql",
				response: `{"issues":[{"id":"${n8}","key":"OPS-${n4}","fields":{"summary":"${words}"}},{"id":"${n8}","key":"OPS-${n4}","fields":{"summary":"${words}"}}],"isLast":true}`},
			{name: "comment", method: "POST", median: 260, status: 201, path: "/rest/api/3/issue/OPS-${n4}/comment", route: "/rest/api/3/issue/{id}/comment",
				request:  `{"body":{"type":"doc","version":1,"content":[{"type":"paragraph","content":[{"type":"text","text":"${words}"}]}]}}`,
				response: `{"id":"${n8}","author":{"displayName":"Northbeam","accountType":"app"},"created":"${now}","updated":"${now}","jsdPublic":true}`},
			{name: "transition", method: "POST", median: 290, status: 204, path: "/rest/api/3/issue/OPS-${n4}/transitions", route: "/rest/api/3/issue/{id}/transitions",
				request: `{"transition":{"id":"31"},"fields":{"resolution":{"name":"Fixed"}}}`},
		},
		refusals: [refusalKinds]refusal{
			refusedExpired:  {status: 401, body: `{"code":401,"message":"Unauthorized; token expired"}`, code: "401", message: "Unauthorized; token expired", headers: [][2]string{{"WWW-Authenticate", `OAuth realm="https%3A%2F%2F${sub}.atlassian.net"`}}},
			refusedLimited:  {status: 429, body: `{"errorMessages":["Rate limit exceeded."],"errors":{}}`, code: "429", message: "Rate limit exceeded.", headers: [][2]string{{"Retry-After", "${retry}"}, {"X-Ratelimit-Remaining", "0"}, {"Ratelimit-Reason", "jira-burst-based"}}},
			refusedOutage:   {status: 503, body: `<html><head><title>Jira is temporarily unavailable</title></head><body><h1>We'll be right back</h1></body></html>`, code: "503", message: "Jira is temporarily unavailable"},
			refusedScope:    {status: 401, body: `{"code":401,"message":"Unauthorized; scope does not match"}`, code: "401", message: "Unauthorized; scope does not match"},
			refusedInvalid:  {status: 400, body: `{"errorMessages":[],"errors":{"priority":"Field 'priority' cannot be set. It is not on the appropriate screen, or unknown."}}`, code: "400", message: "Field 'priority' cannot be set."},
			refusedMissing:  {status: 404, body: `{"errorMessages":["Issue does not exist or you do not have permission to see it."],"errors":{}}`, code: "404", message: "Issue does not exist or you do not have permission to see it."},
			refusedConflict: {status: 409, body: `{"errorMessages":["The issue could not be updated because it is being updated by another user."],"errors":{}}`, code: "409", message: "The issue is being updated by another user."},
		},
	}
}

func googleCalendar() *provider {
	const calendar = "/calendar/v3/calendars/primary"
	return &provider{
		key: "google-calendar", name: "Google Calendar",
		base: "https://www.googleapis.com", agent: "northbeam-connect/4.2 (gzip)", auth: "Bearer ya" + "29.${secret}",
		tokenURL: "https://oauth2.googleapis.com/token", tokenTTL: 3599, scopes: []string{"https://www.googleapis.com/auth/calendar.events"},
		headers: [][2]string{{"Content-Type", "application/json; charset=UTF-8"}, {"Vary", "Origin, X-Origin, Referer"}, {"Server", "ESF"}, {"X-Frame-Options", "SAMEORIGIN"}},
		endpoints: []*endpoint{
			{name: "list_events", method: "GET", median: 150, path: calendar + "/events?syncToken=CP${alnum}&maxResults=250", route: calendar + "/events",
				response: `{"kind":"calendar#events","etag":"\"p3${hex8}\"","summary":"${email}","updated":"${now}","timeZone":"Europe/Berlin","nextSyncToken":"CP${alnum}","items":[{"kind":"calendar#event","id":"${record36}","status":"confirmed","summary":"${company}: ${words}","creator":{"email":"${email}"},"start":{"dateTime":"${now}"},"sequence":${n1}}]}`},
			{name: "create_event", method: "POST", median: 240, path: calendar + "/events?sendUpdates=all", route: calendar + "/events",
				request:  `{"summary":"Kick-off with ${company}","start":{"dateTime":"${now}","timeZone":"UTC"},"end":{"dateTime":"${now}","timeZone":"UTC"},"attendees":[{"email":"${email}"}]}`,
				response: `{"kind":"calendar#event","etag":"\"33${n8}\"","id":"${record36}","status":"confirmed","htmlLink":"https://www.google.com/calendar/event?eid=${alnum}","created":"${now}","updated":"${now}","summary":"Kick-off with ${company}","organizer":{"email":"${email}","self":true},"eventType":"default"}`},
			{name: "get_event", method: "GET", median: 95, path: calendar + "/events/${record36}", route: calendar + "/events/{id}",
				response: `{"kind":"calendar#event","etag":"\"33${n8}\"","id":"${record36}","status":"confirmed","summary":"${company}: ${words}","attendees":[{"email":"${email}","responseStatus":"accepted"}],"start":{"dateTime":"${now}"},"updated":"${now}"}`},
			{name: "free_busy", method: "POST", median: 130, path: "/calendar/v3/freeBusy", route: "/calendar/v3/freeBusy",
				request:  `{"timeMin":"${now}","timeMax":"${now}","items":[{"id":"${email}"}]}`,
				response: `{"kind":"calendar#freeBusy","timeMin":"${now}","timeMax":"${now}","calendars":{"${email}":{"busy":[{"start":"${now}","end":"${now}"}]}}}`},
			{name: "watch", method: "POST", median: 180, path: calendar + "/events/watch", route: calendar + "/events/watch",
				request:  `{"id":"${uuid}","type":"web_hook","address":"https://hooks.northbeam.example/v1/google-calendar/${sub}","token":"${secret}"}`,
				response: `{"kind":"api#channel","id":"${uuid}","resourceId":"${alnum}","resourceUri":"https://www.googleapis.com/calendar/v3/calendars/primary/events?alt=json","expiration":"${unixms}"}`},
		},
		refusals: [refusalKinds]refusal{
			refusedExpired: {status: 401, body: `{"error":{"code":401,"message":"Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential.","errors":[{"message":"Invalid Credentials","domain":"global","reason":"authError","location":"Authorization","locationType":"header"}],"status":"UNAUTHENTICATED","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"ACCESS_TOKEN_EXPIRED","domain":"googleapis.com"}]}}`,
				code: "authError", message: "Request had invalid authentication credentials.", headers: [][2]string{{"WWW-Authenticate", `Bearer realm="https://accounts.google.com/", error="invalid_token"`}}},
			refusedLimited: {status: 403, body: `{"error":{"errors":[{"domain":"usageLimits","reason":"rateLimitExceeded","message":"Rate Limit Exceeded"}],"code":403,"message":"Rate Limit Exceeded"}}`, code: "rateLimitExceeded", message: "Rate Limit Exceeded"},
			refusedOutage:  {status: 503, body: `{"error":{"errors":[{"domain":"global","reason":"backendError","message":"Backend Error"}],"code":503,"message":"Backend Error"}}`, code: "backendError", message: "Backend Error"},
			refusedScope: {status: 403, body: `{"error":{"code":403,"message":"Request had insufficient authentication scopes.","errors":[{"message":"Insufficient Permission","domain":"global","reason":"insufficientPermissions"}],"status":"PERMISSION_DENIED","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"ACCESS_TOKEN_SCOPE_INSUFFICIENT","domain":"googleapis.com","metadata":{"service":"calendar-json.googleapis.com","method":"calendar.v3.Events.Insert"}}]}}`,
				code: "insufficientPermissions", message: "Request had insufficient authentication scopes.", headers: [][2]string{{"WWW-Authenticate", `Bearer realm="https://accounts.google.com/", error="insufficient_scope", scope="https://www.googleapis.com/auth/calendar.events"`}}},
			refusedInvalid:  {status: 400, body: `{"error":{"errors":[{"domain":"calendar","reason":"timeRangeEmpty","message":"The specified time range is empty.","locationType":"parameter","location":"timeMax"}],"code":400,"message":"The specified time range is empty."}}`, code: "timeRangeEmpty", message: "The specified time range is empty."},
			refusedMissing:  {status: 410, body: `{"error":{"errors":[{"domain":"calendar","reason":"fullSyncRequired","message":"Sync token is no longer valid, a full sync is required.","locationType":"parameter","location":"syncToken"}],"code":410,"message":"Sync token is no longer valid, a full sync is required."}}`, code: "fullSyncRequired", message: "Sync token is no longer valid, a full sync is required."},
			refusedConflict: {status: 409, body: `{"error":{"errors":[{"domain":"global","reason":"duplicate","message":"The requested identifier already exists."}],"code":409,"message":"The requested identifier already exists."}}`, code: "duplicate", message: "The requested identifier already exists."},
		},
		hook: hook{events: []hookEvent{
			{kind: "event.updated", payload: `{"kind":"calendar#event","id":"${record36}","status":"confirmed","summary":"${company}: ${words}","creator":{"email":"${email}"},"start":{"dateTime":"${now}"},"updated":"${now}"}`},
		}},
	}
}

func microsoftGraph() *provider {
	return &provider{
		key: "microsoft-graph", name: "Microsoft 365",
		base: "https://graph.microsoft.com", agent: "northbeam-connect/4.2", auth: "Bearer ${jwt}",
		tokenURL: "https://login.microsoftonline.com/common/oauth2/v2.0/token", tokenTTL: 3599, scopes: []string{"Mail.Send", "Files.ReadWrite.All", "User.Read.All", "offline_access"},
		headers: [][2]string{{"Content-Type", "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"}, {"Request-Id", "${uuid}"}, {"Client-Request-Id", "${uuid}"}, {"X-Ms-Ags-Diagnostic", `{"ServerInfo":{"DataCenter":"West Europe","Slice":"E","Ring":"5","ScaleUnit":"004","RoleInstance":"AM4PEPF0001"}}`}},
		endpoints: []*endpoint{
			{name: "send_mail", method: "POST", median: 320, status: 202, path: "/v1.0/me/sendMail", route: "/v1.0/me/sendMail",
				request: `{"message":{"subject":"Your order A-${order}","body":{"contentType":"Text","content":"Hello ${first}, ${words}."},"toRecipients":[{"emailAddress":{"address":"${email}"}}]},"saveToSentItems":true}`},
			{name: "get_user", method: "GET", median: 110, path: "/v1.0/users/${email}", route: "/v1.0/users/{id}",
				response: `{"@odata.context":"https://graph.microsoft.com/v1.0/$metadata#users/$entity","id":"${uuid}","displayName":"${person}","givenName":"${first}","surname":"${last}","mail":"${email}","userPrincipalName":"${email}","jobTitle":"Purchasing"}`},
			{name: "upload_file", method: "PUT", median: 540, status: 201, path: "/v1.0/me/drive/root:/Exports/${date}/ledger-${order}.csv:/content", route: "/v1.0/me/drive/root:/Exports/{id}:/content",
				request:  `9${n8};4400;${amount};${currency};${date};${company}`,
				response: `{"@odata.context":"https://graph.microsoft.com/v1.0/$metadata#driveItem","id":"01${alnum}","name":"ledger-${order}.csv","size":${n4},"createdDateTime":"${now}","eTag":"\"{${uuid}},1\"","file":{"mimeType":"text/csv","hashes":{"quickXorHash":"${alnum}="}}}`},
			{name: "drive_delta", method: "GET", median: 210, path: "/v1.0/me/drive/root/delta?token=${alnum}", route: "/v1.0/me/drive/root/delta",
				response: `{"@odata.context":"https://graph.microsoft.com/v1.0/$metadata#Collection(driveItem)","@odata.deltaLink":"https://graph.microsoft.com/v1.0/me/drive/root/delta?token=${alnum}","value":[{"id":"01${record36}","name":"INV-${invoice}.pdf","size":${n8},"lastModifiedDateTime":"${now}","file":{"mimeType":"application/pdf"}}]}`},
			{name: "get_item", method: "GET", median: 130, path: "/v1.0/me/drive/items/01${record36}", route: "/v1.0/me/drive/items/{id}",
				response: `{"@odata.context":"https://graph.microsoft.com/v1.0/$metadata#driveItem","@microsoft.graph.downloadUrl":"https://northbeam.sharepoint.com/_layouts/15/download.aspx?UniqueId=${uuid}&tempauth=v1.${secret}","id":"01${record36}","name":"INV-${invoice}.pdf","size":${n8},"lastModifiedDateTime":"${now}","parentReference":{"driveType":"business","path":"/drive/root:/Invoices"}}`},
		},
		refusals: [refusalKinds]refusal{
			refusedExpired:  {status: 401, body: `{"error":{"code":"InvalidAuthenticationToken","message":"Lifetime validation failed, the token is expired.","innerError":{"date":"${now}","request-id":"${uuid}","client-request-id":"${uuid}"}}}`, code: "InvalidAuthenticationToken", message: "Lifetime validation failed, the token is expired."},
			refusedLimited:  {status: 429, body: `{"error":{"code":"TooManyRequests","message":"Too many requests","innerError":{"code":"429","date":"${now}","request-id":"${uuid}","client-request-id":"${uuid}","status":"429"}}}`, code: "TooManyRequests", message: "Too many requests", headers: [][2]string{{"Retry-After", "${retry}"}}},
			refusedOutage:   {status: 503, body: `{"error":{"code":"serviceNotAvailable","message":"The service is temporarily unavailable. Please retry after a moment.","innerError":{"date":"${now}","request-id":"${uuid}"}}}`, code: "serviceNotAvailable", message: "The service is temporarily unavailable.", headers: [][2]string{{"Retry-After", "20"}}},
			refusedScope:    {status: 403, body: `{"error":{"code":"Authorization_RequestDenied","message":"Insufficient privileges to complete the operation. Missing scope permissions on the request: Files.ReadWrite.All","innerError":{"date":"${now}","request-id":"${uuid}","client-request-id":"${uuid}"}}}`, code: "Authorization_RequestDenied", message: "Insufficient privileges to complete the operation."},
			refusedInvalid:  {status: 400, body: `{"error":{"code":"ErrorInvalidRecipients","message":"At least one recipient isn't valid., A message can't be sent because it contains no recipients."}}`, code: "ErrorInvalidRecipients", message: "At least one recipient isn't valid."},
			refusedMissing:  {status: 404, body: `{"error":{"code":"itemNotFound","message":"The resource could not be found.","innerError":{"date":"${now}","request-id":"${uuid}","client-request-id":"${uuid}"}}}`, code: "itemNotFound", message: "The resource could not be found."},
			refusedConflict: {status: 423, body: `{"error":{"code":"resourceLocked","message":"The resource you are attempting to access is locked","innerError":{"date":"${now}","request-id":"${uuid}"}}}`, code: "resourceLocked", message: "The resource you are attempting to access is locked"},
		},
		hook: hook{events: []hookEvent{
			{kind: "driveItem.updated", payload: `{"id":"01${record36}","name":"INV-${invoice}.pdf","size":${n8},"lastModifiedDateTime":"${now}","file":{"mimeType":"application/pdf"},"parentReference":{"path":"/drive/root:/Invoices"}}`},
		}},
	}
}
