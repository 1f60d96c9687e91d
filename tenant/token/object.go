package token

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxDepth bounds the nesting of header, claims and key sets. Real ones nest
// three or four deep.
const maxDepth = 16

var (
	errNotUTF8     = errors.New("is not valid UTF-8")
	errNotJSON     = errors.New("is not one JSON value")
	errNoObject    = errors.New("is not a JSON object")
	errDuplicate   = errors.New("names a member twice")
	errTooDeep     = errors.New("is nested too deeply")
	errNumberRange = errors.New("holds a number that is out of range")
)

// object is a JSON object whose members are map[string]any, []any, string,
// json.Number, bool or nil.
type object map[string]any

// parseObject reads one JSON object, and nothing beside it but white space. At
// every depth it refuses duplicate members, text that is not UTF-8 (lone
// surrogate escapes too) and numbers that no float64 holds. The texts of its
// errors are constant.
func parseObject(data []byte) (object, error) {
	// The decoder's tokens alone do not prove that the whole is well-formed.
	if !json.Valid(data) {
		return nil, errNotJSON
	}

	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	value, err := readValue(decoder, 0)
	if err != nil {
		return nil, err
	}
	members, ok := value.(map[string]any)
	if !ok {
		return nil, errNoObject
	}

	return members, nil
}

func readValue(decoder *json.Decoder, depth int) (any, error) {
	if depth > maxDepth {
		return nil, errTooDeep
	}
	next, err := decoder.Token()
	if err != nil {
		return nil, errNotJSON
	}

	switch next := next.(type) {
	case json.Delim:
		if next == '{' {
			return readMembers(decoder, depth)
		}
		return readElements(decoder, depth)
	case string:
		return next, checkDecoded(next)
	case json.Number:
		if _, err := strconv.ParseFloat(next.String(), 64); err != nil {
			return nil, errNumberRange
		}
		return next, nil
	default:
		return next, nil
	}
}

func readMembers(decoder *json.Decoder, depth int) (any, error) {
	members := map[string]any{}
	for decoder.More() {
		next, err := decoder.Token()
		if err != nil {
			return nil, errNotJSON
		}
		name, ok := next.(string)
		if !ok {
			return nil, errNotJSON
		}
		if err := checkDecoded(name); err != nil {
			return nil, err
		}
		if _, ok := members[name]; ok {
			return nil, errDuplicate
		}
		if members[name], err = readValue(decoder, depth+1); err != nil {
			return nil, err
		}
	}
	_, err := decoder.Token()

	return members, err
}

func readElements(decoder *json.Decoder, depth int) (any, error) {
	elements := []any{}
	for decoder.More() {
		element, err := readValue(decoder, depth+1)
		if err != nil {
			return nil, err
		}
		elements = append(elements, element)
	}
	_, err := decoder.Token()

	return elements, err
}

// checkDecoded refuses the replacement character, which is what the decoder
// makes of broken UTF-8 and of lone surrogates: different texts would become the
// same one.
func checkDecoded(text string) error {
	if strings.ContainsRune(text, utf8.RuneError) {
		return errNotUTF8
	}

	return nil
}

// hasLookalike reports whether a member differs from a known name in nothing
// but case. Readers that ignore case would take one for the other.
func (o object) hasLookalike(known []string) bool {
	for name := range o {
		for _, k := range known {
			if name != k && strings.EqualFold(name, k) {
				return true
			}
		}
	}

	return false
}
