package notify

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/google/uuid"
)

// sealer encrypts what is stored of endpoints: AES-256-GCM, with a key of its own that follows from the service's. What
// is sealed belongs to its tenant, endpoint and column: moved elsewhere it cannot be opened.
type sealer struct{ aead cipher.AEAD }

const (
	sealVersion = 1
	sealInfo    = "weir: endpoints of notifications, version 1"
	secretBytes = 32
)

func newSealer(key []byte) (*sealer, error) {
	if len(key) < secretBytes {
		return nil, fmt.Errorf("the key that seals endpoints has %d bytes: at least %d are needed", len(key), secretBytes)
	}
	derived, err := hkdf.Key(sha256.New, key, nil, sealInfo, secretBytes)
	if err != nil {
		return nil, fmt.Errorf("derive the key that seals endpoints: %w", err)
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	return &sealer{aead}, err
}

func place(tenantID, endpointID uuid.UUID, column string) []byte {
	return append(append(append([]byte{sealVersion}, tenantID[:]...), endpointID[:]...), column...)
}

// seal encrypts a text: a version, a nonce, and what AES-GCM makes of it.
func (s *sealer) seal(text string, tenantID, endpointID uuid.UUID, column string) []byte {
	out := make([]byte, 1+s.aead.NonceSize(), 1+s.aead.NonceSize()+len(text)+s.aead.Overhead())
	out[0] = sealVersion
	_, _ = rand.Read(out[1:]) // never fails
	return s.aead.Seal(out, out[1:], []byte(text), place(tenantID, endpointID, column))
}

// errSealed is that of what another key sealed.
var errSealed = errors.New("what is stored of the endpoint cannot be read: was WEIR_ENCRYPTION_KEY changed?")

func (s *sealer) open(sealed []byte, tenantID, endpointID uuid.UUID, column string) (string, error) {
	n := 1 + s.aead.NonceSize()
	if len(sealed) < n || sealed[0] != sealVersion {
		return "", errSealed
	}
	text, err := s.aead.Open(nil, sealed[1:n], sealed[n:], place(tenantID, endpointID, column))
	if err != nil {
		return "", errSealed
	}
	return string(text), nil
}

// newSecret makes a signing secret, as Standard Webhooks writes them.
func newSecret() string {
	raw := make([]byte, secretBytes)
	_, _ = rand.Read(raw) // never fails
	return "whsec_" + base64.StdEncoding.EncodeToString(raw)
}
