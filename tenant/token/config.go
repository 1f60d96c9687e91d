package token

import (
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"time"
)

// Config says whose tokens are accepted. [New] and [NewIssuer] read the same
// one, so that what a process signs is what it accepts.
type Config struct {
	// Issuer is the iss of the identity provider's tokens. Without a JWKSURL
	// nobody else signs, and Issuer is the default of OwnIssuer.
	Issuer string
	// JWKSURL is where the identity provider publishes its keys: https, or http
	// on a loopback address. Without it only own tokens are accepted.
	JWKSURL string
	// Audience must be one of the token's aud. Default "weir".
	Audience string
	// OwnIssuer is the iss of the tokens that Weir signs. Default "weir".
	OwnIssuer string
	// SigningKey signs and verifies own tokens. Without it there are none.
	SigningKey SigningKey
	// Names are the names of Weir's claims.
	Names ClaimNames
	// Leeway is how far the clocks of issuer and service may be apart.
	// Default 30 seconds, at most 5 minutes.
	Leeway time.Duration
	// Refresh is how often the keys are fetched again. Default 10 minutes, at
	// least 10 seconds.
	Refresh time.Duration
	// Now tells the time that tokens are checked against. Default time.Now.
	Now func() time.Time
	// HTTPClient fetches the keys. Its redirects are not followed.
	HTTPClient *http.Client
	// Logger hears of fetches that fail. Default: nobody.
	Logger *slog.Logger
}

// resolve fills in the defaults and reports every bad field at once.
func (c Config) resolve() (Config, error) {
	if c.JWKSURL == "" {
		c.OwnIssuer, c.Issuer = orDefault(c.OwnIssuer, c.Issuer), ""
	}
	c.OwnIssuer = orDefault(c.OwnIssuer, "weir")
	c.Audience = orDefault(c.Audience, "weir")
	c.Names = c.Names.withDefaults()
	if c.Leeway == 0 {
		c.Leeway = 30 * time.Second
	}
	if c.Refresh == 0 {
		c.Refresh = 10 * time.Minute
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.HTTPClient == nil {
		c.HTTPClient = &http.Client{}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}

	return c, c.validate()
}

func (c Config) validate() error {
	var problems []error
	if c.JWKSURL != "" {
		problems = append(problems, checkJWKSURL(c.JWKSURL))
		if c.Issuer == "" {
			problems = append(problems, errors.New("a JWKS URL needs the issuer whose keys it holds"))
		}
		if c.Issuer == c.OwnIssuer {
			problems = append(problems, errors.New("the identity provider cannot have the name of the service's own issuer"))
		}
	}
	if checkText(c.OwnIssuer) != nil || checkText(c.Audience) != nil {
		problems = append(problems, errors.New("issuer and audience must be printable UTF-8"))
	}
	problems = append(problems, c.Names.validate())
	if c.Leeway < 0 || c.Leeway > 5*time.Minute {
		problems = append(problems, errors.New("the leeway must be between 0 and 5 minutes"))
	}
	if c.Refresh < 10*time.Second {
		problems = append(problems, errors.New("keys can be refreshed every 10 seconds at most"))
	}

	return errors.Join(problems...)
}

// checkJWKSURL refuses what would let the network choose the keys.
func checkJWKSURL(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" {
		return errors.New("the JWKS URL is not an absolute URL without user and fragment")
	}
	if u.Scheme == "https" || u.Scheme == "http" && isLoopback(u.Hostname()) {
		return nil
	}

	return errors.New("the JWKS URL must be https, or http on a loopback address")
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)

	return host == "localhost" || ip != nil && ip.IsLoopback()
}
