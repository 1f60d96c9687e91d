// Package reach says where notifications may go: to public addresses, and to the networks that the operator allows. What
// a target says of itself is refused when it is made, in any notation. What its name turns out to mean is refused when a
// connection is made, after DNS, for each connection anew, so that neither a name that changes nor a redirect gets
// further than the target itself would have.
package reach
