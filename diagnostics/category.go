package diagnostics

import "slices"

// Category is what is wrong: the thing that somebody has to change, and not the status of an HTTP answer, which
// misleads. Its text is the category's name in commands and data; in GraphQL it stands in capitals.
type Category string

// Actor is who can mend something.
type Actor string

// The actors.
const (
	// ActorCustomer is the tenant's customer.
	ActorCustomer Actor = "CUSTOMER"
	// ActorTenant is the company that runs Weir for its product.
	ActorTenant Actor = "TENANT"
	// ActorProvider is whoever runs the external application.
	ActorProvider Actor = "PROVIDER"
)

var actors = []Actor{ActorCustomer, ActorTenant, ActorProvider}

// What one log entry can say.
const (
	AuthTokenExpired           Category = "auth_token_expired"
	AuthTokenRevoked           Category = "auth_token_revoked"
	AuthInvalidCredentials     Category = "auth_invalid_credentials"
	OAuthRefreshFailed         Category = "oauth_refresh_failed"
	OAuthAppMisconfigured      Category = "oauth_app_misconfigured"
	PermissionMissingScope     Category = "permission_missing_scope"
	PermissionDeniedUserRole   Category = "permission_denied_user_role"
	AccountPlanLimit           Category = "account_plan_limit"
	AccountSuspendedOrBilling  Category = "account_suspended_or_billing"
	IPBlockedOrWAF             Category = "ip_blocked_or_waf"
	RateLimited                Category = "rate_limited"
	QuotaExhausted             Category = "quota_exhausted"
	PayloadTooLarge            Category = "payload_too_large"
	ValidationRequiredField    Category = "validation_required_field"
	ValidationInvalidValue     Category = "validation_invalid_value"
	MalformedRequest           Category = "malformed_request"
	DuplicateRecordConflict    Category = "duplicate_record_conflict"
	ConcurrentModification     Category = "concurrent_modification"
	ResourceNotFound           Category = "resource_not_found"
	PaginationOrCursorInvalid  Category = "pagination_or_cursor_invalid"
	EndpointOrVersionRetired   Category = "endpoint_or_version_retired"
	ProviderInternalError      Category = "provider_internal_error"
	ProviderUnavailable        Category = "provider_unavailable"
	NetworkTimeout             Category = "network_timeout"
	NetworkUnreachable         Category = "network_unreachable"
	TLSCertificateError        Category = "tls_certificate_error"
	WebhookSignatureInvalid    Category = "webhook_signature_invalid"
	WebhookSubscriptionProblem Category = "webhook_subscription_problem"
	None                       Category = "none"
	DeprecationWarning         Category = "deprecation_warning"
)

// What only time can say: what happened over it, or did not.
const (
	RunStuck            Category = "run_stuck"
	RunOverdue          Category = "run_overdue"
	EventNotLaunching   Category = "event_not_launching"
	PullStalled         Category = "pull_stalled"
	SourceSilent        Category = "source_silent"
	WebhookRejecting    Category = "webhook_rejecting"
	CredentialsExpiring Category = "credentials_expiring"
	ErrorRateSpike      Category = "error_rate_spike"
	LatencyRegression   Category = "latency_regression"
	ProviderIncident    Category = "provider_incident"
	SchemaDrift         Category = "schema_drift"
	FlowFailing         Category = "flow_failing"
)

// resolvers are who usually mends what: the likeliest first. A category that only time tells has none of its own, and
// "none" needs nobody.
var resolvers = map[Category][]Actor{
	AuthTokenExpired:           {ActorTenant, ActorCustomer},
	AuthTokenRevoked:           {ActorCustomer},
	AuthInvalidCredentials:     {ActorCustomer},
	OAuthRefreshFailed:         {ActorCustomer},
	OAuthAppMisconfigured:      {ActorTenant},
	PermissionMissingScope:     {ActorCustomer},
	PermissionDeniedUserRole:   {ActorCustomer},
	AccountPlanLimit:           {ActorCustomer},
	AccountSuspendedOrBilling:  {ActorCustomer},
	IPBlockedOrWAF:             {ActorCustomer, ActorTenant},
	RateLimited:                {ActorTenant},
	QuotaExhausted:             {ActorCustomer, ActorTenant},
	PayloadTooLarge:            {ActorTenant},
	ValidationRequiredField:    {ActorTenant},
	ValidationInvalidValue:     {ActorTenant},
	MalformedRequest:           {ActorTenant},
	DuplicateRecordConflict:    {ActorTenant},
	ConcurrentModification:     {ActorTenant},
	ResourceNotFound:           {ActorTenant},
	PaginationOrCursorInvalid:  {ActorTenant},
	EndpointOrVersionRetired:   {ActorTenant},
	ProviderInternalError:      {ActorProvider},
	ProviderUnavailable:        {ActorProvider},
	NetworkTimeout:             {ActorProvider},
	NetworkUnreachable:         {ActorProvider, ActorTenant},
	TLSCertificateError:        {ActorProvider},
	WebhookSignatureInvalid:    {ActorTenant},
	WebhookSubscriptionProblem: {ActorTenant},
	DeprecationWarning:         {ActorTenant},
}

// ResolvedBy is who usually mends what is wrong, the likeliest first; empty where that depends on the case.
func (c Category) ResolvedBy() []Actor { return slices.Clone(resolvers[c]) }

// ofTime are the categories that only time can say.
var ofTime = []Category{
	RunStuck, RunOverdue, EventNotLaunching, PullStalled, SourceSilent, WebhookRejecting, CredentialsExpiring, ErrorRateSpike,
	LatencyRegression, ProviderIncident, SchemaDrift, FlowFailing,
}

// Wrong tells whether it is the category of something that is wrong.
func (c Category) Wrong() bool { return len(resolvers[c]) > 0 || slices.Contains(ofTime, c) }

// ofEntry tells whether one log entry can say so.
func (c Category) ofEntry() bool { return c == None || len(resolvers[c]) > 0 }
