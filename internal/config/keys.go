package config

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// keyFile holds the keys that were made for an embedded database, beside it.
const keyFile = "keys.json"

type keptKeys struct {
	SigningKey    string `json:"signing_key"`
	EncryptionKey string `json:"encryption_key"`
}

// Complete fills in the keys that are not set. On an embedded database they are made once and kept in the data
// directory (mode 0600); on another one they must be set, since all processes need the same ones.
func (k *Keys) Complete(db *Database) error {
	if k.SigningKey != "" && k.EncryptionKey != "" {
		return k.check()
	}
	if !db.Embedded() {
		missing := "SIGNING_KEY"
		if k.SigningKey != "" {
			missing = "ENCRYPTION_KEY"
		}
		return fmt.Errorf("WEIR_%s is not set: on your own database the keys must be given, the same to every process; for one, run: openssl rand -base64 32", missing)
	}
	kept, err := loadKeys(db.DataDir)
	if err != nil {
		return err
	}
	if k.SigningKey == "" {
		k.SigningKey = kept.SigningKey
	}
	if k.EncryptionKey == "" {
		k.EncryptionKey = kept.EncryptionKey
	}
	return k.check()
}

func (k *Keys) check() error {
	if raw, err := base64.StdEncoding.DecodeString(k.EncryptionKey); err != nil || len(raw) != 32 {
		return errors.New("WEIR_ENCRYPTION_KEY cannot be read: it must be base64 of 32 bytes")
	}
	return nil
}

func loadKeys(dir string) (keptKeys, error) {
	var kept keptKeys
	path := filepath.Join(dir, keyFile)
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return makeKeys(dir, path)
	}
	if err != nil {
		return kept, fmt.Errorf("read the keys: %w", err)
	}
	if err := json.Unmarshal(raw, &kept); err != nil {
		return kept, fmt.Errorf("read the keys in %s: %w", path, err)
	}
	return kept, nil
}

// makeKeys writes new keys. When another process was quicker, its keys count.
func makeKeys(dir, path string) (keptKeys, error) {
	kept := keptKeys{SigningKey: newKey(), EncryptionKey: newKey()}
	raw, err := json.MarshalIndent(kept, "", "  ")
	if err != nil {
		return kept, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return kept, fmt.Errorf("make the data directory: %w", err)
	}
	file, err := os.CreateTemp(dir, keyFile+".*")
	if err != nil {
		return kept, fmt.Errorf("write the keys: %w", err)
	}
	defer func() { _ = os.Remove(file.Name()) }()
	_, err = file.Write(raw)
	if err = errors.Join(err, file.Close()); err != nil {
		return kept, fmt.Errorf("write the keys: %w", err)
	}
	// A link, unlike a rename, fails when the name is taken.
	if err := os.Link(file.Name(), path); errors.Is(err, fs.ErrExist) {
		return loadKeys(dir)
	} else if err != nil {
		return kept, fmt.Errorf("write the keys: %w", err)
	}
	return kept, nil
}

func newKey() string {
	raw := make([]byte, 32)
	_, _ = rand.Read(raw) // never fails
	return base64.StdEncoding.EncodeToString(raw)
}
