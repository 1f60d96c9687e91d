package redact_test

import (
	"encoding/json"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/ingest/redact"
)

// TestNothingToRedact counts allocations, which no parallel test may do.
//
//nolint:paralleltest // testing.AllocsPerRun panics in a parallel test
func TestNothingToRedact(t *testing.T) {
	r := redact.Builtin()
	src := []byte(contactJSON)
	dst := make([]byte, 0, 2*len(src))
	allocations := testing.AllocsPerRun(100, func() {
		out, redacted := r.Body("application/json", src, dst)
		if redacted || &out[0] != &src[0] {
			panic("the caller's own bytes come back")
		}
	})
	require.Less(t, allocations, 1.0)
	for _, empty := range [][]byte{nil, {}, []byte(" \n")} {
		out, redacted := r.Body("application/json", empty, nil)
		require.False(t, redacted)
		require.Equal(t, empty, out)
	}
}

func TestResultIsAppended(t *testing.T) {
	t.Parallel()
	out, redacted := redact.Builtin().JSON([]byte(`{"token":"a"}`), []byte("kept "))
	require.True(t, redacted)
	require.Equal(t, `kept {"token":"[redacted]"}`, string(out))
}

func TestSharedByGoroutines(t *testing.T) {
	t.Parallel()
	r, err := redact.Compile(redact.Policy{Patterns: []string{`n\d+`}})
	require.NoError(t, err)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 200 {
				out, _ := r.JSON([]byte(`{"a":"{\"token\":\"\\u0061\"}","b":"n12"}`), nil)
				if string(out) != `{"a":"{\"token\":\"[redacted]\"}","b":"[redacted]"}` {
					t.Errorf("wrong: %s", out)
				}
			}
		})
	}
	group.Wait()
}

// TestHostile reads inputs that are made to be slow.
func TestHostile(t *testing.T) {
	t.Parallel()
	// What takes more than linear time does not get through all of these before the tests' timeout.
	const size = 1 << 19
	for name, unit := range map[string]string{
		"arrays": "[", "objects": `{"a":`, "quotes": `"`, "backslashes": `\`, "escaped quotes": `\"`,
		"JWTs": "-eyJ", "JWTs with dots": "eyJ.", "bearers": "bearer+", "bearer params": `bearer a="`, "basics": "basic+",
		"URLs": "://a", "users": "://a:b", "assignments": "token=", "quoted names": `"token":`, "digits": "4", "groups": "4111 ",
		"PEM": "-----BEGIN PRIVATE KEY-----", "tags": "<auth>", "secrets": "<secret>", "open tags": "<a '", "entities": "&amp",
		"percents": "token%=%", "colons": `":`, "Salesforce": "00D!", "boundaries": "--\n", "headers": "X-Token: ", "names": `"name":"token",`,
	} {
		body := []byte(strings.Repeat(unit, size/len(unit)))
		for _, contentType := range []string{"application/json", "text/plain", "text/xml", "application/x-www-form-urlencoded", "multipart/mixed"} {
			redact.Builtin().Body(contentType, body, nil)
		}
		nested, err := json.Marshal(string(body))
		require.NoError(t, err)
		out, _ := redact.Builtin().JSON(nested, nil)
		require.True(t, json.Valid(out), name)
	}
}

func TestDeepNesting(t *testing.T) {
	t.Parallel()
	const depth = 10_000
	src := strings.Repeat(`[{"a":`, depth) + `{"token":"abc"}` + strings.Repeat("}]", depth)
	out, redacted := redact.Builtin().JSON([]byte(src), nil)
	require.True(t, redacted)
	require.Equal(t, strings.Replace(src, `"abc"`, `"[redacted]"`, 1), string(out))
}

func TestInvalidJSONIsText(t *testing.T) {
	t.Parallel()
	for _, src := range []string{
		`{"a":01,"k":"Bearer abc123"}`, `{"a":1,}x Bearer abc123`, "{\"a\":\"\x01 Bearer abc123\"}", `["\x", "Bearer abc123"]`,
		`{"a":1.,"b":"Bearer abc123"}`, `{a:"Bearer abc123"}`, `[1 2 "Bearer abc123"]`, `["Bearer abc123"`, `{"a":tru,"b":"Bearer abc123"}`,
	} {
		require.False(t, json.Valid([]byte(src)))
		out, redacted := redact.Builtin().JSON([]byte(src), nil)
		require.True(t, redacted, src)
		require.Equal(t, strings.Replace(src, "abc123", "[redacted]", 1), string(out))
	}
}

func TestStripNUL(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"plain":                    "plain",
		"a\x00b":                   "ab",
		`{"a":"x\u0000y"}`:         `{"a":"xy"}`,
		`{"a":"x\\u0000y"}`:        `{"a":"x\\u0000y"}`,
		`{"a":"x\\\u0000\u0000y"}`: `{"a":"x\\y"}`,
		`"\u0001\n\""`:             `"\u0001\n\""`,
	} {
		out, changed := redact.StripNUL([]byte(in), nil)
		require.Equal(t, want, string(out))
		require.Equal(t, want != in, changed, in)
	}
}
