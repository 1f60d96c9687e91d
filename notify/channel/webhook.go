package channel

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/weirhq/weir/notify"
)

// webhook posts the payload as it is, signed by every secret that is valid.
func (s *Sender) webhook(ctx context.Context, m *notify.Message) notify.Result {
	var signatures []string
	for _, secret := range m.Secrets {
		key, err := standardwebhooks.NewWebhook(secret)
		if err != nil {
			return failure("the endpoint's secret cannot be read")
		}
		signature, err := key.Sign(m.ID, m.At, m.Payload)
		if err != nil {
			return failure("the payload cannot be signed")
		}
		signatures = append(signatures, signature)
	}
	if len(signatures) == 0 {
		return failure("the endpoint's secret cannot be read: was WEIR_ENCRYPTION_KEY changed?")
	}
	headers := http.Header{}
	// The specification has them in small letters; HTTP does not mind.
	headers.Set(standardwebhooks.HeaderWebhookID, m.ID)
	headers.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(m.At.Unix(), 10))
	headers.Set(standardwebhooks.HeaderWebhookSignature, strings.Join(signatures, " "))
	return s.post(ctx, m.Target, m.Payload, headers)
}
