package errs_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/errs"
)

func TestCatch(t *testing.T) {
	t.Parallel()
	cause := errors.New("cause")
	require.Equal(t, cause, errs.Catch(func() error { return cause }))
	require.NoError(t, errs.Catch(func() error { return nil }))
	err := errs.Catch(func() error { panic("boom") })
	require.ErrorContains(t, err, "panic: boom")
	require.ErrorContains(t, err, "catch_test.go", "the stack")
}
