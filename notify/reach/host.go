package reach

import (
	"errors"
	"net/netip"
	"strconv"
	"strings"
)

// ErrName is that of a name that only means something within a network.
var ErrName = errors.New("this name is of a private network")

// privateNames are names, and ends of names, that are never public.
var privateNames = []string{
	"localhost", "local", "localdomain", "internal", "intranet", "lan", "home", "corp", "home.arpa", "in-addr.arpa", "ip6.arpa",
}

// CheckHost refuses the host of a target that says itself where it leads, in any notation that a resolver may take for an
// address: decimal, octal, hexadecimal, with fewer than four parts, or IPv6. What another name means is seen when it is
// connected to. A name of a private network passes when the operator allows any network.
func (p *Policy) CheckHost(host string) error {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if host == "" {
		return errors.New("there is no host")
	}
	for _, r := range host {
		if r > '~' || r <= ' ' || r == '%' {
			return errors.New("the host must be written in ASCII: an international name begins with xn--")
		}
	}
	if a, ok := parseHost(host); ok {
		return p.Check(a)
	}
	if p.Any() || !private(host) {
		return nil
	}
	return ErrName
}

// private tells whether a name is one of a private network.
func private(host string) bool {
	if !strings.Contains(host, ".") {
		return true
	}
	for _, name := range privateNames {
		if strings.HasSuffix(host, "."+name) {
			return true
		}
	}
	return false
}

// AllowedHost tells whether the host may be spoken to in clear: an address that the operator allows or, if there is any,
// a name of a private network, which is seen when it is connected to.
func (p *Policy) AllowedHost(host string) bool {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if a, ok := parseHost(host); ok {
		return p.Allowed(a)
	}
	return p.Any() && private(host)
}

// parseHost reads an address as resolvers do, inet_aton's forms included.
func parseHost(host string) (netip.Addr, bool) {
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if a, err := netip.ParseAddr(host); err == nil {
		return a, true
	}
	parts := strings.Split(host, ".")
	if len(parts) > 4 {
		return netip.Addr{}, false
	}
	var value uint64
	for i, part := range parts {
		n, err := strconv.ParseUint(asGo(part), 0, 64)
		if err != nil || strings.Contains(part, "_") {
			return netip.Addr{}, false
		}
		last := i == len(parts)-1
		bits := 8
		if last {
			bits = 8 * (5 - len(parts))
		}
		if n >= 1<<bits {
			// It is no address, but who knows what a resolver cuts off it: none is the one that is refused.
			return netip.Addr{}, true
		}
		value = value<<bits | n
	}
	return netip.AddrFrom4([4]byte{byte(value >> 24), byte(value >> 16), byte(value >> 8), byte(value)}), true
}

// asGo writes a number of inet_aton's as Go does: an octal one begins with 0o, and a lone 0x is nothing.
func asGo(part string) string {
	if len(part) > 1 && part[0] == '0' && part[1] >= '0' && part[1] <= '9' {
		return "0o" + part[1:]
	}
	if part == "0x" {
		return "0"
	}
	return part
}
