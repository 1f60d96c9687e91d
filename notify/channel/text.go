package channel

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/weirhq/weir/notify"
)

// letter is a payload in the parts that messages to people are made of.
type letter struct {
	notify.Payload
	// Label says the kind, such as "Issue opened", and Facts what, who and since when.
	Label string
	Facts []fact
}

type fact struct{ Name, Value string }

var labels = map[string]string{
	"issue.opened": "Issue opened", "issue.reopened": "Issue reopened", "issue.resolved": "Issue resolved", "alarm.firing": "Alarm",
	"alarm.resolved": "Alarm resolved", "connected_app.status_changed": "Connected app", "flow_run.failed": "Flow run failed",
	"endpoint.disabled": "Endpoint disabled", "test": "Test", "digest": "Digest",
}

func newLetter(payload []byte) (*letter, error) {
	l := &letter{}
	if err := json.Unmarshal(payload, &l.Payload); err != nil {
		return nil, fmt.Errorf("read a payload: %w", err)
	}
	l.Label = labels[l.Type]
	d := &l.Data
	add := func(name, value string) {
		if value != "" {
			l.Facts = append(l.Facts, fact{name, value})
		}
	}
	if d.Integration != nil {
		add("Integration", d.Integration.Name)
	}
	if d.Flow != nil {
		add("Flow", d.Flow.Name)
	}
	add("Affected", affected(d))
	if d.Since != nil {
		add("Since", moment(*d.Since))
	}
	if d.ResolvedAt != nil {
		add("Resolved", moment(*d.ResolvedAt))
	}
	add("Severity", d.Severity)
	add("Category", d.Category)
	add("Can be mended by", strings.ToLower(d.ResolvedBy))
	return l, nil
}

// subject is the letter in a line.
func (l *letter) subject() string { return fmt.Sprintf("%s: %s", l.Label, l.Data.Title) }

func moment(at time.Time) string { return at.UTC().Format("2006-01-02 15:04:05 UTC") }

// affected names customers, as many as fit, and counts the rest.
func affected(d *notify.Data) string {
	var names []string
	for _, c := range d.Customers {
		names = append(names, c.Name)
	}
	text := strings.Join(names, ", ")
	more := d.CustomerCount - len(names)
	switch {
	case more <= 0:
		return text
	case text == "" && more == 1:
		return "1 customer"
	case text == "":
		return fmt.Sprintf("%d customers", more)
	}
	return fmt.Sprintf("%s and %d more", text, more)
}
