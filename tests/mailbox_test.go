package tests

import (
	"bytes"
	"context"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"
)

// mailbox is the mail server that the shared service gives its e-mail to. Tests have addresses of their own.
type mailbox struct {
	server *smtp.Server
	addr   string

	mu  sync.Mutex
	got map[string][][]byte
}

func startMailbox(ctx context.Context) (*mailbox, error) {
	m := &mailbox{got: map[string][][]byte{}}
	m.server = smtp.NewServer(m)
	m.server.Domain, m.server.ReadTimeout, m.server.WriteTimeout = "mail.test", time.Minute, time.Minute
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	m.addr = listener.Addr().String()
	go func() { _ = m.server.Serve(listener) }()
	return m, nil
}

// NewSession begins a conversation.
func (m *mailbox) NewSession(*smtp.Conn) (smtp.Session, error) { return &mailSession{box: m}, nil }

type mailSession struct {
	box *mailbox
	to  []string
}

func (s *mailSession) Mail(string, *smtp.MailOptions) error { return nil }
func (s *mailSession) Reset()                               { s.to = nil }
func (s *mailSession) Logout() error                        { return nil }

func (s *mailSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = append(s.to, to)
	return nil
}

func (s *mailSession) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	s.box.mu.Lock()
	defer s.box.mu.Unlock()
	for _, to := range s.to {
		s.box.got[to] = append(s.box.got[to], raw)
	}
	return err
}

// letters waits for so many letters to an address.
func (m *mailbox) letters(t *testing.T, to string, n int) (list []letter) {
	t.Helper()
	var raw [][]byte
	eventually(t, patience, "the letter arrives", func(context.Context) bool {
		m.mu.Lock()
		defer m.mu.Unlock()
		raw = m.got[to]
		return len(raw) >= n
	})
	for _, one := range raw {
		list = append(list, open(t, one))
	}
	return list
}

// letter is an e-mail that was opened.
type letter struct {
	header     mail.Header
	subject    string
	text, html string
	raw        string
}

func open(t *testing.T, raw []byte) letter {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	require.NoError(t, err)
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	require.NoError(t, err)
	kind, parameters, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	require.NoError(t, err)
	require.Equal(t, "multipart/alternative", kind)
	out := letter{header: m.Header, subject: subject, raw: string(raw)}
	parts := multipart.NewReader(m.Body, parameters["boundary"])
	for _, into := range []*string{&out.text, &out.html} {
		part, err := parts.NextRawPart()
		require.NoError(t, err)
		body, err := io.ReadAll(quotedprintable.NewReader(part))
		require.NoError(t, err)
		*into = string(body)
	}
	return out
}
