package server

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"unicode"

	"github.com/realclientip/realclientip-go"

	"chat/modules/identity"
)

// maxDeviceRunes is how much of a User-Agent is kept.
const maxDeviceRunes = 200

// Proxies are those whose word on where a request comes from is taken. A nil Proxies takes nobody's.
type Proxies struct {
	ranges   []net.IPNet
	strategy realclientip.RightmostTrustedRangeStrategy
}

// NewProxies reads addresses (192.0.2.1) and ranges (10.0.0.0/8, fd00::/8). Errors: one that names what is neither.
func NewProxies(list []string) (*Proxies, error) {
	ranges := make([]net.IPNet, 0, len(list))
	for _, text := range list {
		one, err := realclientip.AddressesAndRangesToIPNets(text)
		if err != nil {
			return nil, fmt.Errorf("%q is neither an address nor a range like 10.0.0.0/8", text)
		}
		ranges = append(ranges, one...)
	}
	strategy, err := realclientip.NewRightmostTrustedRangeStrategy("X-Forwarded-For", ranges)
	if err != nil {
		return nil, fmt.Errorf("trust proxies: %w", err)
	}
	return &Proxies{ranges: ranges, strategy: strategy}, nil
}

// client tells who is at the other end of a request. Behind a trusted proxy it is the last address in X-Forwarded-For that
// is no trusted proxy's: what stands before it the client may have written itself. Where the header names none, it is the
// proxy.
func (p *Proxies) client(r *http.Request) identity.Client {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil { // no TCP: there is no address to speak of
		return identity.Client{Device: device(r.UserAgent())}
	}
	address := canonical(peer.Addr())
	if p.trusts(address) {
		if said, err := netip.ParseAddr(p.strategy.ClientIP(r.Header, r.RemoteAddr)); err == nil {
			address = canonical(said)
		}
	}
	return identity.Client{Address: address.String(), Device: device(r.UserAgent())}
}

// isSecure tells whether a client speaks TLS: to this process, or to a trusted proxy that says so.
func (p *Proxies) isSecure(r *http.Request) bool {
	if r.TLS != nil {
		return true
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	said, _, _ := strings.Cut(r.Header.Get("X-Forwarded-Proto"), ",") // the first is the client's own
	return err == nil && p.trusts(canonical(peer.Addr())) && strings.EqualFold(strings.TrimSpace(said), "https")
}

func (p *Proxies) trusts(address netip.Addr) bool {
	return p != nil && slices.ContainsFunc(p.ranges, func(n net.IPNet) bool { return n.Contains(address.AsSlice()) })
}

// canonical is the one form of an address that is compared and counted.
func canonical(address netip.Addr) netip.Addr { return address.Unmap().WithZone("") }

// device is what people may be shown of a User-Agent: it can be printed, and it is not long.
func device(agent string) string {
	var out strings.Builder
	n := 0
	for _, r := range agent {
		if !unicode.IsPrint(r) { // nor anything that turns the direction of writing
			continue
		}
		if n++; n > maxDeviceRunes {
			break
		}
		out.WriteRune(r)
	}
	return out.String()
}
