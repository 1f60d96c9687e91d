package segment

import "github.com/weirhq/weir/journal/entry"

// eachText gives look the texts of an entry that searches look in, and whether each has JSON's escapes, until it says
// to stop. Encoder gives the words of the same texts to the Bloom filter: addList those of the head and the list,
// bodyWriter those of the detail, headers once for each frame.
func eachText(e *entry.Entry, look func(s string, json bool) bool) {
	if !eachListText(e, look) || e.Detail == nil {
		return
	}
	d := e.Detail
	for _, b := range []*entry.Body{d.RequestBody, d.ResponseBody} {
		if b != nil && !b.Base64 && !look(b.Text, isJSON(b.Text)) {
			return
		}
	}
	for _, headers := range [][]entry.Header{d.RequestHeaders, d.ResponseHeaders} {
		for i := range headers {
			if !look(headers[i].Name, false) || !look(headers[i].Value, false) {
				return
			}
		}
	}
	look(text(d.Metadata), true)
}

// eachListText is eachText without the detail; false when it was stopped.
func eachListText(e *entry.Entry, look func(s string, json bool) bool) bool {
	for _, s := range [...]string{
		e.URL, e.Message, e.ErrorCode, e.EventType, e.ExternalID, e.RecordID, e.SkipCode, e.SkipMessage,
	} {
		if !look(s, false) {
			return false
		}
	}
	for i := range e.Identifiers {
		if !look(e.Identifiers[i].Value, false) {
			return false
		}
	}
	if e.Webhook != nil && !look(e.Webhook.Rejection, false) {
		return false
	}
	t := e.Transaction
	return t == nil || look(t.From, false) && look(t.To, false) && look(t.PayloadType, false) && look(t.BusinessFlowID, false)
}

// addList adds the words of an entry's head and list.
func (w *wordSet) addList(e *entry.Entry) {
	eachListText(e, func(s string, json bool) bool {
		w.eachWord(s, json)
		return true
	})
}
