package id

import (
	"encoding/json"
	"testing"
)

// TestText: an id reads back from the text that it writes, alone, in JSON and in an SQL array; the zero id is no text there.
func TestText(t *testing.T) {
	for _, text := range []string{"0199cafe-0123-7456-89ab-cdef01234567", "ffffffff-ffff-ffff-ffff-ffffffffffff", ""} {
		i := Parse[Chat](text)
		if got := i.String(); got != text {
			t.Errorf("String of %q: %q", text, got)
		}
		if got, err := json.Marshal(i); err != nil || string(got) != `"`+text+`"` {
			t.Errorf("JSON of %q: %s, %v", text, got, err)
		}
	}
	one := "0199cafe-0123-7456-89ab-cdef01234567"
	list := List[Chat]{Parse[Chat](one), {}, Parse[Chat](one)}
	if got, err := list.Value(); err != nil || got != "{"+one+",NULL,"+one+"}" {
		t.Errorf("an array: %v, %v", got, err)
	}
	if a, b := Parse[Chat]("0199cafe-0123-7456-89ab-cdef01234567"), Parse[Chat]("ff99cafe-0123-7456-89ab-cdef01234567"); a.Compare(b) != -1 || b.Compare(a) != 1 || a.Compare(a) != 0 {
		t.Error("ids are not in the order of their bytes")
	}
}
