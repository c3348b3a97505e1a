package receiver

// outgoing is what a hub has executed and not offered yet: events that come together are offered to each follower
// together, so that they leave in one write. Most followers are shown the same, and share a bundle.
type outgoing struct {
	followers []*follower
	bytes     int // of the results, each once
}

// maxOutgoing is how many bytes of results wait for those that come with them.
const maxOutgoing = 64 << 10

// part is one result on its way into bundles.
type part struct {
	result Result
	before *bundle // what those had who got it last ...
	after  *bundle // ... and have since
}

// bundle is results in their order.
type bundle struct{ results []Result }

// add lets a follower have one more result. Results of before a setback are read again, and forgotten here.
func (o *outgoing) add(m member, p *part) {
	f := m.follower
	if f.bundle == nil {
		o.followers = append(o.followers, f)
	} else if f.as != m.turn {
		f.bundle = nil
	}
	if p.after == nil || p.before != f.bundle {
		p.before, p.after = f.bundle, f.bundle.with(p.result)
	}
	f.bundle, f.as = p.after, m.turn
}

func (b *bundle) with(r Result) *bundle {
	if b == nil {
		return &bundle{results: []Result{r}}
	}
	return &bundle{results: append(b.results[:len(b.results):len(b.results)], r)}
}

// send offers what was executed.
func (h *hub) send() {
	o := &h.outgoing
	for n, f := range o.followers {
		f.sub.offerAll(f)
		o.followers[n] = nil // it may be gone by the next time
	}
	o.followers, o.bytes = o.followers[:0], 0
}
