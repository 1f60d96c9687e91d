//go:build linux

package localpg_test

const diesWithParent = true
