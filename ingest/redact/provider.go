package redact

import "bytes"

// provider is the form of a key: a fixed beginning and a run of bytes of a set.
type provider struct {
	prefix string
	tail   charset
	least  int // bytes that the tail has at least
	// keep leaves the prefix: it is an address, and says whose secret it was.
	keep bool
	// exact means that no letter or digit may follow, for short prefixes.
	exact bool
	// anchor is where in the prefix the anchor begins; 0 unless the first three
	// bytes are common in text.
	anchor int
}

// providers are the forms that the providers document, or that their keys have
// without exception. Lengths are a little below the documented ones.
var providers = []provider{
	{prefix: "weir_", tail: words64, least: 32},

	{prefix: "sk_live_", tail: words64, least: 8, anchor: 1}, // Stripe, Paystack
	{prefix: "sk_test_", tail: words64, least: 8, anchor: 1},
	{prefix: "rk_live_", tail: words64, least: 8, anchor: 1},
	{prefix: "rk_test_", tail: words64, least: 8, anchor: 1},
	{prefix: "whsec_", tail: dotted, least: 16},

	{prefix: "xoxa-", tail: words64, least: 8}, // Slack
	{prefix: "xoxb-", tail: words64, least: 8},
	{prefix: "xoxp-", tail: words64, least: 8},
	{prefix: "xoxo-", tail: words64, least: 8},
	{prefix: "xoxr-", tail: words64, least: 8},
	{prefix: "xoxs-", tail: words64, least: 8},
	{prefix: "xoxe-", tail: words64, least: 8},
	{prefix: "xoxe.xox", tail: words64, least: 8},
	{prefix: "xapp-", tail: words64, least: 16},
	{prefix: "xwfp-", tail: words64, least: 16},
	{prefix: "hooks.slack.com/services/", tail: dotted, least: 16, keep: true, anchor: 4},
	{prefix: "hooks.slack.com/workflows/", tail: dotted, least: 16, keep: true, anchor: 4},
	{prefix: "hooks.slack.com/triggers/", tail: dotted, least: 16, keep: true, anchor: 4},
	{prefix: "discord.com/api/webhooks/", tail: dotted, least: 16, keep: true, anchor: 6},
	{prefix: "discordapp.com/api/webhooks/", tail: dotted, least: 16, keep: true, anchor: 9},
	{prefix: "webhook.office.com/webhookb2/", tail: dotted, least: 16, keep: true, anchor: 6},

	{prefix: "ghp_", tail: alnums, least: 16}, // GitHub
	{prefix: "gho_", tail: alnums, least: 16},
	{prefix: "ghu_", tail: alnums, least: 16},
	{prefix: "ghs_", tail: words64 | dotted, least: 16},
	{prefix: "ghr_", tail: alnums, least: 16},
	{prefix: "github_pat_", tail: words64, least: 16, anchor: 5},

	{prefix: "glpat-", tail: words64, least: 16}, // GitLab
	{prefix: "gloas-", tail: words64, least: 16},
	{prefix: "gldt-", tail: words64, least: 16},
	{prefix: "glrt-", tail: words64, least: 16},
	{prefix: "glcbt-", tail: words64, least: 16},
	{prefix: "glptt-", tail: words64, least: 16},
	{prefix: "glft-", tail: words64, least: 16},
	{prefix: "glimt-", tail: words64, least: 16},
	{prefix: "glagent-", tail: words64, least: 16},
	{prefix: "glsoat-", tail: words64, least: 16},

	{prefix: "AKIA", tail: capitals, least: 16, exact: true}, // AWS
	{prefix: "ASIA", tail: capitals, least: 16, exact: true},
	{prefix: "ABIA", tail: capitals, least: 16, exact: true},
	{prefix: "ACCA", tail: capitals, least: 16, exact: true},
	{prefix: "amzn.mws.", tail: words64, least: 32}, // Amazon Selling Partner
	{prefix: "Atza|", tail: dotted, least: 32},
	{prefix: "Atzr|", tail: dotted, least: 32},
	{prefix: "amzn1.oa2-cs.", tail: dotted, least: 32, anchor: 4},

	{prefix: "AIza", tail: words64, least: 30}, // Google
	{prefix: "ya29.", tail: dotted, least: 16},
	{prefix: "GOCSPX-", tail: words64, least: 20},
	{prefix: "1//0", tail: words64, least: 30},

	{prefix: "sk-ant-", tail: words64, least: 16}, // Anthropic, OpenAI and alike
	{prefix: "sk-proj-", tail: words64, least: 16},
	{prefix: "sk-svcacct-", tail: words64, least: 16},
	{prefix: "sk-admin-", tail: words64, least: 16},
	{prefix: "sk-or-v1-", tail: alnums, least: 32},
	{prefix: "sk-", tail: alnums, least: 32, exact: true},
	{prefix: "hf_", tail: alnums, least: 30},
	{prefix: "gsk_", tail: alnums, least: 40},
	{prefix: "r8_", tail: alnums, least: 37},
	{prefix: "xai-", tail: alnums, least: 40},
	{prefix: "pplx-", tail: alnums, least: 40},

	{prefix: "shpat_", tail: alnums, least: 24}, // Shopify
	{prefix: "shpss_", tail: alnums, least: 24},
	{prefix: "shpca_", tail: alnums, least: 24},
	{prefix: "shppa_", tail: alnums, least: 24},
	{prefix: "EAA", tail: words64, least: 50}, // Meta, Square
	{prefix: "sq0atp-", tail: words64, least: 20},
	{prefix: "sq0csp-", tail: words64, least: 40},
	{prefix: "SG.", tail: dotted, least: 40},                         // SendGrid
	{prefix: "SK", tail: hexes, least: 32, exact: true},              // Twilio
	{prefix: "key-", tail: hexes, least: 32, exact: true, anchor: 1}, // Mailgun
	{prefix: "xkeysib-", tail: words64, least: 40},                   // Brevo
	{prefix: "xsmtpsib-", tail: words64, least: 40},
	{prefix: "EZAK", tail: alnums, least: 40}, // EasyPost
	{prefix: "EZTK", tail: alnums, least: 40},
	{prefix: "shippo_live_", tail: alnums, least: 30, anchor: 4},
	{prefix: "shippo_test_", tail: alnums, least: 30, anchor: 4},
	{prefix: "FLWSECK", tail: words64, least: 16},
	{prefix: "access_token$production$", tail: alnums | dotted, least: 16, anchor: 11}, // Braintree
	{prefix: "access_token$sandbox$", tail: alnums | dotted, least: 16, anchor: 11},
	{prefix: "access-sandbox-", tail: words64, least: 32, anchor: 5}, // Plaid
	{prefix: "access-production-", tail: words64, least: 32, anchor: 5},
	{prefix: "access-development-", tail: words64, least: 32, anchor: 5},

	{prefix: "pat-na1-", tail: words64, least: 32, anchor: 4}, // HubSpot
	{prefix: "pat-na2-", tail: words64, least: 32, anchor: 4},
	{prefix: "pat-eu1-", tail: words64, least: 32, anchor: 4},
	{prefix: "pat-ap1-", tail: words64, least: 32, anchor: 4},
	{prefix: "ATATT3", tail: dotted, least: 60}, // Atlassian
	{prefix: "ATCTT3", tail: dotted, least: 60},
	{prefix: "ATBB", tail: alnums, least: 28},
	{prefix: "lin_api_", tail: alnums, least: 32, anchor: 2},
	{prefix: "lin_oauth_", tail: alnums, least: 32, anchor: 2},
	{prefix: "secret_", tail: alnums, least: 40, exact: true, anchor: 4}, // Notion
	{prefix: "ntn_", tail: alnums, least: 40},
	{prefix: "CFPAT-", tail: words64, least: 32},
	{prefix: "figd_", tail: words64, least: 32},
	{prefix: "PMAK-", tail: words64, least: 40},
	{prefix: "tfp_", tail: words64, least: 40},
	{prefix: "sntrys_", tail: dotted, least: 40, anchor: 1},
	{prefix: "sntryu_", tail: alnums, least: 40, anchor: 1},
	{prefix: "NRAK-", tail: alnums, least: 24},
	{prefix: "dt0c01.", tail: dotted, least: 60},
	{prefix: "glsa_", tail: words64, least: 32},
	{prefix: "glc_", tail: dotted, least: 32},

	{prefix: "npm_", tail: alnums, least: 30}, // registries and platforms
	{prefix: "pypi-Ag", tail: words64, least: 30, anchor: 4},
	{prefix: "rubygems_", tail: hexes, least: 40, anchor: 4},
	{prefix: "dop_v1_", tail: hexes, least: 40},
	{prefix: "doo_v1_", tail: hexes, least: 40},
	{prefix: "dor_v1_", tail: hexes, least: 40},
	{prefix: "dapi", tail: hexes, least: 32, exact: true},
	{prefix: "dp.pt.", tail: alnums, least: 40},
	{prefix: "hvs.", tail: words64, least: 24},
	{prefix: "hvb.", tail: words64, least: 24},
	{prefix: "pul-", tail: hexes, least: 40},
	{prefix: "pscale_tkn_", tail: dotted, least: 32},
	{prefix: "pscale_pw_", tail: dotted, least: 32},
	{prefix: "pscale_oauth_", tail: dotted, least: 32},
	{prefix: "HRKU-", tail: words64, least: 32},
	{prefix: "tskey-", tail: words64, least: 20},
	{prefix: "ops_eyJ", tail: dotted, least: 60},
	{prefix: "LTAI", tail: alnums, least: 16, exact: true},
	{prefix: "AGE-SECRET-KEY-1", tail: capitals, least: 50},
	{prefix: "sl.", tail: words64, least: 100}, // Dropbox
}

// match reports the range that p covers when its anchor begins at s[at].
func (p *provider) match(s []byte, at int) (from, to int, ok bool) {
	from = at - p.anchor
	if from < 0 || !bytes.HasPrefix(s[from:], []byte(p.prefix)) || !opens(s, from) {
		return 0, 0, false
	}
	tail := from + len(p.prefix)
	to = run(s, tail, p.tail)
	if to-tail < p.least || p.exact && !closes(s, to) {
		return 0, 0, false
	}
	if p.keep {
		from = tail
	}
	return from, to, true
}
