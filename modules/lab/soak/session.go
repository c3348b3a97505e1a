package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"chat/modules/lab/trace"
)

// pass is what a phone shows; it signs in where it has no session. Errors: that of ctx, and a sign-in that is refused.
func (r *run) pass(ctx context.Context, d *phone, rng *rand.Rand) (pass, error) {
	if shown, ok := d.show(); ok || r.client.isOpen {
		return shown, nil
	}
	d.moving.RLock()
	defer d.moving.RUnlock()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.now == nil {
		if err := r.signIn(ctx, d, rng); err != nil {
			return pass{}, err
		}
	}
	return pass{user: d.id, session: d.now.name, token: d.now.access}, nil
}

// phone gives a person a phone for a part in the run.
func (r *run) phone(a *account, label string, rng *rand.Rand) *phone {
	d := a.phone(label)
	r.keepSignedIn(d, rng)
	return d
}

// keepSignedIn has the sessions of a phone refreshed until the run ends.
func (r *run) keepSignedIn(d *phone, rng *rand.Rand) {
	if seed := rng.Uint64(); !r.client.isOpen {
		r.keeping.Go(func() { r.keep(r.life, d, seed) })
	}
}

// signIn begins a session of a phone, by the password of the moment, as often as it takes. The caller holds both locks.
func (r *run) signIn(ctx context.Context, d *phone, rng *rand.Rand) error {
	d.count++
	s := &session{name: fmt.Sprintf("%s #%d", d.label, d.count)}
	what := trace.Entry{What: trace.SignIn, User: d.id}
	var out struct{ Login grant }
	err := r.insist(ctx, "user", pass{session: s.name}, rng, what, loginDocument, vars{"n": d.name, "p": d.password},
		func() (string, int64) { return token(out.Login.RefreshToken), 0 }, &out)
	if err != nil {
		return fmt.Errorf("sign in as %s: %w", d.name, err)
	}
	s.access, s.refresh = out.Login.AccessToken, out.Login.RefreshToken
	d.now = s
	return nil
}

// token names a refresh token in the trace.
func token(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:6])
}

// keep refreshes the sessions of a phone now and then, long before their tokens end, until ctx ends.
func (r *run) keep(ctx context.Context, d *phone, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 7))
	for ctx.Err() == nil {
		pause(ctx, r.plan.refresh/2+time.Duration(rng.Int64N(int64(r.plan.refresh))))
		if s := d.current(); s != nil && ctx.Err() == nil {
			r.goOn(ctx, d, s, rng)
		}
	}
}

// goOn refreshes a session: at times two tabs do so at once, and get the same. One that is over is signed out of.
func (r *run) goOn(ctx context.Context, d *phone, s *session, rng *rand.Rand) {
	d.mu.Lock()
	used := s.refresh
	d.mu.Unlock()
	var tabs sync.WaitGroup
	for range 1 + rng.IntN(3)/2 {
		dice := rand.New(rand.NewPCG(rng.Uint64(), 8))
		tabs.Go(func() {
			var out struct{ RefreshToken grant }
			err := r.insist(ctx, "user", pass{session: s.name}, dice, trace.Entry{What: trace.Refresh, User: d.id, Key: token(used)},
				`mutation($t: String!) { refreshToken(refreshToken: $t) { accessToken refreshToken } }`, vars{"t": used},
				func() (string, int64) { return token(out.RefreshToken.RefreshToken), 0 }, &out)
			switch {
			case err == nil:
				d.update(s, out.RefreshToken)
			case isRefused(err):
				d.forget(s.name)
			case ctx.Err() == nil:
				r.fail(fmt.Errorf("refresh %s: %w", s.name, err))
			}
		})
	}
	tabs.Wait()
}
