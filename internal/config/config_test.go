package config

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestUnknownSettingsAreNamed(t *testing.T) {
	t.Parallel()
	require.NoError(t, CheckEnvironment([]string{"HOME=/", "WEIR_ADDR=:1", "WEIR_DATABASE_URL=x", "WEIR_TEST_DATA=y"}))
	require.ErrorContains(t, CheckEnvironment([]string{"WEIR_ADR=:1"}), "WEIR_ADR")
	type flags struct {
		Rate int `env:"WEIR_RATE"`
	}
	require.NoError(t, CheckEnvironment([]string{"WEIR_RATE=1"}, flags{}))
}
