package channel

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/notify"
)

// mailbox is an SMTP server that keeps what it is given.
type mailbox struct {
	mu       sync.Mutex
	received [][]byte
	to       []string
	refuse   error
	password string
}

// NewSession begins a conversation.
func (m *mailbox) NewSession(*smtp.Conn) (smtp.Session, error) { return &session{m}, nil }

type session struct{ box *mailbox }

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }
func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != "weir" || password != s.box.password {
			return errors.New("wrong password")
		}
		return nil
	}), nil
}
func (s *session) Mail(string, *smtp.MailOptions) error { return s.box.refuse }
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.box.mu.Lock()
	defer s.box.mu.Unlock()
	s.box.to = append(s.box.to, to)
	return nil
}
func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	s.box.mu.Lock()
	defer s.box.mu.Unlock()
	s.box.received = append(s.box.received, raw)
	return err
}
func (s *session) Reset()        {}
func (s *session) Logout() error { return nil }

func (m *mailbox) serve(t *testing.T) string {
	t.Helper()
	server := smtp.NewServer(m)
	server.Domain, server.AllowInsecureAuth = "mail.test", true
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return listener.Addr().String()
}

func TestMailArrivesInHTMLAndText(t *testing.T) {
	t.Parallel()
	box := &mailbox{password: "p w"}
	m, err := ParseMail(fmt.Sprintf("smtp://weir:p%%20w@%s?from=alerts@weir.example", box.serve(t)))
	require.NoError(t, err)
	s := New(Options{Mail: m})
	result := s.Send(t.Context(), message(notify.Email, "Ops <ops@acme.example>, b@acme.example"))
	require.Empty(t, result.Error)
	require.Equal(t, 250, result.StatusCode)
	require.Equal(t, []string{"ops@acme.example", "b@acme.example"}, box.to)

	got, err := mail.ReadMessage(bytes.NewReader(box.received[0]))
	require.NoError(t, err)
	subject, err := new(mime.WordDecoder).DecodeHeader(got.Header.Get("Subject"))
	require.NoError(t, err)
	require.Equal(t, "Issue opened: Tokens of <Salesforce> expired", subject)
	require.Contains(t, got.Header.Get("From"), "alerts@weir.example")
	require.Contains(t, got.Header.Get("Message-ID"), "dlv_1@")
	require.Contains(t, got.Header.Get("References"), "subject@")
	require.Equal(t, "auto-generated", got.Header.Get("Auto-Submitted"))
	parts := parts(t, got)
	require.Len(t, parts, 2)
	for _, part := range []string{"Seen 7 times", "2026-03-02 11:58:00 UTC", "Salesforce", "1. Sign in again.", "https://help.example.com/?a=1&b=2", "GET /x: 401", `{"error":"<expired>"}`, "https://weir.example/issues/iss_1", "Acme <Corp> and 2 more"} {
		require.Contains(t, parts["text/plain"], part)
	}
	for _, part := range []string{"Acme &lt;Corp&gt; and 2 more", "<li>Sign in again.", `href="https://weir.example/issues/iss_1"`, "&lt;expired&gt;"} {
		require.Contains(t, parts["text/html"], part)
	}
	require.NotContains(t, parts["text/html"], "<Corp>")
}

func parts(t *testing.T, m *mail.Message) map[string]string {
	t.Helper()
	kind, parameters, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	require.NoError(t, err)
	require.Equal(t, "multipart/alternative", kind)
	r := multipart.NewReader(m.Body, parameters["boundary"])
	out := map[string]string{}
	for {
		p, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			return out
		}
		require.NoError(t, err)
		require.Equal(t, "quoted-printable", p.Header.Get("Content-Transfer-Encoding"))
		text, err := io.ReadAll(quotedprintable.NewReader(p))
		require.NoError(t, err)
		kind, _, err := mime.ParseMediaType(p.Header.Get("Content-Type"))
		require.NoError(t, err)
		out[kind] = string(text)
	}
}

func TestWhatAMailServerAnswersIsKept(t *testing.T) {
	t.Parallel()
	box := &mailbox{refuse: &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "no mail from you"}}
	m, err := ParseMail("smtp://" + box.serve(t))
	require.NoError(t, err)
	s := New(Options{Mail: m})
	result := s.Send(t.Context(), message(notify.Email, "ops@acme.example"))
	require.Equal(t, 550, result.StatusCode)
	require.Contains(t, result.Error, "no mail from you")
	require.True(t, result.Content)
	box.refuse = &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "later"}
	result = s.Send(t.Context(), message(notify.Email, "ops@acme.example"))
	require.Equal(t, 451, result.StatusCode)
	require.False(t, result.Content)

	wrong, err := ParseMail("smtp://weir:wrong@" + box.serve(t))
	require.NoError(t, err)
	require.NotEmpty(t, New(Options{Mail: wrong}).Send(t.Context(), message(notify.Email, "ops@acme.example")).Error)
	require.Contains(t, New(Options{}).Send(t.Context(), message(notify.Email, "ops@acme.example")).Error, "WEIR_SMTP_URL")
}

func TestSettingsOfAMailServer(t *testing.T) {
	t.Parallel()
	for _, wrong := range []string{"", "mail.example.com", "http://mail.example.com", "smtp://", "smtp://mail.example.com?from=nobody"} {
		_, err := ParseMail(wrong)
		require.Error(t, err, wrong)
	}
	for _, right := range []string{"smtp://mail.example.com", "smtps://u:p@mail.example.com:4650?from=Weir%20%3Cw@example.com%3E"} {
		_, err := ParseMail(right)
		require.NoError(t, err, right)
	}
}

// Nothing that a sender of events chose becomes a header or a recipient.
func TestNothingIsInjectedIntoMail(t *testing.T) {
	t.Parallel()
	box := &mailbox{}
	m, err := ParseMail("smtp://" + box.serve(t))
	require.NoError(t, err)
	evil := message(notify.Email, "ops@acme.example")
	evil.Payload = []byte(`{"type":"test","timestamp":"2026-03-02T12:00:00Z","data":{"title":"x\r\nBcc: all@example.com\r\n\r\n<script>alert(1)</script>"}}`)
	require.Empty(t, New(Options{Mail: m}).Send(t.Context(), evil).Error)
	got, err := mail.ReadMessage(bytes.NewReader(box.received[0]))
	require.NoError(t, err)
	require.Empty(t, got.Header.Get("Bcc"))
	require.Equal(t, []string{"ops@acme.example"}, box.to)
	require.False(t, strings.Contains(parts(t, got)["text/html"], "<script>"))
}
