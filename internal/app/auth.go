package app

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/internal/observe"
	"github.com/weirhq/weir/tenant"
)

// authenticator turns what stands in Authorization into a principal.
type authenticator interface {
	Authenticate(ctx context.Context, authorization string) (*tenant.Principal, error)
}

// refusal writes the answer to a request whose credential is not accepted, in the form of the endpoint.
type refusal func(w http.ResponseWriter, status int, err *errs.Error)

// authenticate puts the principal of the request's credential into its context. A request without a credential goes
// on without a principal: the handler says what that may do, which is next to nothing. With ?logs=1 the answer tells whom
// that is for what the server did.
func authenticate(auth authenticator, log *slog.Logger, refuse refusal, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = r.WithContext(tenant.WithAddress(r.Context(), addressOf(r.RemoteAddr)))
		credential := r.Header.Get("Authorization")
		if credential == "" {
			next.ServeHTTP(w, r)
			return
		}
		var lines *observe.Lines
		if wantsLogs(r) {
			ctx, collected := observe.WithLines(r.Context())
			answer := &held{ResponseWriter: w}
			lines, r, w = collected, r.WithContext(ctx), answer
			defer answer.send(lines)
		}
		began := time.Now()
		p, err := auth.Authenticate(r.Context(), credential)
		switch {
		case err == nil:
			signedIn(r, log, lines, p, time.Since(began))
			next.ServeHTTP(w, r.WithContext(tenant.WithPrincipal(r.Context(), p)))
		case errs.Is(err, errs.Unauthenticated):
			w.Header().Set("WWW-Authenticate", `Bearer realm="weir"`)
			refuse(w, http.StatusUnauthorized, errs.New(errs.Unauthenticated, "%s", safeMessage(err)))
		case errs.Is(err, errs.Forbidden):
			refuse(w, http.StatusForbidden, errs.New(errs.Forbidden, "%s", safeMessage(err)))
		case r.Context().Err() != nil:
		default:
			log.ErrorContext(r.Context(), "check a credential", "error", err)
			w.Header().Set("Retry-After", "1")
			refuse(w, http.StatusServiceUnavailable, errs.New(errs.Unavailable, "credentials cannot be checked now; try again"))
		}
	})
}

// networkBits is what tells networks of IPv6 apart: within one, a machine changes its address every day.
const networkBits = 64

// addressOf is where a request comes from, without its port; of IPv6 the network. Headers of proxies do not count, since
// anybody can send them.
func addressOf(remote string) string {
	at, err := netip.ParseAddrPort(remote)
	if err != nil {
		return ""
	}
	address := at.Addr().Unmap().WithZone("")
	if address.Is4() || address.IsLoopback() {
		return address.String()
	}
	network, err := address.Prefix(networkBits)
	if err != nil {
		return ""
	}
	return network.String()
}

func safeMessage(err error) string {
	for _, e := range errs.All(err) {
		return e.Message
	}
	return "the credential is not accepted"
}

// refuseGraphQL answers as GraphQL over HTTP does: with errors, each with a code.
func refuseGraphQL(w http.ResponseWriter, status int, err *errs.Error) {
	writeJSON(w, status, map[string]any{"errors": []any{
		map[string]any{"message": err.Message, "extensions": map[string]any{"code": err.Code}},
	}})
}

// restCodes are the codes of errors outside of GraphQL.
var restCodes = map[errs.Code]string{
	errs.Unauthenticated: "unauthenticated", errs.Forbidden: "forbidden", errs.Unavailable: "unavailable",
}

// refuseREST answers as the contract of event ingestion says.
func refuseREST(w http.ResponseWriter, status int, err *errs.Error) {
	writeJSON(w, status, map[string]any{"error": map[string]any{"code": restCodes[err.Code], "message": err.Message}})
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	// The client is gone when this fails, and there is nobody to tell.
	_ = json.NewEncoder(w).Encode(body)
}
