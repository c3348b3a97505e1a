package demo

import (
	"fmt"
	"slices"

	"chat/modules/id"
)

// plan is a chat that is to be: who is in it and how much is said.
type plan struct {
	n        int // among the chats of the demo
	id       id.Chat
	name     string // "": it is direct
	members  []id.User
	messages int
}

func (p plan) isDirect() bool { return p.name == "" }

// comes and goes are somebody who is added later, and somebody who leaves; the zero id: nobody does. From everybody's chat nobody
// goes.
func (p plan) comes() id.User { return p.fromTheEnd(1, !p.isDirect()) }
func (p plan) goes() id.User  { return p.fromTheEnd(2, !p.isDirect() && p.n > 0) }

func (p plan) fromTheEnd(n int, applies bool) id.User {
	if !applies || len(p.members) < 4 {
		return id.User{}
	}
	return p.members[len(p.members)-n]
}

// remaining are the members in the end.
func (p plan) remaining() []id.User {
	return slices.DeleteFunc(slices.Clone(p.members), func(u id.User) bool { return u == p.goes() })
}

// plans are the chats of a demo, those with the most messages first. The first is everybody's, every third another group, the
// others direct; where all pairs have theirs, groups.
func (l language) plans(s Sizes) []plan {
	r := chance(s.Seed, 1)
	var all []plan
	paired := map[[2]int]bool{}
	groups := 0
	for n, messages := range shares(s.Messages, s.Chats) {
		p := plan{n: n, messages: messages, id: named[id.Chat]("chat %d of %+v", n, s)}
		members := r.Perm(s.People)
		if r.IntN(2) == 0 { // the first person, whose login is printed first, has many
			me := slices.Index(members, 0)
			members[0], members[me] = members[me], members[0]
		}
		pair := [2]int{min(members[0], members[1]), max(members[0], members[1])}
		switch {
		case n == 0:
		case n%3 == 0 || paired[pair]:
			members = members[:min(3+r.IntN(10), s.People)]
		default:
			members, paired[pair] = members[:2], true
			all = append(all, p.with(s, members))
			continue
		}
		p.name = l.fill(r, l.words["group"][groups%len(l.words["group"])])
		if round := groups / len(l.words["group"]); round > 0 {
			p.name += fmt.Sprint(" ", round+1)
		}
		groups++
		all = append(all, p.with(s, members))
	}
	return all
}

func (p plan) with(s Sizes, members []int) plan {
	for _, n := range members {
		p.members = append(p.members, personID(s, n))
	}
	return p
}

// shares spreads messages over chats: at least one each, and the more the earlier the chat stands.
func shares(messages, chats int) []int {
	shares := make([]int, chats)
	weights := 0.0
	for n := range shares {
		weights += 1 / float64(n+3)
	}
	left := messages - chats
	for n := range shares {
		more := int(float64(messages-chats) / float64(n+3) / weights)
		shares[n], left = 1+more, left-more
	}
	shares[0] += left
	slices.SortFunc(shares, func(a, b int) int { return b - a })
	return shares
}
