// Package trial tries a redaction policy on what is kept before anybody saves it: how many of the tenant's last entries
// it would have changed, and how.
//
// What is kept has been redacted by the policy of its time and cut, so a trial shows what a policy takes away beside
// that, and not what another one would have left in.
package trial
