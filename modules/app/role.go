package app

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"chat/schema"
)

// Role is what a process serves.
type Role string

// The roles. All is the union of the others, and the browser UI.
const (
	User     Role = "user"
	Sender   Role = "sender"
	Receiver Role = "receiver"
	All      Role = "all"
)

// Roles lists the roles as --role takes them.
func Roles() []Role { return []Role{User, Sender, Receiver, All} }

// keep is the root fields of a role, by the file of their feature.
func (r Role) keep() schema.Keep {
	keep := map[Role]schema.Keep{
		User:     {"user": {ast.Query, ast.Mutation}},
		Sender:   {"chat": {ast.Mutation}, "read": {ast.Mutation}},
		Receiver: {"chat": {ast.Query, ast.Subscription}, "read": {ast.Query, ast.Subscription}},
	}
	keep[All] = schema.Keep{}
	for _, part := range []Role{User, Sender, Receiver} {
		for feature, roots := range keep[part] {
			keep[All][feature] = append(keep[All][feature], roots...)
		}
	}
	return keep[r]
}

// Port is where a role listens unless told otherwise.
func (r Role) Port() int {
	return map[Role]int{User: 4001, Sender: 4002, Receiver: 4005, All: 4000}[r]
}

func (r Role) signsIn() bool { return r == User || r == All }

func (r Role) writes() bool { return r == Sender || r == All }

func (r Role) delivers() bool { return r == Receiver || r == All }

// SDL is the schema that a role serves. Errors: a role that does not exist.
func SDL(role string) (string, error) {
	r, err := ParseRole(role)
	if err != nil {
		return "", err
	}
	return schema.Compose(r.keep())
}

// ParseRole reads a role's name. Its error says which there are.
func ParseRole(name string) (Role, error) {
	if slices.Contains(Roles(), Role(name)) {
		return Role(name), nil
	}
	var names []string
	for _, r := range Roles() {
		names = append(names, string(r))
	}
	return "", fmt.Errorf("there is no role %q; the roles are %s", name, strings.Join(names, ", "))
}

// elsewhere names, for each root field that a role does not serve, the role that does.
func (r Role) elsewhere() (map[string]string, error) {
	mine, err := schema.Roots(r.keep())
	if err != nil {
		return nil, err
	}
	fields := map[string]string{}
	for _, other := range []Role{User, Sender, Receiver} {
		theirs, err := schema.Roots(other.keep())
		if err != nil {
			return nil, err
		}
		for _, field := range theirs {
			fields[field] = string(other)
		}
	}
	maps.DeleteFunc(fields, func(field, _ string) bool { return slices.Contains(mine, field) })
	return fields, nil
}
