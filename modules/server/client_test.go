package server

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"chat/modules/identity"
)

func TestWhoIsAtTheOtherEnd(t *testing.T) {
	for _, c := range []struct {
		name    string
		proxies []string
		peer    string
		says    []string // X-Forwarded-For
		want    string
	}{
		{"nobody is trusted", nil, "192.0.2.7:1", []string{"203.0.113.9"}, "192.0.2.7"},
		{"a peer that is not trusted", []string{"10.0.0.0/8"}, "192.0.2.7:1", []string{"203.0.113.9"}, "192.0.2.7"},
		{"a trusted peer", []string{"10.0.0.0/8"}, "10.1.2.3:1", []string{"203.0.113.9"}, "203.0.113.9"},
		{"a client that forges", []string{"10.0.0.0/8"}, "10.1.2.3:1", []string{"127.0.0.1, 203.0.113.9"}, "203.0.113.9"},
		{"a client that forges a header of its own", []string{"10.0.0.0/8"}, "10.1.2.3:1", []string{"127.0.0.1", "203.0.113.9"}, "203.0.113.9"},
		{"a client that forges a proxy", []string{"10.0.0.0/8"}, "10.1.2.3:1", []string{"198.51.100.1, 10.9.9.9, 203.0.113.9"}, "203.0.113.9"},
		{"two proxies", []string{"10.0.0.0/8", "192.0.2.1"}, "10.1.2.3:1", []string{"203.0.113.9, 192.0.2.1"}, "203.0.113.9"},
		{"the neighbour of a proxy", []string{"192.0.2.1"}, "192.0.2.2:1", []string{"203.0.113.9"}, "192.0.2.2"},
		{"nothing is said", []string{"10.0.0.0/8"}, "10.1.2.3:1", nil, "10.1.2.3"},
		{"nonsense is said", []string{"10.0.0.0/8"}, "10.1.2.3:1", []string{"203.0.113.9, nobody"}, "10.1.2.3"},
		{"only proxies are named", []string{"10.0.0.0/8"}, "10.1.2.3:1", []string{"10.5.5.5"}, "10.1.2.3"},
		{"a mapped peer", []string{"10.0.0.0/8"}, "[::ffff:10.1.2.3]:1", []string{"::ffff:203.0.113.9"}, "203.0.113.9"},
		{"IPv6", []string{"fd00::/8"}, "[fd00::1]:1", []string{"2001:DB8:0::1"}, "2001:db8::1"},
		{"a zone", nil, "[fe80::1%eth0]:1", nil, "fe80::1"},
		{"a zone that is said", []string{"fe80::/10"}, "[fe80::1%eth0]:1", []string{"2001:db8::1%x"}, "2001:db8::1"},
		{"a port that is said", []string{"10.0.0.0/8"}, "10.1.2.3:1", []string{"203.0.113.9:4711"}, "203.0.113.9"},
		{"no TCP", []string{"0.0.0.0/0"}, "@", []string{"203.0.113.9"}, ""},
	} {
		p, err := NewProxies(c.proxies)
		if err != nil {
			t.Fatal(err)
		}
		r := &http.Request{RemoteAddr: c.peer, Header: http.Header{"X-Forwarded-For": c.says}}
		if got := p.client(r).Address; got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	var nobody *Proxies
	if got := nobody.client(&http.Request{RemoteAddr: "192.0.2.7:1", Header: http.Header{"X-Forwarded-For": {"203.0.113.9"}}}); got != (identity.Client{Address: "192.0.2.7"}) {
		t.Errorf("without a list: %+v", got)
	}
	for _, text := range []string{"", "proxy", "10.0.0.0/33", "fe80::1%eth0", "10.0.0.0/8 192.0.2.1"} {
		if _, err := NewProxies([]string{text}); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestDevicesCanBeShown(t *testing.T) {
	for agent, want := range map[string]string{
		"":                                    "",
		"Mozilla/5.0 (X11; Linux x86_64)":     "Mozilla/5.0 (X11; Linux x86_64)",
		"a\tb\x7fc":                           "abc",
		"evil\u202egnp.exe\u200b":             "evilgnp.exe",
		"\xff":                                "\ufffd",
		"Käte":                                "Käte",
		strings.Repeat("ä", maxDeviceRunes+1): strings.Repeat("ä", maxDeviceRunes),
		strings.Repeat("\x01", 1_000) + "at last": "at last",
	} {
		if got := device(agent); got != want {
			t.Errorf("%.20q: %.20q, want %.20q", agent, got, want)
		}
	}
}

// FuzzClient: whatever a request says, the address is one in its one form, it is the peer's unless the peer is trusted, and
// the device can be shown.
func FuzzClient(f *testing.F) {
	f.Add("192.0.2.7:1", "203.0.113.9", "", "curl")
	f.Add("10.1.2.3:1", "127.0.0.1, 203.0.113.9", "10.9.9.9", "a\x00b")
	f.Add("[::ffff:10.1.2.3]:1", "::ffff:203.0.113.9", "x,,y", strings.Repeat("ü", 300))
	f.Add("@", "for=203.0.113.9", ",", "\u202e")
	trusted, err := NewProxies([]string{"10.0.0.0/8", "fd00::/8"})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, peer, first, second, agent string) {
		r := &http.Request{RemoteAddr: peer, Header: http.Header{"X-Forwarded-For": {first, second}, "User-Agent": {agent}}}
		got := trusted.client(r)
		address, err := netip.ParseAddr(got.Address)
		if got.Address != "" && (err != nil || canonical(address).String() != got.Address) {
			t.Fatalf("%q is no address in its one form", got.Address)
		}
		from, err := netip.ParseAddrPort(peer)
		if err == nil && !trusted.trusts(canonical(from.Addr())) && canonical(from.Addr()) != address {
			t.Fatalf("%s, which nobody trusts, is taken for %s", peer, got.Address)
		}
		if n := utf8.RuneCountInString(got.Device); n > maxDeviceRunes || slices.ContainsFunc([]rune(got.Device), func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Fatalf("%q cannot be shown", got.Device)
		}
	})
}
