package identity

import "context"

// Client is who is at the other end of a connection, known before anybody has said who is calling.
type Client struct {
	Address string // an IP address, in its canonical form
	Device  string // what the client says of itself (User-Agent); "" where it says nothing
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
