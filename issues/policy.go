package issues

import (
	"slices"
	"strings"
	"time"

	dia "github.com/weirhq/weir/diagnostics"
)

// opening is how sightings of a category become an issue.
type opening uint8

// The ways. None is of categories that only detectors see.
const (
	// frequent opens when there are more than always: enough in a window, a good part of the calls, and not by chance.
	frequent opening = iota + 1
	// sure opens at the first or the second sighting: what one answer proves, and nothing but a change mends.
	sure
	// lasting opens when an app sees it again and again and nothing else: a token that expires and is renewed is everyday life.
	lasting
)

// policy is what is done with a category.
type policy struct {
	opening opening
	// needs is how many sightings of a sure one open it, when the diagnosis is confident; told has one do that is certain.
	needs int
	told  bool
	// severity is how bad it is by itself.
	severity Severity
	// reauth turns the apps that it hits into NEEDS_REAUTH.
	reauth bool
	// folds tells that it becomes a part of the provider's incident when there is one.
	folds bool
}

// policies say what is done with each category; docs/issues.md says why.
var policies = map[dia.Category]policy{
	dia.OAuthRefreshFailed:         {opening: sure, needs: 1, severity: Error, reauth: true},
	dia.AuthTokenRevoked:           {opening: sure, needs: 1, severity: Error, reauth: true},
	dia.OAuthAppMisconfigured:      {opening: sure, needs: 2, severity: Critical},
	dia.AccountSuspendedOrBilling:  {opening: sure, needs: 2, told: true, severity: Error},
	dia.EndpointOrVersionRetired:   {opening: sure, needs: 2, severity: Critical},
	dia.PermissionMissingScope:     {opening: sure, needs: 2, told: true, severity: Error},
	dia.AccountPlanLimit:           {opening: sure, needs: 2, severity: Error},
	dia.QuotaExhausted:             {opening: sure, needs: 2, severity: Warning},
	dia.IPBlockedOrWAF:             {opening: sure, needs: 2, severity: Error},
	dia.TLSCertificateError:        {opening: sure, needs: 2, severity: Error, folds: true},
	dia.WebhookSubscriptionProblem: {opening: sure, needs: 2, severity: Error},
	dia.DeprecationWarning:         {opening: sure, needs: 2, severity: Info},

	dia.AuthTokenExpired:         {opening: lasting, severity: Error, reauth: true},
	dia.AuthInvalidCredentials:   {opening: lasting, severity: Error, reauth: true},
	dia.PermissionDeniedUserRole: {opening: lasting, severity: Error},

	dia.RateLimited:               {opening: frequent, severity: Warning},
	dia.PayloadTooLarge:           {opening: frequent, severity: Warning},
	dia.ValidationRequiredField:   {opening: frequent, severity: Warning},
	dia.ValidationInvalidValue:    {opening: frequent, severity: Warning},
	dia.MalformedRequest:          {opening: frequent, severity: Warning},
	dia.DuplicateRecordConflict:   {opening: frequent, severity: Warning},
	dia.ConcurrentModification:    {opening: frequent, severity: Warning},
	dia.ResourceNotFound:          {opening: frequent, severity: Warning},
	dia.PaginationOrCursorInvalid: {opening: frequent, severity: Warning},
	dia.ProviderInternalError:     {opening: frequent, severity: Error, folds: true},
	dia.ProviderUnavailable:       {opening: frequent, severity: Error, folds: true},
	dia.NetworkTimeout:            {opening: frequent, severity: Error, folds: true},
	dia.NetworkUnreachable:        {opening: frequent, severity: Error, folds: true},
	dia.WebhookSignatureInvalid:   {opening: frequent, severity: Error},
	dia.WebhookRejecting:          {opening: frequent, severity: Error},

	dia.RunStuck:            {severity: Error},
	dia.RunOverdue:          {severity: Error},
	dia.EventNotLaunching:   {severity: Error},
	dia.PullStalled:         {severity: Error},
	dia.SourceSilent:        {severity: Error},
	dia.ErrorRateSpike:      {severity: Error},
	dia.FlowFailing:         {severity: Error},
	dia.CredentialsExpiring: {severity: Warning},
	dia.LatencyRegression:   {severity: Warning},
	dia.SchemaDrift:         {severity: Warning},
	dia.ProviderIncident:    {severity: Critical},
}

// policyOf is the policy of a category. One that is not known yet, of a tenant's own or a newer catalogue, must be frequent.
func policyOf(c dia.Category) policy {
	if p, ok := policies[c]; ok {
		return p
	}
	return policy{opening: frequent, severity: Warning}
}

// categories are those whose policy is as asked for, in order.
func categories(want func(p policy) bool) []string {
	var out []string
	for c, p := range policies {
		if want(p) {
			out = append(out, string(c))
		}
	}
	slices.Sort(out)
	return out
}

var (
	// judgedCategories hit nobody more before triage says so.
	judgedCategories = categories(func(p policy) bool { return p.opening != sure })
	reauthCategories = categories(func(p policy) bool { return p.reauth })
	foldedCategories = categories(func(p policy) bool { return p.folds })
)

const (
	// confident is the confidence from which a diagnosis needs no further sighting than its policy says; certain is that of
	// words that the provider has for this alone.
	confident, certain = 0.8, 0.95
	// unsure is how many sightings of a sure category open an issue when no diagnosis of it was confident.
	unsure = 3
	// often is how many sightings of one app open a lasting one.
	often = 3
	// day is the longest window that sightings are counted in; what is older opens nothing.
	day = 24 * time.Hour
	// calm is how long nothing is resolved by itself after it opened, nor reopened after that.
	calm = 10 * time.Minute
)

// window is a time in which a frequent one is counted, how many it takes, and of how many apps: what one app sees in two
// minutes may be one job that tries again.
type window struct {
	length time.Duration
	least  int64
	apps   int
}

var windows = [...]window{{2 * time.Minute, 5, 2}, {10 * time.Minute, 5, 1}, {time.Hour, 5, 1}, {day, 8, 1}}

// The windows by name.
const (
	inMinutes = iota
	inTen
	inHour
	inDay
)

const (
	// ofCalls is the share of the calls of the integration, or of the endpoint, that a frequent one takes.
	ofCalls = 0.20
	// ofApps is the share of the calls of the apps that it hits, which does instead; of their webhooks it must.
	ofApps = 0.50
	// chance is how unlikely so many must be; always is the share of calls that may always fail so.
	chance = 1e-4
	always = 0.005
	// fewWebhooks is how many rejected webhooks suffice.
	fewWebhooks = 3
	// past is how far back the rate of a problem is measured.
	past = 7 * day
)

// plain is a category in words: "auth token expired".
func plain(c dia.Category) string {
	return strings.ReplaceAll(string(c), "_", " ")
}
