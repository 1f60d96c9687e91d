package harness

import (
	"crypto/rand"
	"encoding/base64"

	"github.com/weirhq/weir/internal/localpg"
)

// EnvOf is the settings of services that share the database of a server: where it is, and the keys that all of them
// need to have. Each call makes new keys.
func EnvOf(server *localpg.Server) Env {
	return Env{
		"WEIR_DATABASE_URL":         server.URL(localpg.Service),
		"WEIR_MIGRATE_DATABASE_URL": server.URL(localpg.Owner),
		"WEIR_SIGNING_KEY":          newKey(),
		"WEIR_ENCRYPTION_KEY":       newKey(),
	}
}

func newKey() string {
	raw := make([]byte, 32)
	_, _ = rand.Read(raw) // never fails
	return base64.StdEncoding.EncodeToString(raw)
}
