package app

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"chat/modules/id"
)

const errLoginText = "The name or the password is wrong"

// TestLoginTellsNothing about whether there is an account: status, header and body are the same.
func TestLoginTellsNothing(t *testing.T) {
	s := serveWorld(t, accounts(t))
	administrator := s.enter(s.signUp("administrator"))
	s.signUp("ann")
	s.call(administrator, nil, `mutation { createUser(username: "nopass", email: "nopass@example.org") { id } }`, nil)
	gone := s.signUp("gone")
	s.call(administrator, nil, `mutation($u: ID!) { removeUser(id: $u) { isActive } }`, vars{"u": gone.String()})
	first := ""
	for name, try := range map[string][2]string{
		"an unknown name": {"nobody", password}, "an unknown address": {"nobody@example.org", password}, "a wrong password": {"ann", "wrong horse"},
		"a wrong password at an address": {"ann@example.org", "wrong horse"}, "no password": {"ann", ""}, "a password that is too short": {"ann", "x"},
		"a password of 100 kB": {"ann", strings.Repeat("x", 100_000)}, "a removed account": {"gone", password}, "a removed account's address": {"gone@example.org", password},
		"a removed account, a wrong password": {"gone", "wrong horse"}, "an account without a password": {"nopass", password}, "an account without a password, none": {"nopass", ""},
		"nothing": {"", ""}, "a name that cannot be": {"an\u200bn", password}, "a long name": {strings.Repeat("x", 100_000), password}, "a query": {"ann' OR '1'='1", "' OR '1'='1"},
		"the password in capitals": {"ann", strings.ToUpper(password)}, "a space behind the password": {"ann", password + " "},
	} {
		v := vars{"n": try[0], "p": try[1]}
		status, header, got := s.request(asJSON, loginDocument, v)
		header.Del("Date")
		header.Del("X-Request-Id")
		answer := fmt.Sprint(status, header, requestPattern.ReplaceAllString(got, ""))
		if first == "" {
			first = answer
		}
		if answer != first || status != http.StatusOK || saidIn(t, got) != (said{Code: unknown, Text: errLoginText}) {
			t.Errorf("%s: %s\nand not %s", name, answer, first)
		}
		socket := s.connect("")
		if over := requestPattern.ReplaceAllString(socket.ask(loginDocument, v), ""); over != requestPattern.ReplaceAllString(got, "") {
			t.Errorf("%s over a socket: %s", name, over)
		}
		socket.close()
	}
	var sessions, lines int
	s.get(t, &sessions, `SELECT count(*) FROM sessions WHERE user_id <> (SELECT id FROM users WHERE username = 'administrator')`)
	s.get(t, &lines, `SELECT count(*) FROM audit_log WHERE action = 'login'`)
	if sessions != 0 || lines != 0 {
		t.Errorf("logins that failed left %d sessions and %d lines in the audit log", sessions, lines)
	}
	for _, name := range []string{"ann", "ANN", " ａｎｎ ", "ann@example.org", "Ann@EXAMPLE.org"} {
		for _, door := range s.doors() {
			if got := door.ask("", loginDocument, vars{"n": name, "p": password}); codeIn(t, got) != "" {
				t.Errorf("signing in as %q over %s: %s", name, door.name, got)
			}
		}
	}
}

// TestNoSessionAfterTheEnd: a login whose password was compared before an account was removed, or its password changed,
// begins no session after that.
func TestNoSessionAfterTheEnd(t *testing.T) {
	s := serveWorld(t, accounts(t))
	administrator := s.enter(s.signUp("administrator"))
	for name, end := range map[string]func(user id.User, mine string){
		"removed": func(user id.User, _ string) {
			s.call(administrator, nil, `mutation($u: ID!) { removeUser(id: $u) { isActive } }`, vars{"u": user.String()})
		},
		"changed": func(_ id.User, mine string) {
			s.call(mine, nil, `mutation($c: String!) { changePassword(current: $c, new: "another horse") }`, vars{"c": password})
		},
	} {
		user := s.signUp(name)
		mine := s.enter(user)
		letGo := s.held(`LOCK TABLE refresh_tokens IN SHARE MODE`) // where a session is stored, and nothing else
		answer := make(chan string, 1)
		go func() {
			_, got := s.post("", loginDocument, vars{"n": name, "p": password})
			answer <- got
		}()
		s.waiting(1) // it was compared, and is about to be stored
		ended := make(chan struct{})
		go func() {
			end(user, mine)
			close(ended)
		}()
		select {
		case <-ended:
		case <-time.After(500 * time.Millisecond): // it waits for the login
		}
		letGo()
		<-ended
		got := <-answer
		var going int
		s.get(t, &going, `SELECT count(*) FROM sessions s WHERE user_id = $1 AND ended_at IS NULL`, user)
		if want := map[string]int{"removed": 0, "changed": 1}[name]; going != want {
			t.Errorf("%s: %d sessions go on, want %d: %s", name, going, want, got)
		}
	}
}

// TestTwoChangesOfAPassword side by side: one is done, the other's current password is none any more.
func TestTwoChangesOfAPassword(t *testing.T) {
	s := serveWorld(t, accounts(t))
	ann := s.signUp("ann")
	for round := range 5 {
		current := password
		if round > 0 {
			current = fmt.Sprint("new password ", round-1)
		}
		tokens := []string{s.enter(ann), s.enter(ann)}
		answers := make([]string, 2)
		var both sync.WaitGroup
		for n, token := range tokens {
			both.Go(func() {
				_, answers[n] = s.post(token, `mutation($c: String!, $n: String!) { changePassword(current: $c, new: $n) }`,
					vars{"c": current, "n": fmt.Sprint("new password ", round, strings.Repeat("x", n))})
			})
		}
		both.Wait()
		winner := slices.IndexFunc(answers, func(got string) bool { return codeIn(t, got) == "" })
		if winner < 0 {
			t.Fatalf("neither was done: %q", answers)
		}
		loser := saidIn(t, answers[1-winner])
		if loser != (said{badInput, "current", "current is not the password"}) && loser.Code != unknown {
			t.Errorf("the other: %+v", loser)
		}
		if winner > 0 { // so that the next round knows the password
			s.call(s.enter(ann), nil, `mutation($c: String!, $n: String!) { changePassword(current: $c, new: $n) }`,
				vars{"c": fmt.Sprint("new password ", round, "x"), "n": fmt.Sprint("new password ", round)})
		}
	}
}

// TestPasswordsAreHashedAnew when that has come to cost more, at the next login, also by several at once.
func TestPasswordsAreHashedAnew(t *testing.T) {
	cheap := serveWorld(t, accounts(t))
	settings := accounts(t)
	dear := cheap.beside(func(c *Config) {
		settings(c)
		c.Argon2MemoryMiB, c.Argon2Passes, c.Argon2AtOnce = 20, 3, 2
	})
	cheap.signUp("ann")
	hash := func() (h string) {
		cheap.get(t, &h, `SELECT password_hash FROM users WHERE username = 'ann'`)
		return h
	}
	if h := hash(); !strings.HasPrefix(h, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("hashed as %.40s", h)
	}
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() { dear.login("ann", password) })
	}
	all.Wait()
	dear.login("ann", password) // there is room for another hash now
	if h := hash(); !strings.HasPrefix(h, "$argon2id$v=19$m=20480,t=3,p=1$") {
		t.Errorf("hashed anew as %.40s", h)
	}
	if got := codeIn(t, login(dear, "", "ann", "wrong horse")); got != unknown {
		t.Errorf("a wrong password: %q", got)
	}
	before := hash()
	dear.login("ann", password)
	if hash() != before {
		t.Error("hashed anew once more")
	}
}

// isLong tells that figures are asked for, on a quiet machine: LONG=1.
func isLong() bool { return os.Getenv("LONG") != "" }

// TestHashingLeavesRoom: of many who sign in at once some are let in, the others are told to come back after 2 s at most,
// and whoever else asks is answered meanwhile. LONG=1 holds 1,000 of them to the figures that are promised.
func TestHashingLeavesRoom(t *testing.T) {
	many, patience, healthy := 200, 10*time.Second, time.Second
	if isLong() {
		many, patience, healthy = 1_000, 3*time.Second, 100*time.Millisecond
	}
	settings := accounts(t)
	s := serveWorld(t, func(c *Config) {
		settings(c)
		c.Argon2MemoryMiB, c.Argon2Passes = Defaults().Argon2MemoryMiB, Defaults().Argon2Passes
	})
	s.signUp("ann")
	began := time.Now()
	s.login("ann", password)
	alone := time.Since(began)
	transport := &http.Transport{MaxIdleConnsPerHost: many}
	defer transport.CloseIdleConnections()
	post := func(text string) (string, error) {
		res, err := (&http.Client{Transport: transport}).Post(s.url("/graphql"), "application/json", strings.NewReader(text))
		if err != nil {
			return "", err
		}
		defer func() { _ = res.Body.Close() }()
		got, err := io.ReadAll(res.Body)
		return string(got), err
	}
	var mu sync.Mutex
	var slowest time.Duration
	codes := map[string]int{}
	var all sync.WaitGroup
	began = time.Now()
	for range many {
		all.Go(func() {
			start := time.Now()
			got, err := post(body(loginDocument, vars{"n": "ann", "p": password}))
			took := time.Since(start)
			var answer struct {
				Errors []struct {
					Extensions struct {
						Code       string
						RetryAfter int
					}
				}
			}
			if err == nil {
				err = json.Unmarshal([]byte(got), &answer)
			}
			mu.Lock()
			defer mu.Unlock()
			slowest = max(slowest, took)
			switch {
			case err != nil:
				codes[err.Error()]++
			case len(answer.Errors) == 0:
				codes["let in"]++
			case answer.Errors[0].Extensions.RetryAfter < 1:
				codes[got]++
			default:
				codes[answer.Errors[0].Extensions.Code]++
			}
		})
	}
	done := make(chan struct{})
	go func() {
		all.Wait()
		close(done)
	}()
	var health []time.Duration
	for waiting := true; waiting; {
		start := time.Now()
		if got, err := post(body(`{ health }`, nil)); err != nil || !strings.Contains(got, "ok") {
			t.Errorf("health: %s %v", got, err)
		}
		health = append(health, time.Since(start))
		select {
		case <-done:
			waiting = false
		case <-time.After(5 * time.Millisecond):
		}
	}
	took := time.Since(began)
	slices.Sort(health)
	t.Logf("a login alone: %s; %d at once: %v in %s, the slowest after %s; health meanwhile, %d times: median %s, 95th percentile %s, at most %s",
		alone, many, codes, took, slowest, len(health), health[len(health)/2], health[len(health)*95/100], health[len(health)-1])
	if codes["let in"] == 0 || codes["let in"]+codes["RATE_LIMITED"] != many {
		t.Errorf("answers: %v", codes)
	}
	if slowest > patience { // 2 s of waiting, the hash, and this machine
		t.Errorf("the slowest answer came after %s", slowest)
	}
	if high := health[len(health)*95/100]; high > healthy {
		t.Errorf("the 95th percentile of health is %s", high)
	}
}

// TestLoginsTakeTheSameTime, whatever is wrong: medians of 50 within 25 %. It is for a quiet machine: LONG=1 runs it.
func TestLoginsTakeTheSameTime(t *testing.T) {
	if !isLong() {
		return
	}
	w := newSignedWorld(t)
	w.user("nopass")
	gone := w.user("gone")
	w.exec(`UPDATE users SET password_hash = (SELECT password_hash FROM users WHERE username = 'administrator') WHERE username = 'gone'`)
	w.must(w.as(w.administrator), nil, `mutation($u: ID!) { removeUser(id: $u) { id } }`, vars{"u": gone.String()})
	login := func(name, secret string) func() {
		return func() {
			if code := w.code(w.as(id.User{}), loginDocument, vars{"n": name, "p": secret}); code != unknown {
				t.Fatalf("signing in as %s: %q", name, code)
			}
		}
	}
	change := func(current string) func() {
		return func() {
			code := w.code(w.as(w.administrator), `mutation($c: String!) { changePassword(current: $c, new: "another horse") }`, vars{"c": current})
			if code != badInput {
				t.Fatalf("changing the password: %q", code)
			}
		}
	}
	same(t, map[string]func(){
		"an unknown name": login("nobody", password), "an unknown address": login("nobody@example.org", password), "a name that cannot be": login("a\u200bb", password),
		"a wrong password": login("administrator", "wrong horse"), "a short one": login("administrator", "x"), "a long one": login("administrator", strings.Repeat("x", 100_000)),
		"a removed account": login("gone", password), "an account without a password": login("nopass", password),
		"a wrong current password": change("wrong horse"), "a long one of those": change(strings.Repeat("x", 100_000)),
	})
}

// same measures each 50 times, in turn, and compares the medians.
func same(t *testing.T, ways map[string]func()) {
	t.Helper()
	const runs = 50
	took := map[string][]time.Duration{}
	for range runs {
		for name, way := range ways {
			began := time.Now()
			way()
			took[name] = append(took[name], time.Since(began))
		}
	}
	var fastest, slowest time.Duration
	for name, times := range took {
		slices.Sort(times)
		median := times[runs/2]
		t.Logf("%s: median %s", name, median)
		if fastest == 0 || median < fastest {
			fastest = median
		}
		slowest = max(slowest, median)
	}
	if slowest > fastest+fastest/4 {
		t.Errorf("medians from %s to %s", fastest, slowest)
	}
}

// TestPasswordsAreTriedOnceADocument: no document calls what takes a password or a token twice, however it is written, and
// none of its calls is made.
func TestPasswordsAreTriedOnceADocument(t *testing.T) {
	s := serveWorld(t, accounts(t))
	s.signUp("ann")
	g := s.login("ann", password)
	calls := map[string]string{
		"login":          `login(username: "ann", password: "correct horse") { accessToken }`,
		"refreshToken":   `refreshToken(refreshToken: "` + g.RefreshToken + `") { accessToken }`,
		"createUser":     `createUser(username: "new", email: "new@x", password: "correct horse") { id }`,
		"changePassword": `changePassword(current: "correct horse", new: "another horse")`,
	}
	state := func() (sum string) {
		s.get(t, &sum, `SELECT (SELECT count(*) FROM sessions) || ' ' || (SELECT count(*) FROM refresh_tokens) || ' ' || (SELECT count(*) FROM audit_log)
			|| (SELECT string_agg(username || password_hash, ',') FROM users)`)
		return sum
	}
	before := state()
	for name, call := range calls {
		for what, document := range map[string]string{
			"aliases": `mutation { a: ` + call + ` b: ` + call + ` }`, "the same": `mutation { ` + call + ` ` + call + ` }`,
			"a fragment": `mutation { ...f ...f } fragment f on Mutation { ` + call + ` }`, "a fragment and itself": `mutation { a: ` + call + ` ...f } fragment f on Mutation { b: ` + call + ` }`,
			"an inline fragment":     `mutation { a: ` + call + ` ... { b: ` + call + ` } ... on Mutation { c: ` + call + ` } }`,
			"fragments in fragments": `mutation { ...f ...g } fragment f on Mutation { a: ` + call + ` } fragment g on Mutation { ...h } fragment h on Mutation { b: ` + call + ` }`,
			"one that is skipped":    `mutation { a: ` + call + ` b: ` + strings.Replace(call, ") ", ") @skip(if: true) ", 1) + ` }`,
		} {
			if what == "one that is skipped" && !strings.Contains(document, "@skip") {
				continue
			}
			for _, door := range s.doors() {
				if got := door.ask(g.AccessToken, document, nil); codeIn(t, got) != "QUERY_TOO_COMPLEX" {
					t.Errorf("%s by %s over %s: %s", name, what, door.name, got)
				}
			}
		}
	}
	if after := state(); after != before {
		t.Errorf("something was done: %s, before %s", after, before)
	}
	// One of each is well: each has limits of its own.
	got := s.doors()[0].ask("", `mutation { `+calls["login"]+` `+calls["createUser"]+` `+calls["refreshToken"]+` }`, nil)
	if codeIn(t, got) != "" {
		t.Errorf("one of each: %s", got)
	}
	// Several documents at once are no document.
	if status, _, got := s.do("POST", "/graphql", `[`+body(`mutation { `+calls["login"]+` }`, nil)+`]`, asJSON); status != http.StatusBadRequest || codeIn(t, got) != "BAD_REQUEST" {
		t.Errorf("a batch: %d %s", status, got)
	}
}
