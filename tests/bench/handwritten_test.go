package main

import (
	"os"
	"testing"
)

// The bench starts itself to serve the hand-written page.
func TestMain(m *testing.M) {
	if os.Getenv(handwrittenEnv) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}
