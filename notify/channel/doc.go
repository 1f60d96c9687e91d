// Package channel sends notifications: by webhooks after the Standard Webhooks specification, by Slack's incoming webhooks,
// and by e-mail. It knows HTTP and SMTP, and asks package reach before each connection over HTTP.
package channel
