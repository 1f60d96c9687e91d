package graph

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	gqlhandler "github.com/99designs/gqlgen/graphql/handler"
	"github.com/99designs/gqlgen/graphql/handler/extension"
	"github.com/99designs/gqlgen/graphql/handler/lru"
	"github.com/99designs/gqlgen/graphql/handler/transport"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/directory"
	"github.com/weirhq/weir/graph/internal/exec"
	"github.com/weirhq/weir/graph/internal/load"
	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/issues"
	"github.com/weirhq/weir/journal"
	"github.com/weirhq/weir/journal/run"
	"github.com/weirhq/weir/live"
	"github.com/weirhq/weir/notify"
	"github.com/weirhq/weir/notify/alarm"
	"github.com/weirhq/weir/statistics"
	"github.com/weirhq/weir/tenant"
)

// documents is how many documents are remembered, so that they need not be parsed and validated again. Each has at
// most maxQuery bytes.
const documents = 250

// Deps are what the API answers from.
type Deps struct {
	Tenants   *tenant.Store
	Directory *directory.Store
	Journal   *journal.Store
	Runs      *run.Store
	// Logs lists what Journal and Runs keep as one.
	Logs *journal.Logs
	// Statistics has the figures of dashboards.
	Statistics *statistics.Store
	// Issues are the problems that were found.
	Issues Issues
	// Alarms watch the figures, Notifications tell of what happens.
	Alarms        *alarm.Store
	Notifications *notify.Store
	// Catalogues say what is wrong with entries, each tenant's with its own.
	Catalogues *diagnostics.Catalogues

	// Live follows what is committed to the journal, LiveIssues and LiveAlarms what changes of these; nil for an API without
	// subscriptions.
	Live       *live.Feed[journal.Change]
	LiveIssues *live.Feed[issues.Update]
	LiveAlarms *live.Feed[alarm.Update]
	// Authenticate checks the credential of a connection: when it begins, and as long as it lasts. It is
	// tenant.Authenticator's.
	Authenticate func(ctx context.Context, authorization string) (*tenant.Principal, error)
	// Connections counts connections that are open for subscriptions; nil is for nobody.
	Connections func(protocol string, change int)

	// Logger hears of internal errors. Nil is the default one.
	Logger *slog.Logger
	// Now is the clock. Nil is the system's.
	Now func() time.Time

	// maxTime is shorter in tests.
	maxTime time.Duration
	// timing is quicker in tests.
	timing timing
}

type handler struct {
	deps    Deps
	sources load.Sources
	schema  *ast.Schema
}

// Server serves the GraphQL API.
type Server struct {
	http.Handler
	streams *streams
}

// Close ends all subscriptions: their clients are told that the service restarts. It returns when they have ended, or
// when the context does. Requests go on.
func (s *Server) Close(ctx context.Context) error { return s.streams.close(ctx) }

// NewHandler serves the GraphQL API over HTTP. The request's context must have the caller's principal in it; without
// one every field but introspection is UNAUTHENTICATED.
func NewHandler(deps Deps) *Server {
	if deps.Logger == nil {
		deps.Logger = slog.Default()
	}
	if deps.Now == nil {
		deps.Now = time.Now
	}
	if deps.maxTime == 0 {
		deps.maxTime = maxTime
	}
	h := &handler{deps: deps, sources: load.Sources{
		Tenants: deps.Tenants, Directory: deps.Directory, Journal: deps.Journal, Logs: deps.Logs, Runs: deps.Runs, Issues: deps.Issues, Alarms: deps.Alarms, Notifications: deps.Notifications, Catalogues: deps.Catalogues, Now: deps.Now,
	}}
	executable := exec.NewExecutableSchema(exec.Config{Resolvers: &Resolver{deps: deps}})
	h.schema = executable.Schema()
	server := gqlhandler.New(executable)
	streams := newStreams(&h.deps)
	server.AddTransport(socketTransport{streams})
	server.AddTransport(eventTransport{streams})
	server.AddTransport(transport.Options{AllowedMethods: []string{http.MethodOptions, http.MethodGet, http.MethodPost}})
	server.AddTransport(httpTransport{deps.Logger})
	server.SetQueryCache(lru.New[*ast.QueryDocument](documents))
	server.SetParserTokenLimit(maxTokens)
	server.SetDisableSuggestion(true)
	server.SetValidationRulesFn(validationRules)
	server.SetErrorPresenter(h.present)
	server.SetRecoverFunc(func(_ context.Context, panicked any) error { return errs.Panicked(panicked) })
	server.Use(preflight{lru.New[bool](documents)})
	server.Use(extension.Introspection{})
	server.Use(cost{})
	server.AroundResponses(h.aroundResponse)
	server.AroundFields(h.aroundField)
	return &Server{Handler: server, streams: streams}
}

// validationRules are the specification's, without suggestions of names that are like a wrong one: each suggestion
// compares it with all there are. gqlgen itself sees to the two rules about fields.
func validationRules() *rules.Rules {
	r := rules.NewDefaultRules()
	r.ReplaceRule(rules.KnownArgumentNamesRule.Name, rules.KnownArgumentNamesRuleWithoutSuggestions.RuleFunc)
	r.ReplaceRule(rules.KnownTypeNamesRule.Name, rules.KnownTypeNamesRuleWithoutSuggestions.RuleFunc)
	r.ReplaceRule(rules.ValuesOfCorrectTypeRule.Name, rules.ValuesOfCorrectTypeRuleWithoutSuggestions.RuleFunc)
	return r
}
