package app

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/url"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/internal/config"
	"github.com/weirhq/weir/live"
	"github.com/weirhq/weir/notify"
	"github.com/weirhq/weir/notify/alarm"
	"github.com/weirhq/weir/notify/channel"
	"github.com/weirhq/weir/notify/reach"
	"github.com/weirhq/weir/statistics"
)

// notificationDays is how long what was told is kept, in days.
const notificationDays = 30

// openNotifications makes the stores of notifications and alarms. wake is called with each tenant that there is
// something to tell.
func openNotifications(a *App, figures *statistics.Store, wake func(uuid.UUID)) (*notify.Store, *alarm.Store, error) {
	key, err := base64.StdEncoding.DecodeString(a.cfg.EncryptionKey)
	if err != nil {
		return nil, nil, fmt.Errorf("WEIR_ENCRYPTION_KEY cannot be read: %w", err)
	}
	log := a.log.With("component", "notify")
	allow, mail, err := notifySettings(&a.cfg.Notify)
	if err != nil {
		return nil, nil, err
	}
	told, err := notify.NewStore(a.door, notify.Options{
		Key: key, Reach: allow, Sender: channel.New(channel.Options{Reach: allow, Mail: mail, Version: a.opt.Version}), Mail: mail != nil,
		PublicURL: a.cfg.PublicURL, Wake: wake, Log: log, Now: time.Now,
	})
	if err != nil {
		return nil, nil, err
	}
	return told, alarm.NewStore(a.door, alarm.Options{Figures: figures, Teller: told, Committed: a.hint(live.AlarmStream), Log: log, Now: time.Now}), nil
}

// notifySettings reads the settings, and says which of them cannot be.
func notifySettings(cfg *config.Notify) (allow *reach.Policy, mail *channel.Mail, err error) {
	if cfg.PublicURL != "" {
		if u, err := url.Parse(cfg.PublicURL); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			return nil, nil, fmt.Errorf("WEIR_PUBLIC_URL cannot be read: it must be such as https://weir.example.com")
		}
	}
	if allow, err = reach.Parse(cfg.AllowCIDRs); err != nil {
		return nil, nil, fmt.Errorf("WEIR_NOTIFY_ALLOW_CIDRS cannot be read: %w", err)
	}
	if cfg.SMTPURL != "" {
		if mail, err = channel.ParseMail(cfg.SMTPURL); err != nil {
			return nil, nil, fmt.Errorf("WEIR_SMTP_URL cannot be read: %w", err)
		}
	}
	return allow, mail, nil
}

// notificationJobs are notifications and alarms as the jobs see them.
type notificationJobs struct {
	notifications *notify.Store
	alarms        *alarm.Store
}

func (j notificationJobs) Deliver(ctx context.Context) (time.Time, error) {
	return j.notifications.Deliver(ctx)
}

func (j notificationJobs) Evaluate(ctx context.Context) error { return j.alarms.Evaluate(ctx) }
