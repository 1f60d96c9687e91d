package observe

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestLinesHoldNoSecretAndNoCause(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := Collecting(slog.New(slog.NewTextHandler(&out, nil))).With("component", "test")
	ctx, lines := WithLines(t.Context())
	require.Nil(t, lines.JSON(), "nobody said who may see them")
	log.DebugContext(ctx, "quiet", "n", 3, "took", 1500*time.Microsecond, "api_key", "weir_secret", "error", errors.New("value 'bound'"))
	log.DebugContext(t.Context(), "of another request")
	log.ErrorContext(ctx, "loud", "ok", false)
	require.NotContains(t, out.String(), "quiet", "the log keeps its level")
	require.Contains(t, out.String(), "loud")
	lines.Allow()
	var told []line
	require.NoError(t, json.Unmarshal(lines.JSON(), &told))
	require.Len(t, told, 2)
	require.Equal(t, map[string]any{"component": "test", "n": 3.0, "took_ms": 1.5, "api_key": "[redacted]"}, told[0].Data)
	require.Equal(t, "error", told[1].Level)
	for range 2 * maxLines {
		log.InfoContext(ctx, "again")
	}
	require.NoError(t, json.Unmarshal(lines.JSON(), &told))
	require.Len(t, told, maxLines+1)
	require.Equal(t, float64(maxLines+2), told[maxLines].Data["lines"])
}

func TestStatementsAreToldByVerbAndTable(t *testing.T) {
	t.Parallel()
	tracer := NewTracer([]string{"customer", "member", "enter_tenant"}).(*tracer)
	for sql, name := range map[string]string{
		`SELECT * FROM customer WHERE name = 'member'`:                                         "SELECT customer",
		`SELECT 'from member', "c"."id" FROM "customer" AS "c"`:                                "SELECT customer",
		`INSERT INTO "member" ("name") VALUES ('it''s a customer')`:                            "INSERT member",
		"-- name: JobInsert :one\nINSERT INTO river.river_job (args) VALUES ($1)":              "INSERT river_job",
		`BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT enter_tenant('a', 'b')`:       "SELECT enter_tenant",
		`WITH gone AS (DELETE FROM customer WHERE true RETURNING id) SELECT id FROM gone`:      "DELETE customer",
		`WITH raw AS (SELECT unnest($1)) INSERT INTO river.river_job (args) SELECT 1 FROM raw`: "INSERT river_job",
		`SELECT secret_word FROM secret_table`:                                                 "SELECT",
		`UPDATE "secret" SET x = 'unfinished`:                                                  "UPDATE",
		`VACUUM`:                                                                               "other", `COMMIT`: "COMMIT", ``: "other", `COPY INTO customer`: "COPY customer",
	} {
		require.Equal(t, name, tracer.nameOf(sql), sql)
	}
}
