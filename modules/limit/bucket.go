package limit

// mostDoublings is far beyond any Longest, and far from overflow.
const mostDoublings = 20

// bucket is the state of one key by the generic cell rate algorithm: the moment at which it is full again says how many
// tokens are in it. Times are microseconds. The script of remote.go is the same in Lua: they change together.
type bucket struct {
	full int64
	dry  int // how often the last token has gone, where the wait grows
}

// take takes what cost says, or nothing: then wait says when it could. A cost beyond the burst is that of all tokens.
func (b *bucket) take(now int64, m measures, cost int) (wait int64) {
	debt := b.debt(now, m) + min(int64(cost)*m.every, m.whole)
	if debt > m.whole {
		return debt - m.whole
	}
	if m.longest > 0 && m.whole-debt < m.every {
		debt += m.extra(b.dry)
		b.dry = min(b.dry+1, mostDoublings)
	}
	b.full = now + debt
	return 0
}

// give puts tokens back, and where the last one was among them what the wait has grown by.
func (b *bucket) give(now int64, m measures, cost int) {
	debt := b.debt(now, m)
	if b.dry > 0 && m.whole-debt < m.every {
		b.dry--
		debt -= m.extra(b.dry)
	}
	b.full = now + max(debt-int64(cost)*m.every, 0)
}

// debt is how long the bucket takes to be full. A clock that was set back, or a rate that was changed, makes it no longer
// than it can be.
func (b *bucket) debt(now int64, m measures) int64 {
	return min(max(b.full-now, 0), m.whole+max(m.longest-m.every, 0))
}

// extra is what the last token costs beyond its own time when it goes for the n-th time, counted from 0.
func (m measures) extra(n int) int64 {
	return max(min(m.every<<n, m.longest)-m.every, 0)
}
