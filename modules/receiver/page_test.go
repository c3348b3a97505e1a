package receiver

import "testing"

// TestAPageKeepsLittleOfWhatItShowed: whoever comes later finds what there is room for, and executes the rest.
func TestAPageKeepsLittleOfWhatItShowed(t *testing.T) {
	p := &page{results: map[resultKey]*result{}}
	for seq, length := range []int{100, maxShown, maxShown - 200, 101, 100} {
		r := &result{payload: make([]byte, length)}
		key := resultKey{seq: int64(seq)}
		p.results[key] = r
		p.keep(key, r)
		if kept, want := p.results[key] != nil, seq != 1 && seq != 3; kept != want {
			t.Errorf("result %d of %d bytes: kept %t, want %t", seq, length, kept, want)
		}
	}
}
