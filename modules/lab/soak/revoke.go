package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"chat/modules/lab/trace"
)

const (
	probeEvery = 50 * time.Millisecond
	probeTime  = 2 * trace.EndTime // that a process may accept what is over before nobody asks any more
)

// ending is one way to end sessions of somebody.
type ending struct {
	name  string
	own   bool // by a call of the session itself; else of another one of the same person
	all   bool // every session of the person ends, but for the one that calls where that is another
	query string
	vars  func(victim *phone, shown pass, password string) vars
}

// endings are all ways to end a session that the API has.
func endings() []fault {
	nothing := func(*phone, pass, string) vars { return nil }
	var all []fault
	for _, e := range []ending{
		{"log out", true, false, `mutation { logout }`, nothing},
		{"log out everywhere", true, true, `mutation { logoutEverywhere }`, nothing},
		{"revoke a session", false, false, `mutation($s: ID!) { revokeSession(id: $s) }`, func(_ *phone, shown pass, _ string) vars {
			return vars{"s": sessionID(shown.token)}
		}},
		{"change a password", false, true, `mutation($c: String!, $n: String!) { changePassword(current: $c, new: $n) }`,
			func(victim *phone, _ pass, password string) vars { return vars{"c": victim.password, "n": password} }},
	} {
		all = append(all, fault{e.name, 0, e.begin})
	}
	return all
}

// sessionID is the id of a session, as its access tokens have it.
func sessionID(token string) string {
	var claims struct{ Sid string }
	if parts := strings.Split(token, "."); len(parts) == 3 {
		text, err := base64.RawURLEncoding.DecodeString(parts[1])
		if err == nil {
			_ = json.Unmarshal(text, &claims) // what is no token names no session, and the call says so
		}
	}
	return claims.Sid
}

// begin ends one session or several, and asks every process after them until it has refused them.
func (e ending) begin(ctx context.Context, s *strike) (target string, heal func() error, err error) {
	victim := s.victim()
	if victim == nil {
		return "", nil, errBusy
	}
	shown, ok := victim.show()
	if !ok {
		return "", nil, errBusy // it is over already
	}
	s.probe(ctx, shown, func(trace.Entry) bool { return true }) // every process knows it then
	over, err := e.end(ctx, s, victim, shown)
	if err != nil {
		return "", nil, fmt.Errorf("%s: %w", shown.session, err)
	}
	var asking sync.WaitGroup
	for _, one := range over {
		asking.Go(func() {
			began := time.Now()
			s.probe(ctx, one, func(answer trace.Entry) bool {
				return answer.Code == "UNAUTHENTICATED" || time.Since(began) > probeTime
			})
		})
	}
	asking.Wait()
	return "sessions", nil, nil
}

// victim is a phone of somebody who listens or writes; nil where there is none.
func (s *strike) victim() *phone {
	if s.client.isOpen {
		return nil
	}
	var phones []*phone
	for _, member := range s.rooms[0].members {
		phones = append(phones, member.main())
	}
	s.run.mu.Lock()
	for subscriber := range s.subs {
		if !subscriber.over.Load() {
			phones = append(phones, subscriber.by)
		}
	}
	s.run.mu.Unlock()
	return pick(s.rng, phones)
}

// probe asks every process whether a session is good, until the answer is enough.
func (r *run) probe(ctx context.Context, shown pass, isEnough func(trace.Entry) bool) {
	var all sync.WaitGroup
	for _, p := range r.fleet.processes {
		all.Go(func() {
			for {
				answer, _ := r.attempt(ctx, p, shown, trace.Entry{What: trace.Probe}, `{ health }`, nil, nil, nil) // whatever it is
				if isEnough(answer) {
					return
				}
				pause(ctx, probeEvery)
			}
		})
	}
	all.Wait()
}

// end gives what is over. Nobody signs in to the account meanwhile.
func (e ending) end(ctx context.Context, s *strike, victim *phone, shown pass) ([]pass, error) {
	by := shown
	if !e.own {
		desk := s.phone(victim.account, fmt.Sprintf("desk %d of %s", s.ops.Load(), victim.name), s.rng)
		var err error
		if by, err = s.pass(ctx, desk, s.rng); err != nil {
			return nil, err
		}
	}
	victim.moving.Lock()
	defer victim.moving.Unlock()
	over := []pass{shown}
	if e.all {
		over = slices.DeleteFunc(victim.signedIn(), func(p pass) bool { return !e.own && p.session == by.session })
	}
	for _, one := range over {
		s.record.Add(trace.Entry{Kind: trace.Ending, Session: one.session, User: one.user, What: e.name})
	}
	password := fmt.Sprint("the password of ", s.ops.Load())
	done, err := s.leave(ctx, by, e.query, e.vars(victim, shown, password))
	if err != nil || !done {
		return nil, err
	}
	if e.all && !e.own {
		victim.password = password
	}
	for _, one := range over {
		s.record.Add(trace.Entry{Kind: trace.Ended, Session: one.session, User: one.user})
	}
	s.run.mu.Lock()
	defer s.run.mu.Unlock()
	s.ended = append(s.ended, over...)
	return over, nil
}

// leave makes a call that ends sessions, and tells whether it has. One that is refused after an answer was lost has been done
// by the call before: the session that calls is over, or the password is another already.
func (s *strike) leave(ctx context.Context, by pass, query string, v vars) (done bool, err error) {
	for mayBeDone := false; ; {
		answer, err := s.attempt(ctx, pick(s.rng, s.fleet.of("user")), by, trace.Entry{What: trace.Leave, User: by.user}, query, v, nil, nil)
		switch answer.Code {
		case "":
			if answer.Outcome == trace.OK {
				return true, nil
			}
		case "UNAVAILABLE", "RATE_LIMITED":
		case "UNAUTHENTICATED":
			return mayBeDone, nil // else its own session was over before, and the trace tells whether it may be
		case "BAD_USER_INPUT":
			if mayBeDone {
				return true, nil
			}
			return false, err
		default:
			return false, err
		}
		mayBeDone = mayBeDone || answer.Outcome == trace.Unknown
		pause(ctx, time.Duration(20+s.rng.IntN(200))*time.Millisecond)
	}
}

// signedIn is what every phone of a person shows.
func (a *account) signedIn() []pass {
	var all []pass
	for _, d := range a.all() {
		if shown, ok := d.show(); ok {
			all = append(all, shown)
		}
	}
	return all
}
