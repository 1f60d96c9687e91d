package token

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/golang-jwt/jwt/v5"
)

// Claims is what a token says. Text that a token leaves out is empty; no text
// holds control characters.
type Claims struct {
	Subject   string
	Issuer    string
	Audience  []string
	ExpiresAt time.Time
	IssuedAt  time.Time // zero when the token does not say
	Tenant    string    // slug or id of the tenant
	Role      string    // as the token spells it
	Customer  string    // limits the token to one customer; empty for none
	Email     string    // empty, too, when the issuer says that it is not verified
	ID        string    // jti
}

// ClaimNames are the names of the claims that are Weir's own. An empty name
// stands for the default: weir_tenant, weir_role, weir_customer.
type ClaimNames struct {
	Tenant, Role, Customer string
}

// registeredClaims are the claims whose names are not for [ClaimNames] to take.
var registeredClaims = []string{"aud", "email", "email_verified", "exp", "iat", "iss", "jti", "nbf", "sub"}

// latest is the end of the year 9999, in Unix seconds: later times have no text
// form in RFC 3339.
const latest = 253402300799

func (n ClaimNames) withDefaults() ClaimNames {
	return ClaimNames{
		Tenant:   orDefault(n.Tenant, "weir_tenant"),
		Role:     orDefault(n.Role, "weir_role"),
		Customer: orDefault(n.Customer, "weir_customer"),
	}
}

func (n ClaimNames) known() []string {
	return append(slices.Clone(registeredClaims), n.Tenant, n.Role, n.Customer)
}

func (n ClaimNames) validate() error {
	known := n.known()
	for i, name := range known {
		if checkText(name) != nil {
			return errors.New("names of claims must be printable UTF-8")
		}
		for _, other := range known[:i] {
			if strings.EqualFold(name, other) {
				return errors.New("claim " + name + " has two meanings")
			}
		}
	}

	return nil
}

// read takes the claims from a token's second part. The second result is the
// same for golang-jwt's validator, with nbf.
func (n ClaimNames) read(members object) (Claims, jwt.RegisteredClaims, error) {
	if members.hasLookalike(n.known()) {
		return Claims{}, jwt.RegisteredClaims{}, refuse("a claim differs from a known one in case only")
	}

	r := claimReader{members: members}
	claims := Claims{
		Subject:   r.text("sub"),
		Issuer:    r.text("iss"),
		Audience:  r.texts("aud"),
		ExpiresAt: r.time("exp"),
		IssuedAt:  r.time("iat"),
		Tenant:    r.text(n.Tenant),
		Role:      r.text(n.Role),
		Customer:  r.text(n.Customer),
		Email:     r.verifiedEmail(),
		ID:        r.text("jti"),
	}
	notBefore := r.time("nbf")
	r.require("sub", claims.Subject != "")
	r.require("exp", !claims.ExpiresAt.IsZero())
	if r.err != nil {
		return Claims{}, jwt.RegisteredClaims{}, r.err
	}

	return claims, jwt.RegisteredClaims{
		Audience:  claims.Audience,
		ExpiresAt: numericDate(claims.ExpiresAt),
		IssuedAt:  numericDate(claims.IssuedAt),
		NotBefore: numericDate(notBefore),
	}, nil
}

func numericDate(t time.Time) *jwt.NumericDate {
	if t.IsZero() {
		return nil
	}

	return jwt.NewNumericDate(t)
}

// claimReader keeps the first refusal, so that callers check once.
type claimReader struct {
	members object
	err     error
}

func (r *claimReader) fail(name, problem string) {
	if r.err == nil {
		r.err = refuse("the claim " + name + " " + problem)
	}
}

func (r *claimReader) require(name string, present bool) {
	if !present {
		r.fail(name, "is missing")
	}
}

func (r *claimReader) text(name string) string {
	value, ok := r.members[name]
	if !ok {
		return ""
	}
	text, ok := value.(string)
	if !ok || checkText(text) != nil {
		r.fail(name, "is not plain text")
		return ""
	}

	return text
}

func (r *claimReader) texts(name string) []string {
	elements, ok := r.members[name].([]any)
	if !ok {
		if text := r.text(name); text != "" {
			return []string{text}
		}
		return nil
	}

	texts := make([]string, 0, len(elements))
	for _, element := range elements {
		text, ok := element.(string)
		if !ok || checkText(text) != nil {
			r.fail(name, "is not plain text")
			return nil
		}
		texts = append(texts, text)
	}

	return texts
}

func (r *claimReader) time(name string) time.Time {
	value, ok := r.members[name]
	if !ok {
		return time.Time{}
	}
	number, ok := value.(json.Number)
	if !ok {
		r.fail(name, "is not a number")
		return time.Time{}
	}
	seconds, err := strconv.ParseFloat(number.String(), 64)
	if err != nil || seconds < 0 || seconds > latest {
		r.fail(name, "is out of range")
		return time.Time{}
	}

	// Fractions are cut off: an earlier exp is the stricter one.
	return time.Unix(int64(seconds), 0).UTC()
}

// verifiedEmail leaves the address out when the issuer says that nobody has
// proved to own it. Some issuers write the flag as text.
func (r *claimReader) verifiedEmail() string {
	email := r.text("email")
	switch verified, ok := r.members["email_verified"]; {
	case !ok, verified == true, verified == "true":
		return email
	default:
		return ""
	}
}

// checkText refuses what no identifier holds, and PostgreSQL does not store.
func checkText(text string) error {
	if !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
		return errors.New("not plain text")
	}

	return nil
}

func orDefault(text, fallback string) string {
	if text == "" {
		return fallback
	}

	return text
}
