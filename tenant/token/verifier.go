package token

import (
	"context"
	"errors"

	"github.com/golang-jwt/jwt/v5"
)

// Verifier tells whether tokens are genuine, and what they claim. It is safe for
// concurrent use.
type Verifier struct {
	sources   map[string]keySource // by iss
	names     ClaimNames
	validator *jwt.Validator
	remote    *remoteKeys // nil without a JWKS URL
}

// New reports every bad field of the configuration at once. It fetches nothing:
// the identity provider may come up after Weir.
func New(cfg Config) (*Verifier, error) {
	cfg, err := cfg.resolve()
	if err != nil {
		return nil, err
	}

	v := &Verifier{
		sources: map[string]keySource{},
		names:   cfg.Names,
		validator: jwt.NewValidator(
			jwt.WithAudience(cfg.Audience),
			jwt.WithExpirationRequired(),
			jwt.WithIssuedAt(),
			jwt.WithLeeway(cfg.Leeway),
			jwt.WithTimeFunc(cfg.Now),
		),
	}
	if !cfg.SigningKey.IsZero() {
		v.sources[cfg.OwnIssuer] = ownKey{cfg.SigningKey.verification()}
	}
	if cfg.JWKSURL != "" {
		v.remote = newRemoteKeys(cfg)
		v.sources[cfg.Issuer] = v.remote
	}

	return v, nil
}

// Stop ends the refreshing of keys and waits for a fetch that is under way.
// Afterwards keys that are not known yet stay unknown. It may be called twice.
func (v *Verifier) Stop() {
	if v.remote != nil {
		v.remote.stop()
	}
}

// Verify returns the claims of a token that is genuine and valid now: raw is the
// compact form alone, at most 8 KiB. Every refusal is an [*Error] that matches
// [ErrRefused]; those by a cancelled context match that context's error, too.
//
// A token of the identity provider whose key is not known waits up to six
// seconds for the next fetch of its keys.
func (v *Verifier) Verify(ctx context.Context, raw string) (Claims, error) {
	token, err := parseCompact(raw)
	if err != nil {
		return Claims{}, err
	}
	h, err := readHeader(token.header)
	if err != nil {
		return Claims{}, err
	}
	claims, registered, err := v.names.read(token.claims)
	if err != nil {
		return Claims{}, err
	}
	source, ok := v.sources[claims.Issuer]
	if !ok {
		return Claims{}, refuse("the issuer is not trusted")
	}
	if err := v.validator.Validate(registered); err != nil {
		return Claims{}, refuse(invalidity(err))
	}

	key, err := source.find(ctx, h)
	if err != nil {
		return Claims{}, err
	}
	if err := key.verify(h.alg, token); err != nil {
		return Claims{}, err
	}

	return claims, nil
}

func invalidity(err error) string {
	switch {
	case errors.Is(err, jwt.ErrTokenExpired):
		return "the token has expired"
	case errors.Is(err, jwt.ErrTokenNotValidYet):
		return "the token is not valid yet"
	case errors.Is(err, jwt.ErrTokenUsedBeforeIssued):
		return "the token was issued in the future"
	default:
		return "the token is for another audience"
	}
}
