//go:build unix

package localpg_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"testing"

	"github.com/weirhq/weir/internal/localpg"
)

// The test binary doubles as the process that a test kills or runs as another
// user.
const (
	helperEnv    = "WEIR_LOCALPG_HELPER"
	helperDirEnv = "WEIR_LOCALPG_HELPER_DIR"
)

func TestMain(m *testing.M) {
	switch os.Getenv(helperEnv) {
	case "":
		os.Exit(m.Run())
	case "hold":
		os.Exit(helperResult(helpHold(os.Getenv(helperDirEnv))))
	case "cycle":
		os.Exit(helperResult(helpCycle(os.Getenv(helperDirEnv))))
	}
}

func helperResult(err error) int {
	if err != nil {
		fmt.Println(err)
		return 1
	}
	return 0
}

// helpHold runs a server until its standard input ends, which it does not
// when the process is killed.
func helpHold(dir string) error {
	if _, err := localpg.Start(context.Background(), localpg.Options{DataDir: dir, Fast: true}); err != nil {
		return err
	}
	fmt.Println("ready")
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}

// helpCycle starts a server twice and looks for what the first one stored.
func helpCycle(dir string) error {
	ctx := context.Background()
	for _, statement := range []string{"CREATE TABLE kept (n int)", "DROP TABLE kept"} {
		s, err := localpg.Start(ctx, localpg.Options{DataDir: dir, Fast: true})
		if err != nil {
			return err
		}
		if err := execute(ctx, s.URL(localpg.Owner), statement); err != nil {
			return err
		}
		if err := s.Stop(ctx); err != nil {
			return err
		}
	}
	fmt.Printf("cycled as %d\n", os.Geteuid())
	return nil
}
