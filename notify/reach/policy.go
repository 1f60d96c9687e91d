package reach

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"syscall"
)

// ErrRefused is that of an address that notifications must not go to.
var ErrRefused = errors.New("this address is private or reserved, and WEIR_NOTIFY_ALLOW_CIDRS does not allow it")

// Policy says which addresses may be reached. The zero Policy allows public ones only.
type Policy struct{ allowed []netip.Prefix }

// Parse makes the policy that allows networks beside public addresses, such as 10.0.0.0/8 or fd00::/8.
func Parse(cidrs []string) (*Policy, error) {
	p := &Policy{}
	for _, text := range cidrs {
		prefix, err := netip.ParsePrefix(strings.TrimSpace(text))
		if err != nil {
			return nil, fmt.Errorf("%q is no network such as 10.0.0.0/8", text)
		}
		if prefix.Addr().Is4In6() {
			return nil, fmt.Errorf("%q: write an IPv4 network as such", text)
		}
		p.allowed = append(p.allowed, prefix.Masked())
	}
	return p, nil
}

// Any tells whether the operator allows any network.
func (p *Policy) Any() bool { return len(p.allowed) > 0 }

// Allowed tells whether the operator allows the address by name of its network. Where an IPv6 address stands for an
// IPv4 one, both must not be reserved, or one of them be allowed.
func (p *Policy) Allowed(a netip.Addr) bool {
	for _, form := range forms(a) {
		for _, prefix := range p.allowed {
			if prefix.Contains(form) {
				return true
			}
		}
	}
	return false
}

// Check is ErrRefused for an address that must not be reached.
func (p *Policy) Check(a netip.Addr) error {
	if !a.IsValid() {
		return ErrRefused
	}
	if p.Allowed(a) {
		return nil
	}
	for _, form := range forms(a) {
		if reserved(form) {
			return ErrRefused
		}
	}
	return nil
}

// Control refuses connections, for a net.Dialer: it is called with each address that is about to be connected to.
func (p *Policy) Control(_, address string, _ syscall.RawConn) error {
	return p.control(address, p.Check)
}

// ControlAllowed is Control for connections in clear: only what the operator allows.
func (p *Policy) ControlAllowed(_, address string, _ syscall.RawConn) error {
	return p.control(address, func(a netip.Addr) error {
		if !p.Allowed(a) {
			return errors.New("only https may go to an address that WEIR_NOTIFY_ALLOW_CIDRS does not allow")
		}
		return nil
	})
}

func (p *Policy) control(address string, check func(netip.Addr) error) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return ErrRefused
	}
	return check(at.Addr())
}

func prefixes(list ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(list))
	for i, text := range list {
		out[i] = netip.MustParsePrefix(text)
	}
	return out
}

var (
	// reserved4 are IANA's special-purpose IPv4 addresses, multicast, and where a cloud answers its own machines.
	reserved4 = prefixes(
		"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
		"192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24",
		"203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4", "168.63.129.16/32",
	)
	// global6 is what is public of IPv6, reserved6 what of it is not.
	global6   = netip.MustParsePrefix("2000::/3")
	reserved6 = prefixes("2001::/23", "2001:db8::/32", "3fff::/20")

	nat64   = prefixes("64:ff9b::/96", "64:ff9b:1::/48")
	sixTo4  = netip.MustParsePrefix("2002::/16")
	compat6 = netip.MustParsePrefix("::/96")
)

// forms are the address and, if it stands for another, that one: IPv4 in IPv6, by 6to4, by NAT64.
func forms(a netip.Addr) []netip.Addr {
	a = a.WithZone("").Unmap()
	if a.Is4() {
		return []netip.Addr{a}
	}
	b := a.As16()
	switch {
	case nat64[0].Contains(a), nat64[1].Contains(a), compat6.Contains(a):
		return []netip.Addr{a, netip.AddrFrom4([4]byte(b[12:16]))}
	case sixTo4.Contains(a):
		return []netip.Addr{a, netip.AddrFrom4([4]byte(b[2:6]))}
	}
	return []netip.Addr{a}
}

func reserved(a netip.Addr) bool {
	list := reserved4
	if a.Is6() {
		if nat64[0].Contains(a) {
			return false // It is what it stands for.
		}
		if !global6.Contains(a) {
			return true
		}
		list = reserved6
	}
	for _, prefix := range list {
		if prefix.Contains(a) {
			return true
		}
	}
	return false
}
