package pgtest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/modules/postgres"

	"github.com/weirhq/weir/internal/localpg"
)

const defaultImage = "postgres:17-alpine"

// startContainer runs one container for this test process. testcontainers
// reads its own settings, such as TESTCONTAINERS_RYUK_DISABLED, itself.
func startContainer(ctx context.Context) (*server, error) {
	image := cmp.Or(os.Getenv("WEIR_TEST_POSTGRES_IMAGE"), defaultImage)
	container, err := postgres.Run(ctx, image,
		postgres.WithDatabase("postgres"),
		postgres.WithUsername(string(localpg.Admin)),
		postgres.WithPassword("weir-test"),
		postgres.BasicWaitStrategies(),
		testcontainers.WithCmdArgs("-c", "max_connections=200", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"),
	)
	terminate := func(context.Context) error { return testcontainers.TerminateContainer(container) }
	if err != nil {
		return nil, errors.Join(fmt.Errorf("run image %s: %w", image, err), terminate(ctx))
	}
	adminURL, err := container.ConnectionString(ctx, "sslmode=disable")
	if err != nil {
		return nil, errors.Join(fmt.Errorf("address of the container: %w", err), terminate(ctx))
	}
	s, err := useRunning(ctx, adminURL)
	if err != nil {
		return nil, errors.Join(err, terminate(ctx))
	}
	s.close = terminate
	return s, nil
}
