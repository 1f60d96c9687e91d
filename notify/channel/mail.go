package channel

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"net"
	"net/mail"
	"net/url"
	"strconv"
	texttemplate "text/template"
	"time"

	gomail "github.com/wneessen/go-mail"

	_ "embed" // for the templates

	"github.com/weirhq/weir/notify"
)

// Mail is the mail server that e-mail is given to.
type Mail struct {
	host string
	from *mail.Address
	opts []gomail.Option
}

// ParseMail reads WEIR_SMTP_URL: smtp://user:password@host:port?from=weir@example.com, or smtps:// for TLS from the first
// byte. smtp:// uses STARTTLS where the server has it, and insists on it when there is a password for elsewhere than this
// machine.
func ParseMail(text string) (*Mail, error) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.Scheme != "smtp" && u.Scheme != "smtps" {
		return nil, errors.New("it must be such as smtp://user:password@mail.example.com:587?from=weir@example.com")
	}
	m := &Mail{host: u.Hostname(), from: &mail.Address{Name: "Weir", Address: "weir@" + u.Hostname()}}
	if from := u.Query().Get("from"); from != "" {
		if m.from, err = mail.ParseAddress(from); err != nil {
			return nil, fmt.Errorf("from=%s is no e-mail address", from)
		}
	}
	m.opts = []gomail.Option{gomail.WithTimeout(timeout), gomail.WithoutNoop()}
	port := 587
	policy := gomail.TLSOpportunistic
	if user := u.User.Username(); user != "" {
		password, _ := u.User.Password()
		auth := gomail.SMTPAuthAutoDiscover // Nothing that tells the password without TLS.
		if local(m.host) {
			auth = gomail.SMTPAuthPlain
		} else {
			policy = gomail.TLSMandatory
		}
		m.opts = append(m.opts, gomail.WithSMTPAuth(auth), gomail.WithUsername(user), gomail.WithPassword(password))
	}
	if u.Scheme == "smtps" {
		port = 465
		m.opts = append(m.opts, gomail.WithSSL())
	} else {
		m.opts = append(m.opts, gomail.WithTLSPolicy(policy))
	}
	if p := u.Port(); p != "" {
		if port, err = strconv.Atoi(p); err != nil {
			return nil, fmt.Errorf("%s is no port", p)
		}
	}
	m.opts = append(m.opts, gomail.WithPort(port))
	return m, nil
}

func local(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

//go:embed mail.html.tmpl
var htmlSource string

//go:embed mail.txt.tmpl
var textSource string

var functions = map[string]any{"moment": moment, "counts": func(d notify.Data) []string { return counts(&d) }, "label": func(t string) string { return labels[t] }, "next": func(i int) int { return i + 1 }}

var (
	htmlMail = htmltemplate.Must(htmltemplate.New("html").Funcs(functions).Parse(htmlSource))
	textMail = texttemplate.Must(texttemplate.New("text").Funcs(functions).Parse(textSource))
)

func (m *Mail) send(ctx context.Context, message *notify.Message) notify.Result {
	letter, err := m.write(message)
	if err != nil {
		return failure(err.Error())
	}
	client, err := gomail.NewClient(m.host, m.opts...)
	if err != nil {
		return failure("the mail server's settings do not fit together: " + err.Error())
	}
	if err := client.DialAndSendWithContext(ctx, letter); err != nil {
		out := notify.Result{Error: "the mail server: " + err.Error()}
		if sent, ok := errors.AsType[*gomail.SendError](err); ok {
			out.StatusCode = sent.ErrorCode()
			out.Content = out.StatusCode >= 500
		}
		return out
	}
	return notify.Result{StatusCode: 250}
}

// write puts together a message in HTML and text. Its id is that of the delivery, and all about one subject is one thread.
func (m *Mail) write(message *notify.Message) (*gomail.Msg, error) {
	l, err := newLetter(message.Payload)
	if err != nil {
		return nil, err
	}
	var text, html bytes.Buffer
	if err := errors.Join(textMail.Execute(&text, l), htmlMail.Execute(&html, l)); err != nil {
		return nil, fmt.Errorf("write the e-mail: %w", err)
	}
	msg := gomail.NewMsg()
	msg.FromMailAddress(m.from)
	if err := msg.ToFromString(message.Target); err != nil {
		return nil, fmt.Errorf("the endpoint's addresses cannot be read: %w", err)
	}
	msg.Subject(shorten(l.subject(), 200))
	msg.SetDateWithValue(message.At.Truncate(time.Second))
	msg.SetMessageIDWithValue(message.ID + "@" + m.host)
	msg.SetGenHeader(gomail.HeaderReferences, "<"+message.Thread+"@"+m.host+">")
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetBodyString(gomail.TypeTextPlain, text.String())
	msg.AddAlternativeString(gomail.TypeTextHTML, html.String())
	return msg, nil
}
