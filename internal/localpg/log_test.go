package localpg

import (
	"bytes"
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLogWriter_JoinsPiecesAndKeepsTheLastLines(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	w := newLogWriter(slog.New(slog.NewTextHandler(&out, nil)))
	for i := range 5 {
		_, err := fmt.Fprintf(w, "LOG:  %d\n", i)
		require.NoError(t, err)
	}
	for _, piece := range []string{"WARN", "ING:  tor", "n\n\nPANIC:  no end"} {
		_, err := w.Write([]byte(piece))
		require.NoError(t, err)
	}
	require.Equal(t, []string{"LOG:  2", "LOG:  3", "LOG:  4", "WARNING:  torn"}, w.tail())
	w.flush()
	require.Equal(t, "PANIC:  no end", w.tail()[tailLines-1])
	require.Contains(t, out.String(), `level=WARN msg=postgres line="WARNING:  torn"`)
	require.Contains(t, out.String(), `level=ERROR msg=postgres line="PANIC:  no end"`)
	require.NotContains(t, out.String(), "LOG:", "what is ordinary is logged at debug level")
}
