package token

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"strings"
)

// minSecret is the length of the shortest HS256 secret, in bytes: as long as
// the hash (RFC 7518, section 3.2).
const minSecret = 32

// SigningKey is the service's own key. The zero value is no key. It prints as
// its algorithm, never as its bytes.
type SigningKey struct {
	alg     string // HS256, EdDSA; empty for no key
	private any    // as golang-jwt signs with
	public  any    // as golang-jwt verifies with
}

// ParseSigningKey reads the setting's text: base64 of at least 32 bytes is an
// HS256 secret; PEM of an Ed25519 private key in PKCS #8 signs with EdDSA. Its
// errors hold nothing of the text.
func ParseSigningKey(text string) (SigningKey, error) {
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, "-----BEGIN") {
		return parseEd25519([]byte(text))
	}

	secret, err := decodeAnyBase64(text)
	if err != nil {
		return SigningKey{}, errors.New("signing key: neither base64 nor PEM")
	}
	if len(secret) < minSecret {
		return SigningKey{}, errors.New("signing key: shorter than 32 bytes")
	}

	return SigningKey{alg: "HS256", private: secret, public: secret}, nil
}

func parseEd25519(text []byte) (SigningKey, error) {
	block, rest := pem.Decode(text)
	if block == nil || block.Type != "PRIVATE KEY" || len(bytes.TrimSpace(rest)) > 0 {
		return SigningKey{}, errors.New("signing key: not one PEM block PRIVATE KEY")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return SigningKey{}, errors.New("signing key: not in PKCS #8")
	}
	private, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return SigningKey{}, errors.New("signing key: not Ed25519")
	}

	return SigningKey{alg: "EdDSA", private: private, public: private.Public()}, nil
}

// decodeAnyBase64 accepts both alphabets, padded or not: secrets are made by
// many tools.
func decodeAnyBase64(text string) ([]byte, error) {
	text = strings.NewReplacer("-", "+", "_", "/").Replace(text)

	return base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "="))
}

// IsZero reports whether there is no key.
func (k SigningKey) IsZero() bool { return k.alg == "" }

// String names the algorithm only.
func (k SigningKey) String() string {
	if k.IsZero() {
		return "no signing key"
	}

	return k.alg + " signing key"
}

// Format keeps the bytes out of whatever verb a log line or a panic uses.
func (k SigningKey) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, k.String()) }

// verification returns the half of the key that verifies.
func (k SigningKey) verification() verificationKey {
	return verificationKey{algs: []string{k.alg}, material: k.public}
}
