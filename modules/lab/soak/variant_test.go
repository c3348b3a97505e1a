package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"chat/modules/lab/trace"
)

// variant is the product with one promise broken, and what it is found by.
type variant struct {
	name   string
	edits  []edit
	faults []string // what brings it to light; none where use alone does
	want   []string // kinds of violations: by one of these at least
	also   []string // that may come along
}

// edit puts other text in the place of a text that stands in a source file once.
type edit struct{ file, old, new string }

// variants break one promise each.
func variants() []variant {
	return []variant{
		{
			name: "an answer is given before COMMIT",
			edits: []edit{
				{"modules/sender/batcher.go", "hints, err = w.script.Run(ctx, tx, changes)\n", `if hints, err = w.script.Run(ctx, tx, changes); err == nil && w.script.Name == "log" {
			answer(batch, nil)
		}
`},
				{"modules/sender/batcher.go", "\tif err != nil {\n\t\treturn nil, fmt.Errorf(\"write %d", `	if err != nil && len(hints) > 0 && w.script.Name == "log" {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("write %d`},
				{"modules/sender/batcher.go", "\t\terr = fault.Doubtful(err)\n\t}\n\tp.done <- err\n", `		err = fault.Doubtful(err)
	}
	select {
	case p.done <- err:
	default:
	}
`},
			},
			faults: []string{"lose commits"},
			want:   []string{"lost", "wrong"},
			also:   []string{"unread", "differing", "numbers", "phantom", "missed"}, // what was answered may be under way when it is looked at
		},
		{
			name: "hints are given before COMMIT",
			edits: []edit{{"modules/sender/batcher.go", "hints, err = w.script.Run(ctx, tx, changes)\n", `hints, err = w.script.Run(ctx, tx, changes)
		for _, hint := range hints {
			w.bus.Publish(hint)
		}
`}},
			faults: []string{"lose commits"},
			want:   []string{"differing", "phantom"},
		},
		{
			name: "the cursor of a replay is a time",
			edits: []edit{{"modules/history/store.go", "WHERE  chat_id = p.chat_id AND seq > p.after\n",
				`WHERE  chat_id = p.chat_id AND at > coalesce(
		       (SELECT at FROM events WHERE chat_id = p.chat_id AND seq = p.after), '-infinity')
`}},
			faults: []string{"keep clients away"},
			want:   []string{"missed", "numbers"},
		},
		{
			name: "nobody looks for hints that were lost",
			edits: []edit{
				{"modules/receiver/sweep.go", "case <-timer.C:\n", "case <-timer.C:\n\t\t\tcontinue\n"},
				{"modules/receiver/sweep.go", "case <-e.missed:\n", "case <-e.missed:\n\t\t\tcontinue\n"},
			},
			faults: []string{"lose every hint", "freeze redis", "restart redis"},
			want:   []string{"delayed"},
		},
		{
			name:   "what does not fit a queue is dropped",
			edits:  []edit{{"modules/socket/queue.go", "\tf.op.refusing, q.behind = true, true\n", "\treturn true, nil\n\tf.op.refusing, q.behind = true, true\n"}},
			faults: []string{"read slowly"},
			want:   []string{"missed"},
		},
		{
			name: "a repeat is not recognised",
			edits: []edit{
				{"modules/chat/send.go", "\t\ts := c.Input.(*sending)\n\t\tids, chats", "\t\ts := c.Input.(*sending)\n\t\ts.id = id.New[id.Message]()\n\t\tids, chats"},
				{"modules/chat/send.go", "append(keys, s.key), append(hashes, s.hash)", "append(keys, nil), append(hashes, nil)"},
			},
			faults: []string{"swallow answers to commit"},
			want:   []string{"doubled"},
		},
		{
			name: "messages are written outside their transaction",
			edits: []edit{
				{"modules/app/stack.go", "db.Writers(writers)", "db.Writers(4*writers)"},
				{"modules/chat/send.go", "\ttx.Defer(insertMessages, ", "\treturn tx.Outside(insertMessages, "},
				{"modules/pg/pg.go", "// Exec runs a statement that returns no rows.\n", `// Outside is Exec without the transaction.
func (tx *Tx) Outside(statement string, args ...any) error {
	_, err := tx.db.pool.ExecContext(context.Background(), "", &bundle{calls: []call{{statement, args}}})
	return explain(err, statement)
}

// Exec runs a statement that returns no rows.
`},
			},
			faults: []string{"lose commits"},
			want:   []string{"wrong"},
			also:   []string{"differing", "numbers", "unread", "missed", "phantom", "foreign"}, // its number goes to another row as well
		},
		{
			name:  "a removal ends no subscription",
			edits: []edit{{"modules/receiver/hub.go", "return e.Kind == history.MemberRemoved && e.Seq > f.since", "return false && e.Seq > f.since"}},
			want:  []string{"foreign"},
		},
		{
			name:  "deleted messages count as unread",
			edits: []edit{{"migrations/00003_read.sql", "x.sender_id <> m.user_id AND x.deleted_at IS NULL)", "x.sender_id <> m.user_id)"}},
			want:  []string{"unread"},
		},
		{
			name: "a hub does not wait for a hint that is missing",
			edits: []edit{{"modules/receiver/hub.go", "\t\tdelete(h.ahead, h.head+1)\n", `		for seq, other := range h.ahead {
			if !ok || seq < e.Seq {
				e, ok = other, true
			}
		}
		delete(h.ahead, e.Seq)
`}},
			faults: []string{"lose every third hint"},
			want:   []string{"missed"},
			also:   []string{"foreign"}, // what is missed may be a removal
		},
		{
			name:   "who was behind goes on one row late",
			edits:  []edit{{"modules/receiver/subscription.go", "f.setBack(seq - 1)\n\tf.owes", "f.setBack(seq)\n\tf.owes"}},
			faults: []string{"read slowly"},
			want:   []string{"missed"},
		},
		{
			name:   "a socket outlives its session",
			edits:  []edit{{"modules/identity/sessions.go", "func() { cancel(ErrEnded) }", "func() { _ = cancel }"}},
			faults: []string{"log out", "log out everywhere"},
			want:   []string{"outlived", "leaked"},
		},
		{
			name:   "nobody looks whether sessions go on",
			edits:  []edit{{"modules/identity/sessions.go", "\t\t\ts.end(session)\n", "\t\t\t_ = session\n"}},
			faults: []string{"revoke a session", "change a password"},
			want:   []string{"outlived", "leaked"},
		},
		{
			name:  "a refresh token that comes again was stolen",
			edits: []edit{{"modules/user/session.go", "graceSeconds = 10 ", "graceSeconds = 0 "}},
			want:  []string{"refused"},
		},
	}
}

// TestBadProductsAreFound builds every variant and lets people use it under the faults that are aimed at it.
func TestBadProductsAreFound(t *testing.T) {
	for _, v := range variants() {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			dir := newDir(t)
			binary, err := build(t.Context(), dir, overlay(t, dir, v.edits))
			if err != nil {
				t.Fatal(err)
			}
			report, err := hunt(t, dir, binary, choose(t, v.faults...), within)
			if len(report.Violations) == 0 {
				t.Fatalf("not found within %s: %v", within, err)
			}
			isWanted := func(kind string) bool { return slices.Contains(v.want, kind) }
			isOther := func(kind string) bool { return !isWanted(kind) && !slices.Contains(v.also, kind) }
			if found := kindsOf(report); !slices.ContainsFunc(found, isWanted) || slices.ContainsFunc(found, isOther) {
				print(t.Output(), 0, report)
				t.Errorf("found by %v, want %v", found, v.want)
			}
		})
	}
}

// TestTheGoodProductPasses what the bad ones do not: the same use, and every fault that is aimed at one of them.
func TestTheGoodProductPasses(t *testing.T) {
	dir := newDir(t)
	binary, err := build(t.Context(), dir, "")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, v := range variants() {
		names = append(names, v.faults...)
	}
	slices.Sort(names)
	report, err := hunt(t, dir, binary, choose(t, slices.Compact(names)...), 4*roundTime)
	if err != nil || len(report.Violations) > 0 {
		print(t.Output(), 0, report)
		t.Errorf("%d promises were broken: %v", len(report.Violations), err)
	}
}

const (
	within    = time.Minute     // in which a variant must be found
	roundTime = 5 * time.Second // of use and faults, before what came of it is judged
)

// hunt has a fleet used in short rounds until a promise is broken or the time is over, and gives the last judgement. A
// round's error is no end: what is acknowledged and not there may fail a call before it is found.
func hunt(t *testing.T, dir, binary string, faults []fault, lasts time.Duration) (report trace.Report, err error) {
	t.Helper()
	f, err := newFleet(t.Context(), dir, binary, kind{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := f.stop(); err != nil {
			t.Error(err)
		}
	}()
	began := time.Now()
	for seed := uint64(1); time.Since(began) < lasts && len(report.Violations) == 0; seed++ {
		entries, failed := execute(t.Context(), f, aimed(seed, faults))
		report, err = trace.Check(entries), errors.Join(err, failed)
	}
	t.Logf("%d violations %v after %.1f s, in the last round %d sends and %d deliveries",
		len(report.Violations), kindsOf(report), time.Since(began).Seconds(), report.Sends, report.Deliveries)
	return report, err
}

// aimed is a round of more use and more faults than people make.
func aimed(seed uint64, faults []fault) plan {
	return plan{
		seed: seed, lasts: roundTime, quiet: 300 * time.Millisecond, think: 5 * time.Millisecond, refresh: 2 * time.Second, faults: faults,
		rooms: 2, writers: 16, readers: 6, patience: roundTime,
	}
}

// choose gives the faults of these names.
func choose(t *testing.T, names ...string) []fault {
	t.Helper()
	all := allFaults()
	var chosen []fault
	for _, name := range names {
		n := slices.IndexFunc(all, func(f fault) bool { return f.name == name })
		if n < 0 {
			t.Fatalf("there is no fault %q", name)
		}
		chosen = append(chosen, all[n])
	}
	return chosen
}

func kindsOf(r trace.Report) []string {
	var found []string
	for _, v := range r.Violations {
		found = append(found, v.Kind)
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// overlay writes the changed sources and gives the file that names them to the build.
func overlay(t *testing.T, dir string, edits []edit) string {
	t.Helper()
	sources := map[string]string{}
	for _, e := range edits {
		path, err := filepath.Abs(filepath.Join("../../..", e.file))
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := sources[path]; !ok {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			sources[path] = string(text)
		}
		if n := strings.Count(sources[path], e.old); n != 1 {
			t.Fatalf("%s has %d times what is to be replaced, want once; has the code moved on? Then so must the variant:\n%s", e.file, n, e.old)
		}
		sources[path] = strings.Replace(sources[path], e.old, e.new, 1)
	}
	replaced := map[string]string{}
	for path, text := range sources {
		replaced[path] = filepath.Join(dir, strings.ReplaceAll(strings.Trim(path, "/"), "/", "-"))
		if err := os.WriteFile(replaced[path], []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := json.Marshal(map[string]any{"Replace": replaced})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}
