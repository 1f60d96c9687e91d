package tenant

import (
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/singleflight"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/internal/lru"
	"github.com/weirhq/weir/tenant/token"
)

const (
	// acceptedFor bounds how long a credential is believed after it was revoked.
	acceptedFor = 2 * time.Second
	// refusedFor is shorter, so that a key that was just made, or whose tenant was, works soon.
	refusedFor = time.Second
	// maxAccepted and maxRefused bound the two caches. They are two, so that a flood of bad credentials does not push
	// out the good ones.
	maxAccepted = 10_000
	maxRefused  = 10_000
	// checkTimeout bounds one check, which may serve many requests and outlives the one that began it. It leaves room
	// for a fetch of an identity provider's keys.
	checkTimeout = 10 * time.Second
	// maxCredential is in bytes: the longest token that is looked at, and its scheme.
	maxCredential = 8<<10 + 16
)

// TokenVerifier checks tokens of identity providers and of the service's own: token.Verifier does.
type TokenVerifier interface {
	Verify(ctx context.Context, raw string) (token.Claims, error)
}

// Authenticator turns what stands in an Authorization header into a principal. It remembers its answers for a short
// time, so that most requests cost no query, and a revocation takes effect within seconds on every process. It is safe
// for concurrent use.
type Authenticator struct {
	door   *Door
	tokens TokenVerifier
	now    func() time.Time
	uses   *uses
	flight singleflight.Group
	// witness tells audit logs what the authenticator sees.
	witness *witness

	mu       sync.Mutex
	accepted *lru.Cache[fingerprint, verdict]
	refused  *lru.Cache[fingerprint, verdict]
}

// fingerprint stands for a credential, which is never kept. That two are compared as hashes also means that the time
// it takes says nothing about a secret.
type fingerprint [sha256.Size]byte

type verdict struct {
	principal *Principal
	// key is of what was an API key: its use is noted.
	key   uuid.UUID
	err   error
	until time.Time
	// failed is of a credential that is not accepted and of which it is proven whose it is; else nil.
	failed *failedSignIn
}

// NewAuthenticator makes an Authenticator; Stop ends it.
func NewAuthenticator(door *Door, tokens TokenVerifier, now func() time.Time, log *slog.Logger) *Authenticator {
	return &Authenticator{
		door: door, tokens: tokens, now: now, uses: newUses(door, log), witness: newWitness(door, log),
		accepted: lru.New[fingerprint, verdict](maxAccepted), refused: lru.New[fingerprint, verdict](maxRefused),
	}
}

// Stop waits for what is written in the background. It may be called twice.
func (a *Authenticator) Stop() {
	a.uses.stop()
	a.witness.stop()
}

// Authenticate gives the principal of an Authorization header: "Bearer" with an API key or a token, or the "apikey" of
// Aino's agents with an API key; the scheme is in any case. A credential that is not accepted is Unauthenticated, with a
// message that is safe to show. Any other error means that it could not be checked.
func (a *Authenticator) Authenticate(ctx context.Context, authorization string) (*Principal, error) {
	scheme, credential, _ := strings.Cut(strings.TrimSpace(authorization), " ")
	credential = strings.TrimSpace(credential)
	isKey := strings.HasPrefix(credential, secretPrefix)
	switch {
	case len(authorization) > maxCredential:
		return nil, unauthenticated("the credential is too long")
	case credential == "" || (!strings.EqualFold(scheme, "Bearer") && !strings.EqualFold(scheme, "apikey")):
		return nil, unauthenticated("use Authorization: Bearer, with an API key or a token")
	case !isKey && strings.EqualFold(scheme, "apikey"):
		return nil, unauthenticated("the API key is not valid")
	}
	print := fingerprint(sha256.Sum256([]byte(credential)))
	v, ok := a.recall(print)
	if !ok {
		var err error
		if v, err = a.check(ctx, print, credential, isKey); err != nil {
			return nil, err
		}
	}
	if v.err != nil {
		a.witness.refused(v.failed, AddressOf(ctx), a.now())
		return nil, v.err
	}
	if v.key != uuid.Nil {
		now := a.now()
		a.uses.note(v.principal.TenantID, v.key, now)
		a.witness.used(v.principal.TenantID, v.key, AddressOf(ctx), now)
	}
	// The caller's copy: what it does with it is nobody else's business.
	p := *v.principal
	return &p, nil
}

func (a *Authenticator) recall(print fingerprint) (verdict, bool) {
	now := a.now()
	a.mu.Lock()
	defer a.mu.Unlock()
	if v, ok := a.accepted.Get(print); ok && now.Before(v.until) {
		return v, true
	}
	if v, ok := a.refused.Get(print); ok && now.Before(v.until) {
		return v, true
	}
	return verdict{}, false
}

// check asks once for all requests that come with the credential at the same time. The check goes on when the request
// that began it is cancelled: others wait for it.
func (a *Authenticator) check(ctx context.Context, print fingerprint, credential string, isKey bool) (verdict, error) {
	answers := a.flight.DoChan(string(print[:]), func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), checkTimeout)
		defer cancel()
		began := a.now()
		var v verdict
		var err error
		if isKey {
			v, err = a.checkKey(ctx, print, began)
		} else {
			v, err = a.checkToken(ctx, credential, began)
		}
		if errs.Is(err, errs.Unauthenticated) && !errors.Is(err, context.DeadlineExceeded) {
			v, err = verdict{err: err, until: began.Add(refusedFor), failed: v.failed}, nil
		}
		if err != nil {
			return verdict{}, err
		}
		a.remember(print, v)
		return v, nil
	})
	select {
	case answer := <-answers:
		return answer.Val.(verdict), answer.Err
	case <-ctx.Done():
		return verdict{}, ctx.Err()
	}
}

func (a *Authenticator) remember(print fingerprint, v verdict) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if v.err != nil {
		a.refused.Put(print, v)
		a.accepted.Delete(print)
		return
	}
	a.accepted.Put(print, v)
}

func unauthenticated(message string) error {
	return errs.New(errs.Unauthenticated, "%s", message)
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
