package receiver

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"chat/modules/gql"
)

// placed gives errors about a subscription's document their places in what the caller has sent, which is not what was executed. It
// asks again where they stand; where that cannot be said they have none.
func (e *Engine) placed(ctx context.Context, doc *gql.Document, errs []*gql.Error) []*gql.Error {
	if !slices.ContainsFunc(errs, func(err *gql.Error) bool { return len(err.Locations) > 0 }) {
		return errs
	}
	if query := asQuery(doc); query != "" {
		if res := e.exec.Run(ctx, query, "", doc.Variables); !res.Started {
			return res.Errors
		}
	}
	for _, err := range errs {
		err.Locations = nil
	}
	return errs
}

// asQuery is a subscription as a query in which everything stands where it did; "" for one of several operations.
func asQuery(doc *gql.Document) string {
	const was, is = "subscription", "query       "
	if len(doc.Source.Operations) != 1 {
		return ""
	}
	at := 0
	for range doc.Operation.Position.Start { // in characters
		_, width := utf8.DecodeRuneInString(doc.Query[at:])
		at += width
	}
	rest, isThere := strings.CutPrefix(doc.Query[at:], was)
	if !isThere {
		return ""
	}
	return doc.Query[:at] + is + rest
}
