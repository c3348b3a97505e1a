package gql

import (
	"encoding/json"
	"net/http"
)

// WriteError answers a request that never became an operation: a status, and the error as GraphQL clients read it.
func WriteError(w http.ResponseWriter, status int, err *Error) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"errors": []*Error{err}}) // a client that is gone gets none
}
