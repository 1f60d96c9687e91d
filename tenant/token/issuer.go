package token

import (
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Issuer signs the service's own tokens. It is safe for concurrent use.
type Issuer struct {
	key      SigningKey
	name     string
	audience string
	names    ClaimNames
	now      func() time.Time
}

// NewIssuer needs the configuration's signing key. A [Verifier] of the same
// configuration accepts what it signs.
func NewIssuer(cfg Config) (*Issuer, error) {
	cfg, err := cfg.resolve()
	if err != nil {
		return nil, err
	}
	if cfg.SigningKey.IsZero() {
		return nil, errors.New("no signing key is configured")
	}

	return &Issuer{
		key:      cfg.SigningKey,
		name:     cfg.OwnIssuer,
		audience: cfg.Audience,
		names:    cfg.Names,
		now:      cfg.Now,
	}, nil
}

// Sign makes a token that is valid from now for ttl, in whole seconds. It takes
// Subject (required), Tenant, Role, Customer, Email and ID (random when empty)
// from claims, sets the others itself, and returns them all as Verify will.
func (i *Issuer) Sign(claims Claims, ttl time.Duration) (string, Claims, error) {
	if claims.Subject == "" {
		return "", Claims{}, errors.New("sign token: no subject")
	}
	if ttl < time.Second {
		return "", Claims{}, errors.New("sign token: a lifetime of less than a second")
	}
	now := i.now().UTC().Truncate(time.Second)
	claims.Issuer = i.name
	claims.Audience = []string{i.audience}
	claims.IssuedAt = now
	claims.ExpiresAt = now.Add(ttl).Truncate(time.Second)
	claims.ID = orDefault(claims.ID, rand.Text())
	if claims.ExpiresAt.Unix() > latest {
		return "", Claims{}, errors.New("sign token: expires after the year 9999")
	}

	members := jwt.MapClaims{
		"iss": claims.Issuer,
		"aud": i.audience,
		"iat": claims.IssuedAt.Unix(),
		"exp": claims.ExpiresAt.Unix(),
	}
	for name, text := range i.texts(claims) {
		if checkText(text) != nil {
			return "", Claims{}, fmt.Errorf("sign token: claim %s is not plain text", name)
		}
		if text != "" {
			members[name] = text
		}
	}
	raw, err := jwt.NewWithClaims(methods[i.key.alg], members).SignedString(i.key.private)
	if err != nil {
		return "", Claims{}, fmt.Errorf("sign token: %w", err)
	}
	if len(raw) > maxToken {
		return "", Claims{}, errors.New("sign token: longer than 8 KiB")
	}

	return raw, claims, nil
}

func (i *Issuer) texts(claims Claims) map[string]string {
	return map[string]string{
		"sub":            claims.Subject,
		"jti":            claims.ID,
		"email":          claims.Email,
		i.names.Tenant:   claims.Tenant,
		i.names.Role:     claims.Role,
		i.names.Customer: claims.Customer,
	}
}
