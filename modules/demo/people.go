package demo

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"

	"chat/modules/id"
	"chat/modules/user"
)

// Domain ends the addresses of all demos; nobody can have it. Source: RFC 2606, 2.
const Domain = "demo.example"

// people are those of a demo. A demo with more of them has these first.
func (l language) people(s Sizes, until time.Time) []user.Person {
	r := chance(s.Seed, 0)
	first, last := l.words["first"], l.words["last"]
	pairs := r.Perm(len(first) * len(last))
	all := make([]user.Person, s.People)
	for n := range all {
		pair := pairs[n]
		given, family := first[pair%len(first)], last[pair/len(first)]
		name := plain(given) + "." + plain(family)
		if s.Seed != Defaults().Seed { // other demos have other people
			name += fmt.Sprint(".", s.Seed)
		}
		age := time.Duration(s.Weeks)*week + time.Duration(n)*time.Minute
		all[n] = user.Person{
			ID: personID(s, n), Name: name, Email: name + "@" + Domain, DisplayName: given + " " + family, Since: until.Add(-age),
		}
	}
	return all
}

func personID(s Sizes, n int) id.User { return named[id.User]("person %d of %d", n, s.Seed) }

// plain is a name in the letters that every keyboard has.
func plain(name string) string {
	stripped, _, _ := transform.String(transform.Chain(norm.NFD, runes.Remove(runes.In(unicode.Mn)), norm.NFC), name) // of valid text
	return strings.ToLower(strings.NewReplacer("'", "", "ø", "o", "ł", "l").Replace(stripped))
}
