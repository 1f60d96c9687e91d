package reach

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestAddressesThatMustNotBeReached(t *testing.T) {
	t.Parallel()
	none := &Policy{}
	for _, text := range []string{
		"127.0.0.1", "127.8.9.1", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1",
		"100.100.100.200", "168.63.129.16", "192.0.0.192", "192.0.2.1", "198.18.0.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255",
		"::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::10.0.0.1", "64:ff9b::169.254.169.254",
		"64:ff9b:1::8.8.8.8", "2002:7f00:1::", "2002:a9fe:a9fe::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:db8::1", "fe80::1", "fe80::1%eth0",
		"fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "100::1", "4000::1", "5f00::1",
	} {
		require.ErrorIs(t, none.Check(netip.MustParseAddr(text)), ErrRefused, text)
	}
	require.ErrorIs(t, none.Check(netip.Addr{}), ErrRefused)
	for _, text := range []string{"8.8.8.8", "172.15.0.1", "172.32.0.1", "100.63.0.1", "1.1.1.1", "2606:4700::1111", "64:ff9b::8.8.8.8", "::ffff:8.8.8.8", "2002:808:808::1"} {
		require.NoError(t, none.Check(netip.MustParseAddr(text)), text)
	}
}

func TestTargetsThatSayThemselvesWhereTheyLead(t *testing.T) {
	t.Parallel()
	none := &Policy{}
	for _, host := range []string{
		"127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0X7F000001", "017700000001", "0177.0.0.1", "0x7f.0.0.1", "0x7f.1", "0", "0x", "00",
		"127.0.0.1.", "127.000.000.001", "10.0.1", "169.254.43518", "0xa9fea9fe", "2852039166", "[::1]", "::1", "[::ffff:127.0.0.1]", "::ffff:7f00:1",
		"[fe80::1]", "4294967296", "1.2.3.256", "0x1ffffffff", "localhost", "LocalHost.", "foo.localhost", "printer.local", "metadata.google.internal", "db", "a.home.arpa",
		"１２７.0.0.1", "127。0。0。1", "", ".", "fe80::1%25eth0", "ex ample.com",
	} {
		require.Error(t, none.CheckHost(host), host)
	}
	for _, host := range []string{"example.com", "hooks.slack.com", "8.8.8.8", "134744072", "xn--bcher-kva.example", "1.2.3.4.5.example", "0x7f.example.com", "[2606:4700::1111]"} {
		require.NoError(t, none.CheckHost(host), host)
	}
}

func TestNetworksThatAreAllowed(t *testing.T) {
	t.Parallel()
	p, err := Parse([]string{"127.0.0.0/8", " fd12::/16 "})
	require.NoError(t, err)
	for _, text := range []string{"127.0.0.1", "::ffff:127.0.0.1", "fd12::1", "64:ff9b::7f00:1"} {
		require.NoError(t, p.Check(netip.MustParseAddr(text)), text)
	}
	require.Error(t, p.Check(netip.MustParseAddr("10.0.0.1")))
	require.Error(t, p.Check(netip.MustParseAddr("fd13::1")))
	require.NoError(t, p.CheckHost("localhost"))
	require.NoError(t, p.CheckHost("0x7f.1"))
	require.Error(t, p.CheckHost("10.1"))
	require.True(t, p.AllowedHost("127.1"))
	require.True(t, p.AllowedHost("receiver"))
	require.True(t, p.AllowedHost("Receiver.apps.svc.cluster.local."))
	require.False(t, p.AllowedHost("8.8.8.8"), "a public address needs https")
	require.False(t, p.AllowedHost("example.com"))
	require.NoError(t, p.Control("tcp4", "127.0.0.1:80", nil))
	require.Error(t, p.Control("tcp4", "10.0.0.1:80", nil))
	require.Error(t, p.Control("tcp4", "name:80", nil))
	require.NoError(t, p.ControlAllowed("tcp4", "127.0.0.1:80", nil))
	require.Error(t, p.ControlAllowed("tcp4", "8.8.8.8:80", nil))
	for _, wrong := range []string{"10.0.0.0", "10/8", "::ffff:10.0.0.0/104", "x"} {
		_, err := Parse([]string{wrong})
		require.ErrorContains(t, err, wrong)
	}
}

// However an IPv4 address is dressed, it is refused where it is refused bare.
func TestNoDressHidesAnAddress(t *testing.T) {
	t.Parallel()
	none := &Policy{}
	rapid.Check(t, func(t *rapid.T) {
		v4 := [4]byte(rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "address"))
		bare := netip.AddrFrom4(v4)
		if none.Check(bare) == nil {
			return
		}
		mapped := netip.AddrFrom16(bare.As16())
		six := netip.AddrFrom16([16]byte{0x20, 0x02, v4[0], v4[1], v4[2], v4[3], 15: 1})
		nat := netip.AddrFrom16([16]byte{0, 0x64, 0xff, 0x9b, 12: v4[0], 13: v4[1], 14: v4[2], 15: v4[3]})
		for _, dressed := range []netip.Addr{mapped, six, nat} {
			require.Error(t, none.Check(dressed), dressed.String())
		}
	})
}
