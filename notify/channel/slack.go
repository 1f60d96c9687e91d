package channel

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/weirhq/weir/notify"
)

// The limits are Slack's, of characters.
const (
	slackHeader  = 150
	slackSection = 3000
	slackExcerpt = 2000 // leaves room for what stands around it
	slackField   = 2000
	slackFields  = 10
)

type block struct {
	Type     string    `json:"type"`
	Text     *text     `json:"text,omitempty"`
	Fields   []text    `json:"fields,omitempty"`
	Elements []element `json:"elements,omitempty"`
}

type text struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

type element struct {
	Type string `json:"type"`
	Text any    `json:"text"`
	URL  string `json:"url,omitempty"`
}

// slack posts a message in Slack's Block Kit.
func (s *Sender) slack(ctx context.Context, m *notify.Message) notify.Result {
	l, err := newLetter(m.Payload)
	if err != nil {
		return failure("the payload cannot be read")
	}
	body, err := json.Marshal(map[string]any{"text": escape(l.subject()), "blocks": l.blocks()})
	if err != nil {
		return failure("the message cannot be written")
	}
	return s.post(ctx, m.Target, body, http.Header{})
}

// blocks are what, who and since when, why, the steps, the evidence and a link.
func (l *letter) blocks() []block {
	d := &l.Data
	out := []block{{Type: "header", Text: &text{"plain_text", shorten(mark(l)+l.subject(), slackHeader)}}}
	section := func(markdown string) {
		if markdown != "" {
			out = append(out, block{Type: "section", Text: &text{"mrkdwn", shorten(markdown, slackSection)}})
		}
	}
	section(escape(d.Summary))
	var fields []text
	for _, f := range l.Facts[:min(len(l.Facts), slackFields)] {
		fields = append(fields, text{"mrkdwn", shorten(fmt.Sprintf("*%s*\n%s", f.Name, escape(f.Value)), slackField)})
	}
	if len(fields) > 0 {
		out = append(out, block{Type: "section", Fields: fields})
	}
	section(escape(d.Cause))
	section(steps(d.Steps))
	for _, e := range d.Evidence {
		quoted := ""
		if e.Excerpt != "" {
			quoted = "\n```" + shorten(strings.ReplaceAll(escape(e.Excerpt), "```", "'''"), slackExcerpt) + "```"
		}
		section(fmt.Sprintf("*%s*  %s%s", escape(e.Summary), moment(e.At), quoted))
	}
	section(digestLines(d))
	if d.URL != "" {
		out = append(out, block{Type: "actions", Elements: []element{{Type: "button", Text: text{"plain_text", "Open in Weir"}, URL: d.URL}}})
	}
	return append(out, block{Type: "context", Elements: []element{{Type: "mrkdwn", Text: escape(l.Type) + "  " + moment(l.Timestamp)}}})
}

func mark(l *letter) string {
	switch {
	case strings.HasSuffix(l.Type, ".resolved") || l.Data.Status == "CONNECTED":
		return "\u2705 " // A white check mark on green.
	case l.Data.Severity == "CRITICAL" || l.Data.Severity == "ERROR":
		return "\U0001F534 " // A red circle.
	case l.Data.Severity == "WARNING":
		return "\U0001F7E0 " // An orange one.
	}
	return ""
}

func steps(list []notify.Step) string {
	var out strings.Builder
	for i, s := range list {
		fmt.Fprintf(&out, "%d. %s", i+1, escape(s.Text))
		if s.URL != "" {
			fmt.Fprintf(&out, " <%s|more>", escape(s.URL))
		}
		out.WriteString("\n")
	}
	return strings.TrimSpace(out.String())
}

// digestLines are the counts and items of a digest.
func digestLines(d *notify.Data) string {
	var out strings.Builder
	for _, line := range counts(d) {
		out.WriteString(line + "\n")
	}
	for _, i := range d.Items {
		title := escape(i.Title)
		if i.URL != "" {
			title = fmt.Sprintf("<%s|%s>", escape(i.URL), title)
		}
		fmt.Fprintf(&out, "• %s: %s\n", labels[i.Type], title)
	}
	return strings.TrimSpace(out.String())
}

// counts says how many there are of each type, in the order of the types.
func counts(d *notify.Data) (lines []string) {
	var types []string
	for t := range d.Counts {
		types = append(types, t)
	}
	slices.Sort(types)
	for _, t := range types {
		lines = append(lines, fmt.Sprintf("%d × %s", d.Counts[t], labels[t]))
	}
	return lines
}

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// escape leaves nothing in a text that Slack would take for a link or a mention.
func escape(s string) string { return escaper.Replace(s) }

// shorten cuts a text to so many characters.
func shorten(s string, most int) string {
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most-1]) + "…"
}
