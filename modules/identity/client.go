package identity

import (
	"context"
	"net/netip"
)

// Client is who is at the other end of a connection, known before anybody has said who is calling.
type Client struct {
	Address string // an IP address, in its canonical form
	Device  string // what the client says of itself (User-Agent); "" where it says nothing
}

// networkBits is how much of an IPv6 address is one customer's: it can take any address of it. Source: RFC 6177.
const networkBits = 64

// Network is what limits count by: the address, and of an IPv6 address the network that it is in.
func (c Client) Network() string {
	address, err := netip.ParseAddr(c.Address)
	if err != nil || !address.Is6() {
		return c.Address
	}
	network, err := address.Prefix(networkBits)
	if err != nil { // it has a zone
		return c.Address
	}
	return network.String()
}

type clientKey struct{}

// WithClient returns a context that carries the client.
func WithClient(ctx context.Context, c Client) context.Context {
	return context.WithValue(ctx, clientKey{}, c)
}

// ClientOf is the client that ctx carries; the zero Client where none is known.
func ClientOf(ctx context.Context) Client {
	c, _ := ctx.Value(clientKey{}).(Client)
	return c
}
