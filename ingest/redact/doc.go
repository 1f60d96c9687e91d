// Package redact takes secrets out of what tenants send, before anything of it
// is kept. It is pure: no database, no HTTP, no clock.
//
// # What is taken out
//
// By name: headers, JSON members, form fields, query parameters, multipart
// parts, XML elements and assignments in text whose name says that the value is
// a credential. By form: JSON Web Tokens, PEM private keys, bearer and basic
// credentials, passwords in URLs, the keys of well-known providers, and payment
// card numbers that pass the Luhn check. And whatever the tenant's own Policy
// names. Each such value becomes [redacted]; every other byte stays as it was.
//
// # The journey of a body
//
// Body looks at the content type and at the first byte and picks a reader: JSON
// (or several values in a row, as in NDJSON), a form, multipart, XML, or plain
// text. A reader goes over the bytes once and notes edits, ranges to replace. A
// text inside the body (a JSON string, a form value) is decoded first, so that
// an escaped secret is found too, and may hold JSON in its turn; its edits are
// carried back to the positions of the encoded text, so that a redacted value
// never changes the spelling of its neighbours. Without an edit the caller gets
// its own slice back and nothing is allocated. JSON that was read already, as
// the bodies of most events were, is not read again: Session.Nodes goes over the
// values that were found then.
//
// Candidates for a form are found by anchors: three bytes that a secret of this
// form must contain. One table lookup a byte tells whether an anchor ends here;
// exact checks run only where one does. A regular expression runs only when the
// tenant's policy has one.
//
// # Redact first, cut second
//
// Give the whole body, then cut what comes out. A body that is cut first may
// keep the first half of a secret whose form can no longer be recognised. An
// event is at most 1 MiB, all readers take linear time, and nesting costs no
// stack, so the whole body is always affordable.
//
// # Names that only look alike
//
// A field is sensitive when its name holds token, secret, password, signature,
// session or api-key as a word, in any spelling (apiKey, API-KEY, api.key), or
// is one of the further names in name.go. These are left readable, for they
// explain failures and open nothing:
//
//   - positions in a listing: next_page_token, syncToken, continuation_token;
//   - facts about a secret: token_type, password_updated_at, session_count,
//     access_token_expires_in, token_endpoint, has_password;
//   - numbers under a plural, or an object of nothing else: total_tokens,
//     max_tokens, sessions;
//   - other things: signature_request, secret_scanning, tokenizer, secretary.
//
// session_id stays sensitive: for many providers it is the credential itself.
// Under a sensitive name any value is replaced, numbers, arrays and objects too,
// but for null, an empty string, true and false: there is nothing to hide, and
// "the token was missing" is what a reader needs to see.
// Headers know no such exceptions: every header whose name holds one of the
// words is redacted.
package redact
