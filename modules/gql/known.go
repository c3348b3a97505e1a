package gql

import "sync"

const (
	maxKnown      = 1_000 // documents
	maxKnownBytes = 4_000 // of one of them: a parsed document is some ten times its text
)

// known keeps documents that passed the limits. It holds no variables. When it is full it begins anew: clients that work
// with a few documents, as programs do, are found again at once.
type known struct {
	mu   sync.RWMutex
	docs map[knownKey]*Document
}

type knownKey struct{ query, operation string }

// find gives the document of a request, with the request's variables, or nil.
func (k *known) find(req Request) *Document {
	k.mu.RLock()
	doc := k.docs[knownKey{req.Query, req.OperationName}]
	k.mu.RUnlock()
	if doc == nil {
		return nil
	}
	req.Query = doc.Query
	return &Document{
		Request: req, Operation: doc.Operation, Roots: doc.Roots, Calls: doc.Calls, Source: doc.Source, Memo: doc.Memo,
	}
}

func (k *known) keep(req Request, doc *Document) {
	if len(req.Query) > maxKnownBytes {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.docs == nil || len(k.docs) >= maxKnown {
		k.docs = map[knownKey]*Document{}
	}
	stored := *doc
	stored.Variables = nil
	k.docs[knownKey{req.Query, req.OperationName}] = &stored
}
