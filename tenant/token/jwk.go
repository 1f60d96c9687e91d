package token

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"
	"fmt"
	"math/big"
	"slices"
)

// Bounds of RSA moduli in bits: shorter ones are weak, longer ones make every
// verification slow.
const (
	minRSA = 2048
	maxRSA = 8192
)

// parseKeySet reads a JWK Set (RFC 7517). Keys that are not for verifying, or
// not of a kind that Weir accepts, are left out: issuers publish keys for other
// purposes in the same place. It also returns how many were left out.
func parseKeySet(data []byte) (keys keySet, skipped int, err error) {
	members, err := parseObject(data)
	if err != nil {
		return nil, 0, fmt.Errorf("the key set %w", err)
	}
	elements, ok := members["keys"].([]any)
	if !ok {
		return nil, 0, errors.New("the key set has no list of keys")
	}

	for _, element := range elements {
		jwk, ok := element.(map[string]any)
		if !ok {
			return nil, 0, errors.New("the key set holds what is no object")
		}
		key, err := parseJWK(jwk)
		if err != nil {
			skipped++
			continue
		}
		keys = append(keys, key)
	}

	return keys, skipped, nil
}

func parseJWK(jwk object) (verificationKey, error) {
	if err := checkPurpose(jwk); err != nil {
		return verificationKey{}, err
	}
	key, err := parseMaterial(jwk)
	if err != nil {
		return verificationKey{}, err
	}

	if alg, ok := jwk["alg"]; ok {
		text, _ := alg.(string)
		if !slices.Contains(key.algs, text) {
			return verificationKey{}, errors.New("alg does not fit the key")
		}
		key.algs = []string{text}
	}
	if kid, ok := jwk["kid"]; ok {
		text, _ := kid.(string)
		if !isKeyID(text) {
			return verificationKey{}, errors.New("kid is no key id")
		}
		key.kid = text
	}

	return key, nil
}

// checkPurpose refuses keys for encryption, and those whose private part was
// published with them.
func checkPurpose(jwk object) error {
	if use, ok := jwk["use"]; ok && use != "sig" {
		return errors.New("use is not sig")
	}
	if ops, ok := jwk["key_ops"]; ok {
		list, _ := ops.([]any)
		if !slices.Contains(list, any("verify")) {
			return errors.New("key_ops lacks verify")
		}
	}
	for _, name := range []string{"d", "k", "p", "q"} {
		if _, ok := jwk[name]; ok {
			return errors.New("the private part is published")
		}
	}

	return nil
}

func parseMaterial(jwk object) (verificationKey, error) {
	switch jwk["kty"] {
	case "RSA":
		return parseRSA(jwk)
	case "EC":
		return parseP256(jwk)
	case "OKP":
		x, ok := jwk.bytes("x")
		if !ok || jwk["crv"] != "Ed25519" || len(x) != ed25519.PublicKeySize {
			return verificationKey{}, errors.New("not an Ed25519 key")
		}
		return verificationKey{algs: []string{"EdDSA"}, material: ed25519.PublicKey(x)}, nil
	default:
		return verificationKey{}, errors.New("kty is not RSA, EC or OKP")
	}
}

func parseRSA(jwk object) (verificationKey, error) {
	n, okN := jwk.bytes("n")
	e, okE := jwk.bytes("e")
	if !okN || !okE {
		return verificationKey{}, errors.New("n or e is missing")
	}
	modulus, exponent := new(big.Int).SetBytes(n), new(big.Int).SetBytes(e)
	if modulus.BitLen() < minRSA || modulus.BitLen() > maxRSA || modulus.Bit(0) == 0 {
		return verificationKey{}, errors.New("the modulus is not of 2048 to 8192 bits, or even")
	}
	if exponent.BitLen() < 2 || exponent.BitLen() > 31 || exponent.Bit(0) == 0 {
		return verificationKey{}, errors.New("the exponent is not an odd number from 3 to 2^31-1")
	}

	return verificationKey{
		algs:     []string{"RS256", "PS256"},
		material: &rsa.PublicKey{N: modulus, E: int(exponent.Int64())},
	}, nil
}

func parseP256(jwk object) (verificationKey, error) {
	x, okX := jwk.bytes("x")
	y, okY := jwk.bytes("y")
	if !okX || !okY || jwk["crv"] != "P-256" || len(x) != 32 || len(y) != 32 {
		return verificationKey{}, errors.New("not a P-256 key")
	}
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4}, x, y))
	if err != nil {
		return verificationKey{}, fmt.Errorf("parse P-256 key: %w", err)
	}

	return verificationKey{algs: []string{"ES256"}, material: public}, nil
}

// bytes decodes a member in base64url.
func (o object) bytes(name string) ([]byte, bool) {
	text, ok := o[name].(string)
	if !ok {
		return nil, false
	}

	return decodeSegment(text)
}
