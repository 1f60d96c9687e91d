// Package token verifies and signs the JWTs that callers of Weir present.
//
// A token has one of two authors. Weir signs its own with [Issuer.Sign], and
// only Weir's signing key verifies them. The tenants' identity provider signs
// all others, and only the keys that it publishes at its JWKS URL verify those.
// Which of the two is asked follows from the claim iss and from nothing else.
//
// The journey of a token through [Verifier.Verify]: it is cut into three parts
// of canonical base64url; header and claims are read once, by a reader that
// refuses what JSON libraries disagree about (duplicate members, names in
// another case, broken UTF-8); issuer, audience and times are checked; a key is
// looked up by its id and by the algorithms pinned to it; the signature is
// verified. Issuer and times come before the key, so that expired tokens with a
// key that was withdrawn never make Weir ask the issuer.
//
// Keys of the identity provider are fetched at the first token that needs them
// and refreshed in the background. An unknown key id hastens the next fetch,
// but never to less than five seconds after the last one: tokens wait for it
// instead of being refused, so that strangers who make up key ids neither
// burden the issuer nor keep a rotated key out.
//
// The package knows no database and no HTTP handler. What it refuses, it
// refuses with an [*Error].
package token
