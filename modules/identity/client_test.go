package identity

import "testing"

func TestNetwork(t *testing.T) {
	for address, want := range map[string]string{
		"": "", "192.0.2.7": "192.0.2.7", "2001:db8::1": "2001:db8::/64", "2001:db8:0:1:ffff::1": "2001:db8:0:1::/64",
		"fe80::1%eth0": "fe80::/64", "nonsense": "nonsense",
	} {
		if got := (Client{Address: address}).Network(); got != want {
			t.Errorf("%q: %q, want %q", address, got, want)
		}
	}
}
