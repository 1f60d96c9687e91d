package config

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestKeysOfAnEmbeddedDatabaseAreMadeOnce(t *testing.T) {
	t.Parallel()
	db := &Database{DataDir: filepath.Join(t.TempDir(), "data")}
	var first, second Keys
	require.NoError(t, first.Complete(db))
	require.NoError(t, second.Complete(db))
	require.Equal(t, first, second)
	require.NotEmpty(t, first.SigningKey)
	require.NotEqual(t, first.SigningKey, first.EncryptionKey)
	info, err := os.Stat(filepath.Join(db.DataDir, keyFile))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())

	given := Keys{SigningKey: "mine"}
	require.NoError(t, given.Complete(db))
	require.Equal(t, Keys{SigningKey: "mine", EncryptionKey: first.EncryptionKey}, given)
}

func TestKeysOfAnOwnDatabaseMustBeGiven(t *testing.T) {
	t.Parallel()
	db := &Database{DatabaseURL: "postgres://db/weir"}
	require.ErrorContains(t, (&Keys{}).Complete(db), "WEIR_SIGNING_KEY")
	require.ErrorContains(t, (&Keys{SigningKey: "mine"}).Complete(db), "WEIR_ENCRYPTION_KEY")
	require.ErrorContains(t, (&Keys{SigningKey: "mine", EncryptionKey: "short"}).Complete(db), "base64 of 32 bytes")
}
