package app

import (
	"fmt"
	"slices"
	"testing"
)

// TestSearchForPeople looks for the beginning of a name or a display name, in any case and of any script.
func TestSearchForPeople(t *testing.T) {
	w := newWorld(t)
	for n, person := range [][2]string{
		{"ann", "Ärzte Ohne"}, {"bob", "ｗｉｄｅ Bob"}, {"carl", ""}, {"dora 100%", ""}, {"Émile", "Σίσυφος"}, {"anna", "Zoe"}, {"Groß Jan", ""}, {"Μαΐου", ""},
	} {
		w.must(w.t.Context(), nil, `mutation($n: String!, $e: String!, $d: String) { createUser(username: $n, email: $e, displayName: $d) { id } }`,
			vars{"n": person[0], "e": fmt.Sprintf("%d@x", n), "d": person[1]})
	}
	for search, want := range map[string][]string{
		"AN": {"ann", "anna"}, "ärz": {"ann"}, "ÄRZTE  ohne": {"ann"}, "wide": {"bob"}, "ΣΊΣΥΦΟΣ": {"Émile"}, "émi": {"Émile"},
		"zo": {"anna"}, "%": nil, "_": nil, "dora 100%": {"dora 100%"}, "nobody": nil,
		"gro": {"Groß Jan"}, "GROß": {"Groß Jan"}, "groß j": {"Groß Jan"}, "Μαΐου": {"Μαΐου"}, "ΜΑΪ́": {"Μαΐου"},
		"": {"ann", "anna", "bob", "carl", "dora 100%", "Groß Jan", "Émile", "Μαΐου"},
	} {
		var got struct{ Users []struct{ Username string } }
		w.must(w.t.Context(), &got, `query($s: String) { users(search: $s) { username } }`, vars{"s": search})
		var names []string
		for _, u := range got.Users {
			names = append(names, u.Username)
		}
		if !slices.Equal(names, want) {
			t.Errorf("search for %q gives %q, want %q", search, names, want)
		}
	}
}
