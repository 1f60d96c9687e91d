//go:build !linux

package localpg

const memoryDir = ""

func hasRoom(string) bool { return false }
