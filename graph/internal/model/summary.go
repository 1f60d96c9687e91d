package model

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/journal/run"
)

// summaryLimit cuts a summary that would be longer than a line: in runes.
const summaryLimit = 200

// summary says in one line what an entry records, such as "GET /v3/contacts/{id} → 401".
func summary(e *entry.Entry) string {
	var text string
	switch e.Kind {
	case entry.KindAPIRequest:
		text = join(e.Method, cmp.Or(e.Endpoint, e.URL)) + outcome(e)
	case entry.KindExternalWebhook:
		text = join("Webhook", e.Method, cmp.Or(e.Endpoint, e.URL)) + outcome(e)
		if e.Webhook != nil && e.Webhook.Rejection != "" {
			text += ", turned away: " + words(e.Webhook.Rejection)
		}
	case entry.KindExternalEventPull:
		text = "Pull" + pulled(e)
	case entry.KindExternalEvent:
		text = join(e.EventType, e.RecordID) + skipped(e)
	case entry.KindInternalEvent:
		text = e.EventType + skipped(e)
	case entry.KindTransaction:
		t := e.Transaction
		if t == nil {
			t = &entry.Transaction{}
		}
		text = t.From + " → " + t.To
		if e.EventType != "" {
			text += ": " + e.EventType
		}
		if e.Message != "" {
			text += " (" + e.Message + ")"
		}
	}
	return cut(text)
}

func runSummary(flow string, r *run.FlowRun) string {
	text := flow + " " + strings.ToLower(r.Status.String())
	if r.Error != nil {
		text += ": " + cmp.Or(r.Error.Message, r.Error.Code)
	}
	return cut(text)
}

func outcome(e *entry.Entry) string {
	switch {
	case e.ErrorKind != entry.ErrorNone && e.ErrorKind != entry.ErrorHTTP:
		return " → " + strings.ToLower(e.ErrorKind.String()) + detailOf(e)
	case e.StatusCode != 0:
		return " → " + strconv.Itoa(e.StatusCode)
	}
	return ""
}

func detailOf(e *entry.Entry) string {
	if text := cmp.Or(e.Message, e.ErrorCode); text != "" {
		return ": " + text
	}
	return ""
}

func pulled(e *entry.Entry) string {
	switch {
	case e.ErrorKind != entry.ErrorNone:
		return " failed" + detailOf(e)
	case e.Pull == nil:
		return ""
	case e.Pull.EventCount == 1:
		return " found 1 event"
	case e.Pull.EventCount >= 0:
		return " found " + strconv.Itoa(e.Pull.EventCount) + " events"
	}
	return " " + e.Pull.State
}

func skipped(e *entry.Entry) string {
	if e.SkipCode == "" {
		return ""
	}
	return ", skipped: " + words(e.SkipCode)
}

func words(code string) string { return strings.ReplaceAll(code, "_", " ") }

func join(parts ...string) string {
	return strings.Join(strings.Fields(strings.Join(parts, " ")), " ")
}

func cut(text string) string {
	text = strings.TrimSpace(text)
	if len(text) <= summaryLimit {
		return text
	}
	runes := []rune(text)
	if len(runes) <= summaryLimit {
		return text
	}
	return string(runes[:summaryLimit-1]) + "…"
}
