package redact

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPreauthenticatedDownloadAddress(t *testing.T) {
	t.Parallel()
	out, found := Builtin().JSON([]byte(`{"@microsoft.graph.downloadUrl":"https://contoso.sharepoint.com/download.aspx?UniqueId=1&tempauth=v1.eyJzaXRlaWQi"}`), nil)
	require.True(t, found)
	require.NotContains(t, string(out), "eyJzaXRlaWQi")
}
