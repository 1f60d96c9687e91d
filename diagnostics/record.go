package diagnostics

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// record is one call as it is written down: bare, or as an event of the type api_request, whose data are one level down.
type record struct {
	ID, Provider, Direction, Method, URL string
	Status                               json.RawMessage
	RequestBody                          json.RawMessage `json:"request_body"`
	ResponseHeaders                      fields          `json:"response_headers"`
	ResponseBody                         json.RawMessage `json:"response_body"`
	TransportError                       string          `json:"transport_error"`

	Type, Integration string
	Data              *struct {
		Direction, Method, URL string
		Request, Response      struct {
			Status  int
			Headers fields
			Body    json.RawMessage
		}
		Error json.RawMessage
	}
}

// ReadRecord reads one call: {"id","provider","method","url","status","response_headers","response_body",
// "transport_error"}, or an event of the type api_request. Bodies are texts, or JSON. Errors say what is wrong with the
// line.
func ReadRecord(line []byte) (*Observation, error) {
	var r record
	if err := json.Unmarshal(line, &r); err != nil {
		return nil, fmt.Errorf("not a log entry: %w", err)
	}
	if r.Data != nil {
		return r.event()
	}
	o := &Observation{
		ID: r.ID, Provider: r.Provider, Direction: r.Direction, Method: r.Method, URL: r.URL, Headers: r.ResponseHeaders,
		Request: bodyText(r.RequestBody), Body: bodyText(r.ResponseBody), TransportError: r.TransportError,
	}
	if len(r.Status) > 0 && string(r.Status) != "null" {
		if err := json.Unmarshal(r.Status, &o.Status); err != nil {
			return o, errors.New("status: expected a number")
		}
	}
	return o, nil
}

func (r *record) event() (*Observation, error) {
	d := r.Data
	o := &Observation{
		ID: r.ID, Provider: r.Integration, Direction: d.Direction, Method: d.Method, URL: d.URL, Status: d.Response.Status, Headers: d.Response.Headers,
		Request: bodyText(d.Request.Body), Body: bodyText(d.Response.Body),
	}
	if r.Type != "" && r.Type != "api_request" {
		return o, fmt.Errorf("type: %q is not api_request", r.Type)
	}
	var status string
	if json.Unmarshal(r.Status, &status) == nil {
		o.Failed = status == "failure"
	}
	var problem struct{ Kind, Code, Message string }
	if len(d.Error) > 0 && json.Unmarshal(d.Error, &problem) != nil {
		problem.Message = bodyText(d.Error)
	}
	o.TransportError = strings.TrimSpace(strings.Join([]string{problem.Kind, problem.Code, problem.Message}, " "))
	return o, nil
}

// bodyText is the text of a body: what a JSON string says, or the JSON itself.
func bodyText(raw json.RawMessage) string {
	raw = bytes.TrimSpace(raw)
	var text string
	switch {
	case len(raw) == 0 || string(raw) == "null":
		return ""
	case raw[0] == '"' && json.Unmarshal(raw, &text) == nil:
		return text
	}
	return string(raw)
}

// fields are headers: an object of texts or of lists of texts, or a list of objects with name and value.
type fields []Header

// UnmarshalJSON reads both forms; what is no text is left out.
func (f *fields) UnmarshalJSON(raw []byte) error {
	var list []struct{ Name, Value string }
	if json.Unmarshal(raw, &list) == nil {
		for _, h := range list {
			*f = append(*f, Header{Name: h.Name, Value: h.Value})
		}
		return nil
	}
	var object map[string]any
	if err := json.Unmarshal(raw, &object); err != nil {
		return errors.New("headers: expected an object or a list")
	}
	for name, value := range object {
		switch v := value.(type) {
		case string:
			*f = append(*f, Header{Name: name, Value: v})
		case []any:
			for _, one := range v {
				*f = append(*f, Header{Name: name, Value: fmt.Sprint(one)})
			}
		}
	}
	return nil
}
