package tenant_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/tenant"
)

func fine(string) error { return nil }

func TestCatalogue(t *testing.T) {
	t.Parallel()
	b := setup(t)
	none, err := b.store.Catalogue(b.ctx)
	require.NoError(t, err)
	require.Empty(t, none.YAML)
	require.Zero(t, none.Version)

	const text = "version: 1\nentries: []\n# it's \"so\"\n"
	saved, err := b.store.UpdateCatalogue(b.ctx, text, fine)
	require.NoError(t, err)
	require.EqualValues(t, 1, saved.Version)
	b.clock.move(time.Minute)
	saved, err = b.store.UpdateCatalogue(b.ctx, text+"# and so\n", fine)
	require.NoError(t, err)
	require.EqualValues(t, 2, saved.Version)

	read, err := b.store.Catalogue(b.as(t, tenant.RoleDeveloper))
	require.NoError(t, err)
	require.Equal(t, text+"# and so\n", read.YAML)
	require.True(t, read.ChangedAt.Equal(start.Add(time.Minute)))

	known, err := b.store.CatalogueSince(b.as(t, tenant.RoleViewer), 2)
	require.NoError(t, err)
	require.Empty(t, known.YAML, "it is known")
	require.EqualValues(t, 2, known.Version)
	older, err := b.store.CatalogueSince(b.as(t, tenant.RoleViewer), 1)
	require.NoError(t, err)
	require.Equal(t, read.YAML, older.YAML)

	other := b.create(t, "globex")
	theirs, err := b.store.Catalogue(asSystem(t, other.ID))
	require.NoError(t, err)
	require.Empty(t, theirs.YAML)
}

func TestWhatIsNoCatalogueIsNotSaved(t *testing.T) {
	t.Parallel()
	b := setup(t)
	asked := false
	for _, text := range []string{strings.Repeat("#", tenant.MaxCatalogue+1), "a\x00b", "\xff"} {
		_, err := b.store.UpdateCatalogue(b.ctx, text, func(string) error { asked = true; return nil })
		require.Equal(t, []string{"yaml"}, fields(err))
	}
	require.False(t, asked)
	_, err := b.store.UpdateCatalogue(b.ctx, strings.Repeat("#", tenant.MaxCatalogue), fine)
	require.NoError(t, err)
	no := errors.New("no")
	_, err = b.store.UpdateCatalogue(b.ctx, "x", func(string) error { return no })
	require.ErrorIs(t, err, no)

	_, err = b.store.UpdateCatalogue(b.as(t, tenant.RoleDeveloper), "", fine)
	require.True(t, errs.Is(err, errs.Forbidden))
	_, err = b.store.Catalogue(b.as(t, tenant.RoleSupport))
	require.True(t, errs.Is(err, errs.Forbidden))
}
