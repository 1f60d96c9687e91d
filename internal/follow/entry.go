package follow

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Entry is a log entry that was followed.
type Entry struct {
	raw json.RawMessage
	// Cursor is where the entry stands.
	Cursor string
	Shown
}

// Shown is what a line shows of an entry.
type Shown struct {
	ID, Kind, Status, Summary string
	OccurredAt                time.Time
	Customer                  *struct{ ExternalID, Name string }
	Integration               *struct{ Key, Name string }
	Error                     *struct {
		Code    *string
		Message string
	}
}

// JSON is the entry as the service said it, with its cursor, in one line.
func (e *Entry) JSON() string {
	cursor, _ := json.Marshal(e.Cursor) // A string always has a form.
	var line bytes.Buffer
	if json.Compact(&line, e.raw) != nil || line.Len() < 2 {
		return string(e.raw)
	}
	return strings.TrimSuffix(line.String(), "}") + `,"cursor":` + string(cursor) + "}"
}

// The colours of statuses.
var colors = map[string]string{"SUCCESS": "\x1b[32m", "FAILURE": "\x1b[31m", "PENDING": "\x1b[33m", "UNKNOWN": "\x1b[35m"}

const plain = "\x1b[0m"

// Line shows the entry in one line for people. What senders wrote cannot change the terminal.
func (e *Entry) Line(colored bool) string {
	status := fmt.Sprintf("%-7s", e.Status)
	if colored && colors[e.Status] != "" {
		status = colors[e.Status] + status + plain
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s  %-19s  %s", e.OccurredAt.Local().Format("15:04:05.000"), status, strings.ToLower(e.Kind), e.whose())
	b.WriteString("  " + printable(e.Summary))
	if e.Error != nil && !strings.Contains(e.Summary, e.Error.Message) {
		b.WriteString("  " + printable(e.Error.Message))
	}
	return b.String()
}

func (e *Entry) whose() string {
	who, what := "-", "-"
	if e.Customer != nil {
		who = e.Customer.ExternalID
	}
	if e.Integration != nil {
		what = e.Integration.Key
	}
	return printable(who + "/" + what)
}

// longest is how many characters of a text are shown.
const longest = 300

// printable is a text without what a terminal would obey.
func printable(s string) string {
	n := 0
	return strings.Map(func(r rune) rune {
		if n++; n > longest {
			return -1
		}
		if r < ' ' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return ' '
		}
		return r
	}, s)
}
