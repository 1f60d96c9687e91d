package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/weirhq/weir/internal/follow"
)

type tailCmd struct {
	URL string `default:"http://127.0.0.1:8080" env:"WEIR_URL" help:"Address of a running service."`
	Key string `required:"" env:"WEIR_API_KEY" help:"An API key with the scope read, or a token."`

	Kind        []string `help:"Only of these kinds: api_request, external_webhook, external_event_pull, external_event, internal_event, flow_run, transaction."`
	Status      []string `help:"Only with these statuses: success, failure, pending, unknown."`
	Customer    []string `help:"Only of these customers, by id."`
	Integration []string `help:"Only of these integrations, by id."`
	Method      []string `help:"Only with these HTTP methods."`
	Endpoint    string   `help:"Only with this prefix of the endpoint or of the URL's path."`
	ErrorCode   []string `help:"Only with these error codes."`
	Search      string   `help:"Only with these words in the URL, error, message, headers or bodies."`
	Identifier  string   `help:"Only with this business id." placeholder:"[KEY=]VALUE"`
	FlowRun     string   `name:"run" help:"Only what belongs to this flow run, by id."`
	Trace       string   `help:"Only of this W3C trace."`

	After string `help:"Begin behind this cursor, as --json prints it; without it, now." placeholder:"CURSOR"`
	JSON  bool   `name:"json" help:"Print one JSON object a line."`
	Color string `enum:"auto,always,never" default:"auto" help:"Colour lines by status: auto, always or never."`
	Count int    `help:"Stop after so many entries; 0 for never."`
}

func (c *tailCmd) Run(ctx context.Context, std streams) error {
	filter := map[string]any{}
	for name, list := range map[string][]string{"kinds": upper(c.Kind), "statuses": upper(c.Status), "customerIds": c.Customer, "integrationIds": c.Integration,
		"methods": c.Method, "errorCodes": c.ErrorCode} {
		if len(list) > 0 {
			filter[name] = list
		}
	}
	for name, text := range map[string]string{"endpoint": c.Endpoint, "search": c.Search, "flowRunId": c.FlowRun, "traceId": c.Trace} {
		if text != "" {
			filter[name] = text
		}
	}
	if c.Identifier != "" {
		filter["identifier"] = identifierOf(c.Identifier)
	}
	colored := c.Color == "always" || c.Color == "auto" && isTerminal(std.out) && os.Getenv("NO_COLOR") == ""
	left := c.Count
	err := follow.Logs(ctx, follow.Config{
		URL: c.URL, Key: c.Key, Filter: filter, After: c.After,
		Lost: func(why error, retry time.Duration) {
			fmt.Fprintf(std.err, "weir: %v; trying again in %s\n", why, retry)
		},
		Each: func(e *follow.Entry) error {
			line := e.Line(colored)
			if c.JSON {
				line = e.JSON()
			}
			if _, err := fmt.Fprintln(std.out, line); err != nil {
				return err
			}
			if left--; left == 0 {
				return errEnough
			}
			return nil
		},
	})
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

var errEnough = errors.New("as many as were asked for")

func upper(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = strings.ToUpper(s)
	}
	return out
}

func identifierOf(text string) map[string]any {
	if key, value, ok := strings.Cut(text, "="); ok {
		return map[string]any{"key": key, "value": value}
	}
	return map[string]any{"value": text}
}

// isTerminal tells whether something is printed to a terminal.
func isTerminal(out any) bool {
	file, ok := out.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
