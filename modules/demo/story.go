package demo

import (
	"math/rand/v2"
	"slices"
	"time"

	"chat/modules/history"
	"chat/modules/id"
)

const (
	day  = 24 * time.Hour
	week = 7 * day
)

// story is a chat with everything that happened in it.
type story struct {
	plan
	description string
	createdAt   time.Time
	updatedAt   time.Time
	members     []*member
	messages    []*message
	log         []event
	moves       []move
}

// member is a membership.
type member struct {
	id           id.Member
	user         id.User
	joinedSeq    int64
	joinedNumber int64
	joinedAt     time.Time
	leftSeq      int64 // 0: it lasts
	leftAt       time.Time

	read   int64 // how far it has read
	readAt time.Time
}

func (m *member) isIn() bool { return m.leftSeq == 0 }

// message is one as its last change left it.
type message struct {
	id        id.Message
	seq       int64
	number    int64
	version   int64
	sender    id.User
	content   string
	createdAt time.Time
	editedAt  *time.Time
	deletedAt *time.Time
}

// event is a row of the chat's log.
type event struct {
	kind    history.Kind
	subject id.Any
	actor   id.User
	at      time.Time
}

// move is a row of the chat's read log.
type move struct {
	user     id.User
	from, to int64
	at       time.Time
}

// act is something that somebody is about to do. What has become impossible by then is not done.
type act struct {
	at      time.Time
	kind    history.Kind
	user    id.User  // who does it; of MemberAdded who comes
	message *message // of MessageAdded and what changes it
	talk    int      // the conversation that a MessageAdded belongs to
}

const none = -1

// tell makes up what happens in a chat until a moment.
func (l language) tell(s Sizes, p plan, until time.Time) *story {
	r := chance(s.Seed, uint64(p.n)+2) // #nosec G115 -- never negative
	begin := until.Add(-time.Duration(s.Weeks) * week)
	if p.n > 0 { // not all chats are as old
		begin = begin.Add(time.Duration(r.Float64() * float64(until.Sub(begin)) / 2))
	}
	t := &story{plan: p, createdAt: begin, updatedAt: begin}
	acts := l.talk(r, t, until)
	third := until.Sub(begin) / 3
	if comes := p.comes(); !comes.IsZero() {
		acts = append(acts, act{at: begin.Add(third / 2), kind: history.ChatUpdated, user: p.members[0], talk: none},
			act{at: begin.Add(third), kind: history.MemberAdded, user: comes, talk: none})
	}
	if goes := p.goes(); !goes.IsZero() {
		acts = append(acts, act{at: begin.Add(2 * third), kind: history.MemberRemoved, user: goes, talk: none})
	}
	for _, user := range p.members {
		if user != p.comes() {
			t.join(user, begin)
		}
	}
	slices.SortStableFunc(acts, func(a, b act) int { return a.at.Compare(b.at) })
	talks := t.happen(acts)
	t.beRead(r, talks, until)
	return t
}

// talk lets people have conversations, as many as make the messages of the plan. One comes again when all others were had.
func (l language) talk(r *rand.Rand, t *story, until time.Time) []act {
	var scripts [][]line
	var order []int
	for messages := 0; messages < t.plan.messages; messages += len(scripts[len(scripts)-1]) {
		if len(order) == 0 {
			order = r.Perm(len(l.conversations))
		}
		scripts, order = append(scripts, l.conversations[order[0]]), order[1:]
	}
	begins := make([]time.Time, len(scripts))
	for n := range begins {
		begins[n] = t.someTime(r, until)
	}
	slices.SortFunc(begins, time.Time.Compare)
	var acts []act
	number := 0
	for talk, script := range scripts {
		at := begins[talk]
		speakers := r.Perm(len(t.plan.members))
		for _, line := range script[:min(len(script), t.plan.messages-number)] {
			number++
			sender := t.plan.members[speakers[line.speaker%len(speakers)]]
			m := &message{id: named[id.Message]("message %d of %s", number, t.id), sender: sender, content: l.fill(r, line.text)}
			acts = append(acts, act{at: at, kind: history.MessageAdded, user: sender, message: m, talk: talk})
			acts = append(acts, secondThought(r, m, at, until)...)
			at = at.Add(time.Duration(3+r.IntN(90)) * time.Second)
		}
	}
	return acts
}

// secondThought makes a few senders edit or delete what they have sent a moment before.
func secondThought(r *rand.Rand, m *message, sent, until time.Time) []act {
	a := act{at: sent.Add(time.Duration(20+r.IntN(100)) * time.Second), user: m.sender, message: m, talk: none}
	switch chance := r.IntN(100); {
	case chance >= 3 || !a.at.Before(until):
		return nil
	case chance < 2:
		a.kind = history.MessageUpdated
	default:
		a.kind = history.MessageDeleted
	}
	return []act{a}
}

// longest is more than a conversation takes, and the pauses that others make.
const longest = 15 * time.Minute

// someTime is when a conversation may begin: at random, and mostly not at night for whoever looks at it in the afternoon.
func (t *story) someTime(r *rand.Rand, until time.Time) time.Time {
	span := float64(until.Sub(t.createdAt) - longest)
	before := time.Duration(r.Float64() * span)
	for before%day > 9*time.Hour && before%day < 17*time.Hour && r.IntN(12) > 0 {
		before = time.Duration(r.Float64() * span)
	}
	return until.Add(-longest - before).Truncate(time.Second)
}

func (t *story) join(user id.User, at time.Time) {
	t.members = append(t.members, &member{
		id: named[id.Member]("%s in %s", user, t.id), user: user, joinedSeq: t.seq(), joinedNumber: t.number(), joinedAt: at, read: t.number(),
	})
}

func (t *story) seq() int64    { return int64(len(t.log)) }
func (t *story) number() int64 { return int64(len(t.messages)) }

func (t *story) current(user id.User) *member {
	for _, m := range t.members {
		if m.user == user && m.isIn() {
			return m
		}
	}
	return nil
}

// talked is where a conversation ended.
type talked struct {
	number int64
	at     time.Time
	by     id.User
}

// happen does what people are about to do, in order, and gives what was said last in each conversation. Times of the log are
// never before those above them.
func (t *story) happen(acts []act) []talked {
	var talks []talked
	last := t.createdAt
	for n, a := range acts {
		if a.at.Before(last) {
			a.at = last
		}
		switch {
		case a.kind == history.MessageAdded && t.current(a.user) == nil:
			a.user = t.members[0].user // who made the chat is always there
			a.message.sender = a.user
		case a.kind != history.MemberAdded && t.current(a.user) == nil:
			continue
		}
		last = a.at
		t.do(a)
		if a.kind == history.MessageAdded && (n+1 == len(acts) || acts[n+1].talk != a.talk) {
			talks = append(talks, talked{t.number(), a.at, a.user})
		}
	}
	return talks
}

func (t *story) do(a act) {
	e := event{kind: a.kind, actor: a.user, at: a.at}
	next := t.seq() + 1
	switch a.kind {
	case history.MessageAdded:
		a.message.seq, a.message.version, a.message.number, a.message.createdAt = next, next, t.number()+1, a.at
		t.messages = append(t.messages, a.message)
		e.subject = id.Any(a.message.id)
	case history.MessageUpdated:
		a.message.version, a.message.editedAt = next, &a.at
		a.message.content += " (corrected)"
		e.subject = id.Any(a.message.id)
	case history.MessageDeleted:
		a.message.version, a.message.deletedAt, a.message.content = next, &a.at, ""
		e.subject = id.Any(a.message.id)
	case history.MemberAdded:
		e.subject, e.actor = id.Any(a.user), t.members[0].user
	case history.MemberRemoved:
		m := t.current(a.user)
		m.leftSeq, m.leftAt = next, a.at
		e.subject = id.Any(a.user)
	case history.ChatUpdated:
		t.description = "Everything about " + t.name
		e.subject = id.Any(t.id)
	}
	t.log = append(t.log, e)
	if a.kind == history.MemberAdded {
		t.join(a.user, a.at)
	}
	if a.kind != history.MessageUpdated && a.kind != history.MessageDeleted {
		t.updatedAt = a.at
	}
}

// beRead lets members read: after a conversation some, who are more of the whole in a small chat, and most in the end.
func (t *story) beRead(r *rand.Rand, talks []talked, until time.Time) {
	type reading struct {
		member *member
		to     int64
		at     time.Time
	}
	var readings []reading
	often := min(0.7, 3/float64(len(t.members)))
	for n, talk := range talks {
		for _, m := range t.members {
			isLast := n == len(talks)-1
			reads := m.user == talk.by || r.Float64() < often || isLast && r.Float64() < 0.7
			at := talk.at.Add(time.Duration(2+r.IntN(600)) * time.Second)
			if reads && at.Before(until) && !at.Before(m.joinedAt) && (m.isIn() || at.Before(m.leftAt)) {
				readings = append(readings, reading{m, talk.number, at})
			}
		}
	}
	slices.SortStableFunc(readings, func(a, b reading) int { return a.at.Compare(b.at) })
	for _, x := range readings {
		if x.to > x.member.read {
			t.moves = append(t.moves, move{x.member.user, x.member.read, x.to, x.at})
			x.member.read, x.member.readAt = x.to, x.at
		}
	}
}
