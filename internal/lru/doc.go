// Package lru is a bounded map that forgets what was used least recently.
package lru
