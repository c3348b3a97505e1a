package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2/toxics"
	_ "github.com/lib/pq" // the driver of the tests' own connections

	"chat/modules/lab/trace"
)

// Which test makes which fault of the list of faults and attacks happen, by the numbers of the list. "Fleet" is TestFaults:
// the built product, two processes of each role, in the files fault*_test.go here.
//
//	5–8 sessions end                     fleet: .../sessions end (also without Redis); TestAMinuteOfEverything
//	9   refresh tokens                   TestAMinuteOfEverything, whose sessions are refreshed all the time, at times twice
//	21  removal on every receiver        fleet: .../a removal (also without Redis); app.TestRemovalEndsTheLogAtItsSeq
//	22  fields of other roles            fleet: .../fields of other roles; app.TestRolesNameTheOther, app.TestUpgradesThatAreRefused
//	45  slow and blocked readers         fleet: .../readers that do not read (also without Redis); app.TestSlowReaderLosesNothing,
//	                                     app.TestABlockedSocketIsClosed
//	46  dead peers                       app.TestADeadPeerIsDropped: a real socket whose client answers no ping
//	48  subscribe and complete, cut      fleet: .../what clients leave behind; app.TestSubscriptionsLeaveNothing
//	49  SIGTERM                          fleet: .../a drain (also without Redis); cmd.TestAcknowledgedIsDurable, app.TestShutdown
//	52  a hundred senders                fleet: .../a hundred senders; app.TestPollingAfterASeqSkipsNothing
//	56  Redis is down at the start       fleet: .../a start without Redis; bus.TestRedisThatIsDownAtTheStart
//	57  Redis fails                      fleet: .../Redis fails; bus.TestLossesAreTold, bus.TestFailover; TestAMinuteOfEverything
//	58  PostgreSQL fails                 fleet: .../PostgreSQL fails, .../a backend ends in mid-transaction; TestAMinuteOfEverything
//	59  lost answers to COMMIT           fleet: .../PostgreSQL fails; app.TestALostAnswerToCommitIsResolved (FIN, RST, a part)
//	60  PostgreSQL stalls                fleet: .../PostgreSQL stalls; pg.TestASilentServerCostsNoMoreThanTheCallersTime
//	61  53300, 25006, 53100              fleet: .../PostgreSQL refuses; app.TestAStoreOutOfReachIsUnavailable
//	62  kill -9                          fleet: .../a sender is killed, .../a receiver is killed; TestAMinuteOfEverything
//	63  one process after the other      fleet: .../a rolling restart; a previous release does not exist yet
//	64  migrations                       cmd.TestMigrateUpDownRedoStatus (two at once), cmd.TestAKilledMigrationGoesOn
//	65  50,000 rows missed               fleet: .../a client that was away; app.TestCursorsThatCannotBeServed
//
// Of 61, read-only is a standby, which refuses the transactions of lib/pq with 0A000 before a statement
// could be refused with 25006; default_transaction_read_only does not hold them up, since they begin READ WRITE. Of 64, no
// migration builds an index concurrently, so none can be left invalid; cmd.TestAKilledMigrationGoesOn looks for one anyway.

// TestFaults makes each fault alone and checks the whole answer and the state after it. Clients and Redis have a fleet of
// their own, PostgreSQL and processes that end another.
func TestFaults(t *testing.T) {
	toxics.Register("halve_commit", new(halveCommit))
	toxics.Register("stall", new(stall))
	dir := newDir(t)
	binary, err := build(t.Context(), dir, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Run("clients and Redis", func(t *testing.T) {
		t.Parallel()
		s := newScene(t, binary)
		s.run("what clients leave behind", leavesNothing)
		s.run("with Redis", func(s *scene) {
			s.beside("fields of other roles", fieldsOfOtherRoles)
			s.beside("a removal", func(s *scene) { removalEndsStreams(s, time.Second) })
			s.beside("sessions end", func(s *scene) { sessionsEnd(s, time.Second) })
			s.beside("a hundred senders", hundredSenders)
			s.beside("a client that was away", awayForLong)
			s.beside("readers that do not read", readersThatDoNotRead)
		})
		s.run("a drain", drains)
		s.run("without Redis", func(s *scene) {
			s.redis.Kill()
			s.t.Cleanup(func() { s.must(s.redis.Restart()) })
			s.beside("a removal", func(s *scene) { removalEndsStreams(s, 3*time.Second) })
			s.beside("sessions end", func(s *scene) { sessionsEnd(s, 3*time.Second) })
			s.beside("readers that do not read", readersThatDoNotRead)
		})
		s.run("a drain without Redis", func(s *scene) {
			s.redis.Kill()
			s.t.Cleanup(func() { s.must(s.redis.Restart()) })
			drains(s)
		})
		s.run("a start without Redis", startsWithoutRedis)
		s.run("Redis fails", redisFails)
	})
	t.Run("PostgreSQL and processes", func(t *testing.T) {
		t.Parallel()
		s := newScene(t, binary)
		s.run("a sender is killed", senderIsKilled)
		s.run("a receiver is killed", receiverIsKilled)
		s.run("a rolling restart", rollingRestart)
		s.run("PostgreSQL fails", postgresFails)
		s.run("a backend ends in mid-transaction", backendEnds)
		s.run("PostgreSQL refuses", postgresRefuses)
		s.run("PostgreSQL stalls", postgresStalls)
	})
}

// scene is a fleet that a test breaks, and mends before it ends.
type scene struct {
	*fleet
	t     *testing.T
	db    *sql.DB       // PostgreSQL, past the proxy
	names *atomic.Int64 // how many were given
}

func newScene(t *testing.T, binary string) *scene {
	t.Helper()
	f, err := newFleet(t.Context(), newDir(t), binary, kind{})
	if err != nil {
		t.Fatal(err)
	}
	db, err := f.openDatabase()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = db.Close()
		if err := f.stop(); err != nil {
			t.Error(err)
		}
		for _, p := range f.processes {
			if t.Failed() {
				t.Logf("%s said last: %s", p.name, p.lastWords())
			}
		}
	})
	return &scene{fleet: f, t: t, db: db, names: new(atomic.Int64)}
}

// run makes one fault after the ones before, and looks whether every process has borne it.
func (s *scene) run(name string, test func(*scene)) {
	borne := s.t.Run(name, func(t *testing.T) {
		here := *s
		here.t = t
		test(&here)
	})
	s.must(s.hasDied())
	if !borne {
		s.t.FailNow() // the fleet may be left broken
	}
}

// beside makes one fault beside its siblings.
func (s *scene) beside(name string, test func(*scene)) {
	s.t.Run(name, func(t *testing.T) {
		t.Parallel()
		here := *s
		here.t = t
		test(&here)
	})
}

// must stops the test on an error.
func (s *scene) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// until waits until something holds, at most so long, and gives the time that it took.
func (s *scene) until(patience time.Duration, what string, holds func() bool) time.Duration {
	s.t.Helper()
	began := time.Now()
	for !holds() {
		if time.Since(began) > patience {
			s.t.Fatalf("within %s there was not: %s", patience, what)
		}
		pause(s.t.Context(), 5*time.Millisecond)
	}
	return time.Since(began)
}

// metric reads a metric of a process, which has to answer.
func (s *scene) metric(p *process, name string) float64 {
	s.t.Helper()
	value, err := p.metric(s.t.Context(), name)
	s.must(err)
	return value
}

// do runs SQL past the product.
func (s *scene) do(statement string, args ...any) {
	s.t.Helper()
	if _, err := s.db.ExecContext(s.t.Context(), statement, args...); err != nil {
		s.t.Fatalf("%s: %v", statement, err)
	}
}

// count reads a number past the product.
func (s *scene) count(query string, args ...any) int64 {
	s.t.Helper()
	var n int64
	if err := s.db.QueryRowContext(s.t.Context(), query, args...).Scan(&n); err != nil {
		s.t.Fatalf("%s: %v", query, err)
	}
	return n
}

// users makes people, who are signed in.
func (s *scene) users(count int) []string {
	s.t.Helper()
	var ids []string
	for range count {
		n := s.names.Add(1)
		a, err := s.client.signUp(s.t.Context(), s.of("user")[n%2], fmt.Sprint("somebody-", n))
		s.must(err)
		s.must(s.client.signIn(s.t.Context(), s.of("user")[n%2], a))
		ids = append(ids, a.id)
	}
	return ids
}

// many is users for those who are only there to be many.
func (s *scene) many(count int) []string {
	s.t.Helper()
	ids, err := s.crowd(s.t.Context(), count)
	s.must(err)
	return ids
}

// chat makes a chat of people; the first of them has made it.
func (s *scene) chat(people ...string) string {
	s.t.Helper()
	var out struct{ CreateChat struct{ ID string } }
	s.must(s.client.call(s.t.Context(), s.of("sender")[0], people[0],
		`mutation($p: [String!]!) { createChat(createChatInput: {name: "group", participantIds: $p}) { id } }`, vars{"p": people}, &out))
	return out.CreateChat.ID
}

// sent is a message as its sender is answered.
type sent struct {
	ID  string
	Seq int64
}

const sendDocument = `mutation($c: String!, $t: String!, $k: ID) { createMessage(createMessageInput: {chatId: $c, content: $t, clientMessageId: $k}) { id seq } }`

// trySend sends a message; an empty key is none.
func (s *scene) trySend(p *process, user, chat, text, key string) (sent, error) {
	v := vars{"c": chat, "t": text}
	if key != "" {
		v["k"] = key
	}
	var out struct{ CreateMessage sent }
	err := s.client.call(s.t.Context(), p, user, sendDocument, v, &out)
	return out.CreateMessage, err
}

func (s *scene) send(p *process, user, chat, text string) sent {
	s.t.Helper()
	m, err := s.trySend(p, user, chat, text, "")
	s.must(err)
	return m
}

// insist sends a message as a client does, with a key and again after an answer that leaves it open.
func (s *scene) insist(p *process, user, chat, text string) error {
	key := fmt.Sprint("key-", s.names.Add(1))
	for try := 0; ; try++ {
		_, err := s.trySend(p, user, chat, text, key)
		if err == nil || try == 3 || codeOf(err) != "UNAVAILABLE" {
			return err
		}
	}
}

// flow sends as many messages of a size from both senders, many at a time.
func (s *scene) flow(user, chat string, messages, bytes int) {
	s.t.Helper()
	text := strings.Repeat("x", bytes)
	var next atomic.Int64
	var senders sync.WaitGroup
	for n := range 32 {
		senders.Go(func() {
			for next.Add(1) <= int64(messages) {
				if err := s.insist(s.of("sender")[n%2], user, chat, text); err != nil {
					s.t.Error(err)
					return
				}
			}
		})
	}
	senders.Wait()
}

// codeOf is the code that the product has answered with; another error stands for itself.
func codeOf(err error) string {
	if r, ok := errors.AsType[*refusal](err); ok {
		return r.Extensions.Code
	}
	return fmt.Sprint(err)
}

// under lets people use the fleet for a while in which something fails, judges what they saw, and wants it delivered
// within a limit. do makes the fault once and mends it.
func (s *scene) under(name string, lasts, limit time.Duration, do func(ctx context.Context) error) trace.Report {
	s.t.Helper()
	p := normal(1, lasts)
	p.rooms, p.writers, p.readers, p.think, p.quiet = 2, 6, 4, 40*time.Millisecond, time.Second
	done := false
	p.faults = []fault{{name, 0, func(ctx context.Context, s *strike) (string, func() error, error) {
		target := "everything"
		if strings.HasPrefix(name, "PostgreSQL") {
			target = trace.Postgres // what has to wait for it is not late
		}
		if !s.take(target) || done {
			return "", nil, errBusy
		}
		for s.ops.Load() < 50 { // everybody is there
			pause(ctx, 10*time.Millisecond)
		}
		done = true
		return target, nil, do(ctx)
	}}}
	entries, err := execute(s.t.Context(), s.fleet, p)
	if err != nil {
		s.t.Errorf("%s: %v", name, err)
	}
	report := trace.Check(entries)
	d := report.Delays[name]
	s.t.Logf("%s: %d sends, %d deliveries, %d calls of unknown outcome; delays p50 %.1f ms, p99 %.1f ms, max %.1f ms", name,
		report.Sends, report.Deliveries, report.Unknown, ms(d.P50), ms(d.P99), ms(d.Max))
	if len(report.Violations) > 0 {
		print(s.t.Output(), 1, report)
		s.t.Errorf("%s: %d promises were broken", name, len(report.Violations))
	}
	if !done || report.Sends < 20 || d.Count < 50 {
		s.t.Errorf("%s: %d sends and %d deliveries during the fault are too few to judge by", name, report.Sends, d.Count)
	}
	if d.Max > limit {
		s.t.Errorf("%s: a delivery took %s, want at most %s", name, d.Max, limit)
	}
	return report
}
