package server

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Installation is what the UI's pages have to know of where they are: /config.json.
type Installation struct {
	Version string `json:"version"`
	Mode    string `json:"mode"`   // development or production
	Auth    string `json:"auth"`   // accounts or none
	Signup  string `json:"signup"` // open or closed
	// Instances are the processes of each role, as a browser reaches them.
	Instances Instances `json:"instances"`
}

// Instances are the processes that serve each role.
type Instances struct {
	User     []Instance `json:"user"`
	Sender   []Instance `json:"sender"`
	Receiver []Instance `json:"receiver"`
}

// Instance is a process, by a name for people. Its URLs are absolute, or relative to the page.
type Instance struct {
	Name    string `json:"name"`
	GraphQL string `json:"graphql"`
	Socket  string `json:"socket"` // the same, over WebSocket
	Auth    string `json:"auth"`   // where the cookie of a session is good
}

// Here is the process that serves the page, for every role.
func Here() Instances {
	here := []Instance{{Name: "Server", GraphQL: graphqlPath, Socket: graphqlPath, Auth: cookiePath}}
	return Instances{User: here, Sender: here, Receiver: here}
}

// InstanceAt is the process of an origin, like http://localhost:4001.
func InstanceAt(name string, origin *url.URL) Instance {
	socket := *origin
	socket.Scheme = strings.Replace(socket.Scheme, "http", "ws", 1)
	return Instance{
		Name: name, GraphQL: origin.JoinPath(graphqlPath).String(), Socket: socket.JoinPath(graphqlPath).String(),
		Auth: origin.JoinPath(cookiePath).String(),
	}
}

// origins are those that a page talks to beside its own, each after a space.
func (i Installation) origins() string {
	var all []string
	for _, one := range slices.Concat(i.Instances.User, i.Instances.Sender, i.Instances.Receiver) {
		for _, address := range []string{one.GraphQL, one.Socket} {
			if u, err := url.Parse(address); err == nil && u.Host != "" {
				all = append(all, " "+u.Scheme+"://"+u.Host)
			}
		}
	}
	slices.Sort(all)
	return strings.Join(slices.Compact(all), "")
}

// installation is GET /config.json.
func (s *Server) installation(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, s.config.Installation)
}
