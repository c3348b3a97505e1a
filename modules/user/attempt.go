package user

import (
	"context"
	"time"

	"chat/modules/fault"
	"chat/modules/id"
	"chat/modules/identity"
	"chat/modules/limit"
)

// AttemptRates are how often passwords may be tried. Only wrong ones count.
type AttemptRates struct {
	Account limit.Rate // at one account, from anywhere
	Address limit.Rate // by one address, at any account
	Pair    limit.Rate // by one address at one account
	Session limit.Rate // by somebody who is signed in to the account, whom nobody else's attempts hold up
}

// DefaultAttemptRates are 10 in 10 minutes for an account and 100 for an address. One address that goes on at one account
// waits twice as long each time.
func DefaultAttemptRates() AttemptRates {
	const window = 10 * time.Minute
	return AttemptRates{
		Account: limit.Per(10, window), Address: limit.Per(100, window), Session: limit.Per(10, window),
		Pair: limit.Rate{Burst: 10, Every: time.Minute, Longest: time.Hour},
	}
}

// token is one that an attempt takes.
type token struct {
	key  string
	rate limit.Rate
}

// try takes an attempt at an account, and gives what gives it back: the password was right.
// Errors: RATE_LIMITED, whether or not there is such an account.
func (a *Accounts) try(ctx context.Context, account credentials) (passed func(), err error) {
	tokens := a.tokens(ctx, account)
	for n, t := range tokens {
		if wait := a.limiter.Take(ctx, t.key, t.rate, 1); wait > 0 {
			a.giveBack(ctx, tokens[:n])
			return nil, &fault.Fault{Code: fault.RateLimited, Text: "Too many attempts. Try again later.", RetryAfter: wait}
		}
	}
	return func() { a.giveBack(ctx, tokens) }, nil
}

func (a *Accounts) giveBack(ctx context.Context, tokens []token) {
	for _, t := range tokens {
		a.limiter.Give(ctx, t.key, t.rate, 1)
	}
}

func (a *Accounts) tokens(ctx context.Context, account credentials) []token {
	caller, name, address := identity.CallerOf(ctx), account.name(), identity.ClientOf(ctx).Network()
	if caller.User == account.ID && caller.Session != (id.Session{}) {
		return []token{{"attempt session:" + caller.Session.String(), a.rates.Session}}
	}
	return []token{
		{"attempt address:" + address, a.rates.Address},
		{"attempt pair:" + address + " " + name, a.rates.Pair},
		{"attempt account:" + name, a.rates.Account},
	}
}
