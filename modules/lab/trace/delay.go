package trace

import "time"

// Overdue is more than a delivery may take while PostgreSQL, the receiver and the subscriber are well: a sweep after one
// second finds what no hint has brought, another second is for reading it, and a third for a machine that is busy.
const Overdue = 3 * time.Second

// Postgres is the target of the faults of PostgreSQL.
const Postgres = "postgres"

const forever = time.Duration(1<<63 - 1)

// ills are the times in which PostgreSQL, a process or a subscriber was not well, and those that each needs to recover.
type ills map[string][]span

type span struct{ from, to time.Duration }

func (r *run) findIlls() ills {
	all, begun := ills{}, map[string]time.Duration{}
	end := func(name string, at time.Duration) {
		if spans := all[name]; len(spans) > 0 {
			spans[len(spans)-1].to = at + aftermath
		}
	}
	for _, e := range r.entries {
		switch {
		case e.Kind == Fault && e.Target == "":
			begun[e.Fault] = e.At
		case e.Kind == Fault:
			from, ok := begun[e.Fault]
			if !ok {
				from = e.At
			}
			all[e.Target] = append(all[e.Target], span{from, forever})
		case e.Kind == Heal:
			end(e.Target, e.At)
		case e.Kind == Pause:
			all[e.Subscriber] = append(all[e.Subscriber], span{e.At, forever})
		case e.Kind == Resume:
			end(e.Subscriber, e.At)
		}
	}
	return all
}

// wellSince is since when, at the end of a time, all of these had been well; the beginning, where it was all the time.
func (i ills) wellSince(from, to time.Duration, names ...string) time.Duration {
	since := from
	for _, name := range names {
		for _, ill := range i[name] {
			if ill.from < to {
				since = max(since, ill.to)
			}
		}
	}
	return since
}
