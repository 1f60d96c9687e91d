package model

import (
	"encoding/json"
	"io"
	"math"
	"strconv"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/weirhq/weir/internal/errs"
)

// MarshalTime writes a moment in UTC, exact to the microsecond, which is what is stored.
func MarshalTime(at time.Time) graphql.Marshaler {
	return graphql.WriterFunc(func(w io.Writer) {
		var room [len(`"2006-01-02T15:04:05.999999999Z"`)]byte
		text := append(at.UTC().Truncate(time.Microsecond).AppendFormat(append(room[:0], '"'), time.RFC3339Nano), '"')
		_, _ = w.Write(text)
	})
}

// UnmarshalTime reads an RFC 3339 timestamp of any offset.
func UnmarshalTime(v any) (time.Time, error) {
	text, ok := v.(string)
	if !ok {
		return time.Time{}, errs.New(errs.BadInput, "a Time is a string, such as 2026-03-02T10:15:00Z")
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil || at.Year() < 1970 {
		return time.Time{}, errs.New(errs.BadInput, "a Time is written by RFC 3339, such as 2026-03-02T10:15:00Z, and not before 1970")
	}
	return at.UTC(), nil
}

// MarshalJSON writes a JSON value as it is. It panics when it is none, which is an internal error of its field: what
// it wrote would break the whole answer.
func MarshalJSON(value json.RawMessage) graphql.Marshaler {
	if len(value) == 0 {
		return graphql.Null
	}
	if !json.Valid(value) {
		panic("a value that should be JSON is not")
	}
	return graphql.WriterFunc(func(w io.Writer) { _, _ = w.Write(value) })
}

// UnmarshalJSON takes any value and keeps it as JSON.
func UnmarshalJSON(v any) (json.RawMessage, error) {
	value, err := json.Marshal(v)
	if err != nil {
		return nil, errs.Wrap(err, errs.BadInput, "this is no JSON value")
	}
	return value, nil
}

// MarshalInt writes a whole number.
func MarshalInt(n int) graphql.Marshaler { return graphql.MarshalInt(n) }

// UnmarshalInt reads a whole number of 32 bits, which is what GraphQL calls an Int.
func UnmarshalInt(v any) (int, error) {
	n, err := graphql.UnmarshalInt64(v)
	if err != nil || n < math.MinInt32 || n > math.MaxInt32 {
		return 0, errs.New(errs.BadInput, "an Int is a whole number of 32 bits")
	}
	return int(n), nil
}

// MarshalFloat writes a number. It panics when JSON has no such number, as MarshalJSON does.
func MarshalFloat(f float64) graphql.Marshaler {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		panic("a number that should be finite is not")
	}
	return graphql.WriterFunc(func(w io.Writer) { _, _ = io.WriteString(w, strconv.FormatFloat(f, 'g', -1, 64)) })
}

// UnmarshalFloat reads a number.
func UnmarshalFloat(v any) (float64, error) {
	f, err := graphql.UnmarshalFloat(v)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return 0, errs.New(errs.BadInput, "a Float is a number of 64 bits")
	}
	return f, nil
}
