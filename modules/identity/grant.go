package identity

import (
	"context"
	"time"
)

// Grant is what somebody gets who signs in or refreshes a session.
type Grant struct {
	Caller
	AccessToken  string
	Expires      time.Time // of the access token
	RefreshToken string
	SessionEnds  time.Time // where it is not refreshed again
}

// Browser keeps the refresh token of a caller who calls from a browser and has asked for that: in a cookie, which no page
// can read. The transport that set it writes the cookie.
type Browser struct {
	Token string // "" until there is one
	Ends  time.Time
}

type browserKey struct{}

// WithBrowser returns a context whose caller's refresh token is kept by the browser.
func WithBrowser(ctx context.Context, b *Browser) context.Context {
	return context.WithValue(ctx, browserKey{}, b)
}

// BrowserOf is the browser that ctx carries, or nil.
func BrowserOf(ctx context.Context) *Browser {
	b, _ := ctx.Value(browserKey{}).(*Browser)
	return b
}
