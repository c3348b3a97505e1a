package app

import (
	"encoding/json"
	"net/http"

	"chat/modules/id"
)

// call posts a document by whoever a token is of ("": nobody), and reads the data of its answer, which has to be a success.
func (s *served) call(token string, out any, query string, v vars) {
	s.t.Helper()
	status, body := s.post(token, query, v)
	var answer struct {
		Data   json.RawMessage
		Errors json.RawMessage
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil || status != http.StatusOK || answer.Errors != nil {
		s.t.Fatalf("%s: %d %s", query, status, body)
	}
	if out == nil {
		return
	}
	if err := json.Unmarshal(answer.Data, out); err != nil {
		s.t.Fatalf("read %s: %v", body, err)
	}
}

// post posts a document by whoever a token is of ("": nobody), and gives the status and the body.
func (s *served) post(token, query string, v vars) (int, string) {
	s.t.Helper()
	body, err := json.Marshal(vars{"query": query, "variables": v})
	if err != nil {
		s.t.Fatal(err)
	}
	header := asJSON
	if token != "" {
		header = withHeader("Authorization", "Bearer "+token)
	}
	status, _, text := s.do(http.MethodPost, "/graphql", string(body), header)
	return status, text
}

// password is that of everybody in these tests.
const password = "correct horse"

// signUp makes an account.
func (s *served) signUp(name string) id.User {
	s.t.Helper()
	var out struct{ CreateUser struct{ ID id.User } }
	s.call("", &out, `mutation($n: String!, $e: String!, $p: String!) { createUser(username: $n, email: $e, password: $p) { id } }`,
		vars{"n": name, "e": name + "@example.org", "p": password})
	return out.CreateUser.ID
}

// signIn begins a session.
func (s *served) signIn(name string) (access, refresh string) {
	s.t.Helper()
	var out struct {
		Login struct{ AccessToken, RefreshToken string }
	}
	s.call("", &out, loginDocument, vars{"n": name, "p": password})
	return out.Login.AccessToken, out.Login.RefreshToken
}

const loginDocument = `mutation($n: String!, $p: String!) { login(username: $n, password: $p) { accessToken refreshToken } }`
