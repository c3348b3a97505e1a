package app

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/vektah/gqlparser/v2/ast"

	"chat/modules/fault"
	"chat/modules/gql"
	"chat/modules/identity"
	"chat/modules/limit"
	"chat/modules/server"
	"chat/modules/socket"
	"chat/modules/user"
)

// class is what is limited together. Its name is how operators set its rate.
type class string

const (
	sends     class = "send"
	writes    class = "write"
	reads     class = "read"
	signups   class = "signup"
	logins    class = "login"
	refreshes class = "refresh"
	passwords class = "password"
	guesses   class = "guess"
	requests  class = "request"
	messages  class = "message"
)

// classRate is the rate that a class has unless told otherwise, and what --help says of it.
type classRate struct {
	class class
	rate  limit.Rate
	help  string
}

// classes are all of them.
func classes() []classRate {
	return []classRate{
		{sends, limit.Per(50, 2500*time.Millisecond), "messages that a user sends"},
		{writes, limit.Per(50, 2500*time.Millisecond), "a user's other changes"},
		{reads, limit.Per(500, 5*time.Second), "a user's queries"},
		{signups, limit.Per(20, time.Hour), "tries to make an account from an address, refused ones as well"},
		{logins, limit.Per(100, 10*time.Minute), "logins from an address"},
		{refreshes, limit.Per(3_000, 10*time.Minute), "refreshed sessions from an address"},
		{passwords, user.DefaultAttemptRates().Account, "wrong passwords at an account"},
		{guesses, user.DefaultAttemptRates().Address, "wrong passwords from an address"},
		{requests, limit.Per(2_000, 4*time.Second), "HTTP requests from an address, in each process"},
		{messages, limit.Per(1_000, 10*time.Second), "messages on a WebSocket, which is then read slower"},
	}
}

// RatesHelp lists the rates that can be set, for --help.
func RatesHelp() string {
	var all []string
	for _, c := range classes() {
		all = append(all, fmt.Sprintf("%s=%s (%s)", c.class, c.rate, c.help))
	}
	return strings.Join(all, ", ")
}

// rates are the rate of each class. Errors: an entry that is none.
func (c Config) rates() (map[class]limit.Rate, error) {
	rates := map[class]limit.Rate{}
	for _, c := range classes() {
		rates[c.class] = c.rate
	}
	for _, entry := range c.Rates {
		name, text, _ := strings.Cut(entry, "=")
		if _, ok := rates[class(name)]; !ok {
			return nil, fmt.Errorf("--rate=%s: there is no rate %q; there are %s", entry, name, RatesHelp())
		}
		rate, err := limit.ParseRate(text)
		if err != nil {
			return nil, fmt.Errorf("--rate=%s: %w", entry, err)
		}
		rates[class(name)] = rate
	}
	return rates, nil
}

// hasRates tells whether anything is limited. Where callers are believed nothing can be.
func (c Config) hasRates() bool { return c.RateLimits != "off" && c.Auth != "none" }

// attemptRates are how often passwords may be tried.
func attemptRates(rates map[class]limit.Rate) user.AttemptRates {
	a := user.DefaultAttemptRates()
	a.Account, a.Session, a.Address = rates[passwords], rates[passwords], rates[guesses]
	a.Pair.Burst, a.Pair.Every = rates[passwords].Burst, rates[passwords].Every
	return a
}

// socketLimits are those of a WebSocket.
func (c Config) socketLimits(rates map[class]limit.Rate) socket.Limits {
	if c.Auth == "none" {
		return socket.OpenLimits()
	}
	l := socket.DefaultLimits()
	l.Subscriptions, l.UserSockets, l.UserSubscriptions = c.SocketSubscriptions, c.UserSockets, c.UserSubscriptions
	l.Messages = rates[messages]
	if !c.hasRates() {
		l.Messages, l.Pings = limit.Rate{}, 0
	}
	return l
}

// gate lets callers do things as often as their rates allow: by user, where one is known, else by address. Safe for
// concurrent use.
type gate struct {
	isOpen   bool
	limiter  *limit.Limiter // together with other processes
	edge     *limit.Limiter // of this process
	rates    map[class]limit.Rate
	refusals *prometheus.CounterVec
}

func newGate(c Config, limiter *limit.Limiter, m prometheus.Registerer) (*gate, error) {
	rates, err := c.rates()
	if err != nil {
		return nil, err
	}
	edge, err := limit.New(limit.Config{})
	if err != nil {
		return nil, err
	}
	g := &gate{
		isOpen: !c.hasRates(), limiter: limiter, edge: edge, rates: rates,
		refusals: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "chat_limit_refusals_total", Help: "What was refused because it came too often, by the name of its rate.",
		}, []string{"rate"}),
	}
	m.MustRegister(g.refusals)
	return g, nil
}

// Request tells how long a client has to wait before a request of its is read.
func (g *gate) Request(ctx context.Context) time.Duration {
	if g.isOpen {
		return 0
	}
	wait := g.edge.Take(ctx, from(ctx), g.rates[requests], 1)
	if wait > 0 {
		g.refusals.WithLabelValues(string(requests)).Inc()
	}
	return wait
}

// Operation lets a query or mutation run, or nothing of it. Each call of a root field counts. Errors: RATE_LIMITED.
func (g *gate) Operation(ctx context.Context, doc *gql.Document) error {
	if g.isOpen {
		return nil
	}
	costs := map[class]int{}
	for field, calls := range doc.Calls {
		costs[classOf(doc.Operation.Operation, field)] += calls
	}
	return g.take(ctx, costs)
}

// take takes all of the costs, or nothing.
func (g *gate) take(ctx context.Context, costs map[class]int) error {
	var taken []class
	for _, c := range slices.Sorted(maps.Keys(costs)) {
		wait := g.limiter.Take(ctx, c.key(ctx), g.rates[c], costs[c])
		if wait == 0 {
			taken = append(taken, c)
			continue
		}
		g.refusals.WithLabelValues(string(c)).Inc()
		for _, t := range taken {
			g.limiter.Give(ctx, t.key(ctx), g.rates[t], costs[t])
		}
		return fault.TooOften(wait)
	}
	return nil
}

func classOf(operation ast.Operation, field string) class {
	if operation == ast.Query {
		return reads
	}
	switch field {
	case "createMessage":
		return sends
	case "createUser":
		return signups
	case "login":
		return logins
	case "refreshToken":
		return refreshes
	}
	return writes
}

// key names what is limited and for whom. Signing in is limited by address whoever calls: one account must not serve to
// try the passwords of others.
func (c class) key(ctx context.Context) string {
	user := identity.CallerOf(ctx).User
	if user.IsZero() || c == signups || c == logins || c == refreshes {
		return string(c) + " " + from(ctx)
	}
	return string(c) + " by " + user.String()
}

func from(ctx context.Context) string { return "from " + identity.ClientOf(ctx).Network() }

// limitedAccounts are accounts for a browser's cookie, whose refreshes count as those of the API do.
type limitedAccounts struct {
	server.Accounts
	gate *gate
}

// Refresh is that of the accounts. Errors: RATE_LIMITED.
func (a limitedAccounts) Refresh(ctx context.Context, token string) (identity.Grant, error) {
	if !a.gate.isOpen {
		if err := a.gate.take(ctx, map[class]int{refreshes: 1}); err != nil {
			return identity.Grant{}, err
		}
	}
	return a.Accounts.Refresh(ctx, token)
}
