package main

import (
	"slices"
	"time"
)

// sessionsEnd in every way: sockets at both receivers are closed 4403 within a limit, every process refuses the token then,
// and who signs in again goes on where it was. Another person's session is left alone.
func sessionsEnd(s *scene, limit time.Duration) {
	people := s.users(2)
	chat := s.chat(people...)
	ann := s.devices(s.of("receiver")[0], people[:1], chat, 1)
	for _, way := range []struct {
		name, query string
		vars        func(id, session string) vars
		own         bool // by a call of the session itself
	}{
		{"logout", `mutation { logout }`, nil, true},
		{"logout everywhere", `mutation { logoutEverywhere }`, nil, true},
		{"a session revoked", `mutation($s: ID!) { revokeSession(id: $s) }`, func(_, session string) vars { return vars{"s": session} }, false},
		{"a password changed", `mutation { changePassword(current: "the first password", new: "another password") }`, nil, false},
		{"an account removed", `mutation($u: ID!) { removeUser(id: $u) { id } }`, func(id, _ string) vars { return vars{"u": id} }, true},
	} {
		bob := s.client.accounts[people[1]]
		shown := s.client.by(bob.id)
		by := shown
		if !way.own {
			other, err := s.client.login(s.t.Context(), s.of("user")[0], bob)
			s.must(err)
			by.token = other.AccessToken
		}
		d := &devices{scene: s}
		for _, p := range s.of("receiver") {
			d.all = append(d.all, s.devices(p, people[1:], chat, 2).all...)
		}
		var v vars
		if way.vars != nil {
			v = way.vars(bob.id, sessionID(shown.token))
		}
		s.must(s.client.callBy(s.t.Context(), s.of("user")[1], by, way.query, v, nil))
		ended := time.Now()
		d.awaitEnd(limit + time.Second)
		for n, one := range d.all {
			if took := one.ended.Sub(ended); one.code != closeForbidden || took > limit {
				s.t.Errorf("%s: socket %d was closed %d after %s, want 4403 within %s", way.name, n, one.code, took, limit)
			}
		}
		for _, p := range s.processes {
			s.until(limit-time.Since(ended), way.name+" refused by "+p.name, func() bool {
				return codeOf(s.client.callBy(s.t.Context(), p, shown, `{ health }`, nil, nil)) == "UNAUTHENTICATED"
			})
		}
		s.t.Logf("%s: sockets closed after %s", way.name, slices.Max(d.ends(ended)))
		last := s.send(s.of("sender")[0], people[0], chat, "missed")
		if way.name == "an account removed" {
			if err := s.client.signIn(s.t.Context(), s.of("user")[0], bob); codeOf(err) != "UNAUTHENTICATED" {
				s.t.Errorf("a removed account signs in: %v", err)
			}
			continue
		}
		if way.name == "a password changed" {
			bob.password = "another password"
		}
		s.must(s.client.signIn(s.t.Context(), s.of("user")[0], bob))
		d.attach(s.of("receiver")[0])
		d.reach(last.Seq, 5*time.Second)
		d.detach()
	}
	select {
	case <-ann.all[0].over:
		s.t.Error("the socket of somebody else has ended as well")
	default:
	}
}
